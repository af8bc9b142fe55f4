"""What comes of an inquiry, piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.citation import Citation
from upstream.metering import Use
from vectorstore import Hit


@dataclass(frozen=True, slots=True)
class Passages:
    """The numbered passages the answer is written from; the first event."""

    hits: Sequence[Hit]
    queries: Sequence[str]
    """What was searched for."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text."""

    text: str


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


Event = Passages | Delta | Answer
