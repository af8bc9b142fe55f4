"""API keys on a terminal."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.showing import clean


def is_valid(key: Mapping[str, Any]) -> bool:
    """Whether a key may be used now."""
    return key["revoked_at"] is None and (key["expires_at"] is None or key["expires_at"] > time.time())


def table_of(found: Sequence[Mapping[str, Any]]) -> Table | Text:
    """The keys, a row each."""
    if not found:
        return Text("There are no keys: `footnote keys create` makes one.")
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "ends in", "permissions", "stores", "models", "limits", "last used", "state"):
        table.add_column(heading, overflow="fold")
    for key in found:
        table.add_row(*(Text(clean(cell)) for cell in _row(key)))
    return table


def _row(key: Mapping[str, Any]) -> Iterator[str]:
    yield key["id"]
    yield key["name"]
    yield f"…{key['hint']}"
    yield ", ".join(key["permissions"])
    yield "all" if key["stores"] is None else ", ".join(key["stores"])
    yield "all" if key["models"] is None else ", ".join(key["models"])
    yield ", ".join(_limits(key)) or "none"
    yield _day(key["last_used_at"]) or "never"
    yield _state(key)


def _limits(key: Mapping[str, Any]) -> Iterator[str]:
    if key["requests_per_minute"] is not None:
        yield f"{key['requests_per_minute']} requests/min"
    if key["tokens_per_minute"] is not None:
        yield f"{key['tokens_per_minute']} tokens/min"
    if key["monthly_budget_usd"] is not None:
        yield f"${key['monthly_budget_usd']:g}/month"


def _state(key: Mapping[str, Any]) -> str:
    if key["revoked_at"] is not None:
        return f"revoked {_day(key['revoked_at'])}"
    if key["expires_at"] is None:
        return "valid"
    return f"{'valid until' if is_valid(key) else 'expired'} {_day(key['expires_at'])}"


def _day(at: int | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
