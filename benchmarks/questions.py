"""Questions of folders in BEIR's format, put to a store that may, should not, or cannot answer them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """What is to become of a question."""

    ANSWERABLE = "answerable"
    """A passage of the store has the answer."""
    UNANSWERABLE = "unanswerable"
    """It is about what the store is about, and no passage has the answer."""
    UNRELATED = "unrelated"
    """It was written for another store."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A question put to a store."""

    text: str
    kind: Kind
    group: str
    """The kind, and of those from other folders which one."""
    chooses: bool
    """Whether it is of the half that chooses; the other one reports."""


def posed(folder: Path, others: Sequence[Path], most: int) -> Iterator[Posed]:
    """Questions of the folder whose corpus the store holds, then of others; at most so many of each group."""
    known = folder / "answers.jsonl"
    impossible = {one["_id"] for one in _lines(known) if one.get("is_impossible")} if known.exists() else set()
    own = _picked(folder)
    for kind in (Kind.ANSWERABLE, Kind.UNANSWERABLE):
        some = [one for one in own if (one["_id"] in impossible) == (kind is Kind.UNANSWERABLE)]
        yield from (_posed(one, kind, kind) for one in some[:most])
    for other in others:
        yield from (_posed(one, Kind.UNRELATED, f"of {other.name}") for one in _picked(other)[:most])


def _posed(question: Mapping[str, Any], kind: Kind, group: str) -> Posed:
    return Posed(question["text"], kind, group, _number(question["_id"]) % 2 == 0)


def _picked(folder: Path) -> list[Mapping[str, Any]]:
    """The questions in an order that has nothing to do with what they ask."""
    return sorted(_lines(folder / "queries.jsonl"), key=lambda one: _number(f"pick {one['_id']}"))


def _lines(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
