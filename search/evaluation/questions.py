"""Questions whose documents or answers are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from search.evaluation.errors import SetError


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known about its answer."""

    id: str
    text: str
    relevant: Mapping[str, int] = field(default_factory=dict)
    """Documents that answer it, by name, with their grades; 0 is judged and found to be beside the point."""
    answers: Sequence[str] = ()
    """Right answers, any of which will do."""
    unanswerable: bool = False
    """The documents do not say, so that a good answer says just that."""
    place: str = ""
    """Where it stands, such as `questions.csv, line 3`, for messages."""

    @property
    def judged(self) -> bool:
        """Whether a document is known that answers it."""
        return any(grade > 0 for grade in self.relevant.values())

    @property
    def known(self) -> bool:
        """Whether it is known that the documents answer it, or that they do not."""
        return self.unanswerable or self.judged or bool(self.answers)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a set brings it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and the documents to look in."""

    name: str
    questions: Sequence[Question]
    entries: Sequence[Entry] | None = None
    """None where the documents are in a store already."""

    @property
    def has_answers(self) -> bool:
        """Whether more is known than which documents are relevant."""
        return any(question.answers or question.unanswerable for question in self.questions)

    def measurable(self, *, answers: bool) -> "QuestionSet":
        """The set with the questions of which something is measured: without answers, those whose documents are known.

        Raises:
            SetError: there is none.
        """
        kept = [question for question in self.questions if question.judged or (answers and question.known)]
        if not kept:
            raise SetError(
                f"No question of {self.name} has documents that answer it"
                + (", an answer, or none on purpose." if answers else "; what else is known needs --answers.")
            )
        return self if len(kept) == len(self.questions) else replace(self, questions=kept)

    def sample(self, limit: int | None, seed: int) -> "QuestionSet":
        """The set with at most so many questions, drawn at random, in the order they had."""
        if limit is None or limit >= len(self.questions):
            return self
        drawn = np.random.default_rng(seed).choice(len(self.questions), size=limit, replace=False)
        return replace(self, questions=[self.questions[i] for i in sorted(drawn)])
