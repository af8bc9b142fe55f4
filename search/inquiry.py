"""What is asked, of which stores, and how the answer is to be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.stores import Store
from search.refining import Refining
from search.scoring import Mode
from upstream import Chat, Message
from vectorstore import Filter


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is to be written."""

    writer: Chat | None = None
    """The chat model; None leaves it to the service, which may have none."""
    instructions: str | None = None
    """What whoever runs the client tells the model, beside our own rules."""
    max_tokens: int | None = None
    """Longest answer, in the model's tokens; None leaves it to the options."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of `/chat/completions`, such as `temperature`."""
    is_data: bool = False
    """Whether the answer is JSON, in which markers would be in the way: it has no citations."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question and what came before it."""

    stores: Sequence[Store]
    """Where to look; of none, the chat model answers by itself."""
    question: str
    limit: int
    """Passages the answer may be written from."""
    filter: Filter | None = None
    mode: Mode = "hybrid"
    score_threshold: float = 0.0
    """Score from which a hit may become a passage, 0 to 1."""
    refining: Refining = field(default_factory=Refining)
    queries: int | None = None
    """Ways of putting the question that are searched for; None leaves it to the options."""
    history: Sequence[Message] = ()
    """The conversation before the question, oldest first; the question may refer to it."""
    manner: Manner = Manner()
    fresh: bool = False
    """Whether the answer is to be written anew, even where one is kept."""
