"""What a provider allows in a minute, and what is left of it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rates:
    """What a provider allows in a minute; None is no limit."""

    requests_per_minute: int | None
    tokens_per_minute: int | None


class Budget(Protocol):
    """The part of the rates that is left, shared with everybody who calls the same model."""

    async def take(self, tokens: int, *, urgent: bool) -> float:
        """Take one request of so many tokens; returns 0, or the seconds after which to ask again, and took nothing."""

    async def hold(self, seconds: float) -> None:
        """Let nobody take anything for so long: the provider has said so."""
