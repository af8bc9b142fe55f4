"""Ids and titles of passages: a document's id, with the offsets of the passage in its text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PLACE = re.compile(r"([^:]+):(\d{1,10})-\d{1,10}")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a document."""

    document_id: str
    start: int = 0
    """Offset of the first character."""


def place_id(document_id: str, start: int, end: int) -> str:
    """The id of a passage."""
    return f"{document_id}:{start}-{end}"


def place_of(wanted: str) -> Place:
    """What the id of a passage or document means."""
    found = _PLACE.fullmatch(wanted)
    return Place(found[1], int(found[2])) if found else Place(wanted)


def title(filename: str, headings: Sequence[str]) -> str:
    """What a passage is called: its file, and the headings above it."""
    return " › ".join((filename, *headings))
