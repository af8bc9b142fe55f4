"""Who calls, and what they may."""

from dataclasses import dataclass
from typing import Literal, cast

from starlette.types import Scope as Connection

from settings.patterns import fits

Permission = Literal["admin", "documents", "search", "relay", "metrics"]
PERMISSIONS: frozenset[Permission] = frozenset({"admin", "documents", "search", "relay", "metrics"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request, as their key says."""

    key_id: str | None
    """None where no key was sent and none is needed."""
    name: str = "local"
    """What people called the key."""
    permissions: frozenset[Permission] = PERMISSIONS
    stores: frozenset[str] | None = None
    """Ids of the stores it may use; None means all."""
    models: tuple[str, ...] | None = None
    """Models it may use at upstreams, `*` standing for any characters; None means all."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    monthly_budget_usd: float | None = None

    def may(self, permission: Permission) -> bool:
        """Whether it has this permission, or is an admin."""
        return permission in self.permissions or "admin" in self.permissions

    def sees(self, store_id: str) -> bool:
        """Whether the store is there for this caller."""
        return self.stores is None or store_id in self.stores

    def may_use_model(self, model: str) -> bool:
        """Whether it may use this model at upstreams."""
        return self.models is None or any(fits(model, pattern) for pattern in self.models)


LOCAL = Caller(key_id=None)
"""Whoever is on this machine, where no keys are needed."""


def caller_of(connection: Connection) -> Caller:
    """Who sent this request; `api.authorising` has found out before any route sees it."""
    return cast("Caller", connection["state"]["caller"])
