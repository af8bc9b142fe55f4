"""What comes of an inquiry, piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.citation import Citation
from search.grounding import Reason
from upstream.metering import Use
from vectorstore import Hit


@dataclass(frozen=True, slots=True)
class Passages:
    """The numbered passages the answer is written from; the first event."""

    hits: Sequence[Hit]
    queries: Sequence[str]
    """What was searched for."""
    cached: bool = False
    """Whether they belong to an answer that was written for an earlier question."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer that says something, and whether the documents bear it out.

    Headings, greetings, questions, code and lines such as "Here is the list:" say nothing that could be borne out, and
    are no claims.
    """

    text: str
    """The sentence without its markers."""
    start: int
    """Offset of the sentence in the answer."""
    end: int
    """Offset after the sentence and its markers."""
    grounded: bool
    reason: Reason | None
    """Why it is not grounded; None where it is."""
    citations: Sequence[int] = ()
    """Indexes into the answer's citations."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer; the last event."""

    text: str
    answered: bool
    """False when the documents do not say."""
    method: Literal["chat", "extractive"]
    """`extractive`: no chat model is set, so the text is sentences of the passages, as they stand there."""
    model: str | None
    """The chat model that wrote it."""
    passages: Sequence[Hit]
    citations: Sequence[Citation]
    queries: Sequence[str] = ()
    uses: Sequence[Use] = ()
    """Tokens of the chat model, call by call, as far as its server reports them."""
    finish_reason: str | None = None
    """Why the model stopped, in the words of its server: `length` when the answer was to become longer."""
    grounded: bool = False
    """Whether the documents say it: it is an answer, it claims something, and every claim is grounded.

    False too where nothing is checked: of answers in JSON, and of those from no store.
    """
    sentences: Sequence[Claim] = ()
    """Every claim of the text, in order."""
    confidence: float | None = None
    """How likely the passages answer the question, 0 to 1, before anything is written; None where it is not known."""
    reranked: bool | None = None
    """Whether a reranker chose the passages; False when it was to and could not, None when nobody asked for it."""
    cached: bool = False
    """Whether it was written for an earlier question, the same, to the same documents."""


Event = Passages | Delta | Answer
