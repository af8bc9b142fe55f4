"""Putting a document's text together, piece by piece, with exact offsets."""

import re
from collections.abc import Iterable, Sequence

from ingest.parsing.errors import EmptyError, TooLargeError
from ingest.parsing.extracted import Extracted, Heading, Limits, Page
from ingest.parsing.tables import trimmed
from ingest.text.cleaning import clean, clean_line, has_content

_MAX_TITLE_CHARACTERS = 500
_TEMPLATE_TITLE = re.compile(
    r"(?:untitled.*|\(?anonymous\)?|(?:word )?document ?\d*|(?:powerpoint )?presentation ?\d*|slide \d+|book ?\d+)",
    re.IGNORECASE,
)


class Composer:
    """Collects pieces in reading order; every piece is cleaned on its way in, so the whole is clean."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._pages: list[Page] = []
        self._next_page: int | None = None

    def heading(self, level: int, title: str) -> None:
        """Add a heading on a line of its own, written as in Markdown (at most six `#`)."""
        title = clean_line(title)
        if title:
            start = self._add(f"{'#' * min(level, 6)} {title}", "\n\n")
            self._headings.append(Heading(level, title, start))

    def paragraph(self, text: str) -> None:
        """Add a block of text with an empty line before it; line breaks inside stay."""
        self._add(clean(text), "\n\n")

    def line(self, text: str) -> None:
        """Add text right under the line before it: a list item, a row."""
        self._add(clean(text), "\n")

    def rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Add a table, a row a line, cells apart by ` | `; empty rows are dropped."""
        separator = "\n\n"
        for row in rows:
            if line := join_cells(row):
                self._add(line, separator)
                separator = "\n"

    def page(self, number: int) -> None:
        """Start a page; it counts from the next piece on, and not at all without one."""
        self._next_page = number

    def append(self, part: Extracted) -> None:
        """Add a document inside the document (a chapter, an attached file) with its headings."""
        start = self._add(part.text, "\n\n")
        self._headings += [Heading(item.level, item.title, item.start + start) for item in part.headings]

    def mark(self, heading: Heading) -> None:
        """Note a heading whose words are already in the text; in order of `start`."""
        self._headings.append(heading)

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    @property
    def is_empty(self) -> bool:
        """Whether nothing worth searching was added yet."""
        return not any(map(has_content, self._parts))

    def finish(self, media_type: str, title: str | None = None) -> Extracted:
        """Return the document; raises EmptyError when there is no letter and no digit in it."""
        if self.is_empty:
            raise EmptyError
        title = _telling(clean_line(title or "")[:_MAX_TITLE_CHARACTERS]) or first_title(self._headings)
        return Extracted("".join(self._parts), tuple(self._headings), tuple(self._pages), media_type, title)

    def _add(self, piece: str, separator: str) -> int:
        if not piece.strip():
            return self._length
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        if self._next_page is not None:
            self._pages.append(Page(self._next_page, start))
            self._next_page = None
        self._parts.append(piece)
        self._length += len(piece)
        if self._length > self._limits.max_text_characters:
            raise TooLargeError
        return start


def join_cells(row: Sequence[str]) -> str:
    """One table row as a line; empty when no cell holds anything."""
    return " | ".join(trimmed(row)).strip()


def _telling(title: str) -> str:
    """A title somebody gave, not the one a program puts into every new file."""
    return "" if _TEMPLATE_TITLE.fullmatch(title) else title.removeprefix("Microsoft Word - ")


def first_title(headings: Sequence[Heading]) -> str | None:
    """The first heading, when it is a top one."""
    return headings[0].title if headings and headings[0].level == 1 else None
