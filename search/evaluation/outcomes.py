"""What came of each question."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.evaluation.questions import Question


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation of an answer."""

    documents: Sequence[str]
    """Names by which the set knows the cited document: several where it holds equal ones."""
    exact: bool
    """Whether the quote is what stands in the document at the offsets that are given."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    text: str
    answered: bool
    citations: Sequence[Cited]
    seconds: float
    claims: int | None = None
    """Sentences that say something; None where the service does not tell."""
    grounded_claims: int = 0
    confidence: float | None = None
    """How likely the passages answer the question, before anything is written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question, what was found for it, and what was answered."""

    question: Question
    ranking: Sequence[str]
    """Documents, best first, each once."""
    seconds: float
    """Time the search took."""
    reply: Reply | None = None
    """None when it was not asked, or the answer failed."""
