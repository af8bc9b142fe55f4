"""Markdown: the text stays as it is, headings are found in it."""

import re
from collections.abc import Iterator

from ingest.parsing.composing import first_title
from ingest.parsing.extracted import Extracted, Heading, Limits
from ingest.parsing.plain import cleaned, whole
from ingest.text.cleaning import clean_line

_FRONT_MATTER = re.compile(r"---\n(.{0,20000}?)\n(?:---|\.\.\.)(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?$", re.MULTILINE)
_LANDMARK = re.compile(
    r"^(?:[ \t>]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)"
    r"|[ ]{0,3}(?P<atx>\#{1,6})(?P<title>[ \t][^\n]*|$)"
    r"|(?P<underline>={2,}|-{2,})$"
    r"|[ ]{0,3}<!--(?P<comment>[^\n]*))",
    re.MULTILINE | re.VERBOSE,
)
_NOT_A_TITLE = re.compile(r"\s*$|[ \t]*(?:[#>|=*+-]|\d+[.)]|`{3}|~{3})|[ ]{4}")
_ATTRIBUTES = re.compile(r"\s*\{[^{}]*\}\s*$")
_CLOSING_MARKS = re.compile(r"[ \t]+#+[ \t]*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MAX_TITLE_CHARACTERS = 2_000
_EMPHASIS = re.compile(r"`+|\*\*|__")


def read(data: bytes, limits: Limits) -> Extracted:
    """Read Markdown with ATX and setext headings and YAML front matter (CommonMark 0.31)."""
    text = cleaned(data, limits)
    front = _FRONT_MATTER.match(text)
    headings = tuple(find_headings(text, front.end() if front else 0))
    titled = _FRONT_TITLE.search(front.group(1)) if front else None
    title = clean_line(titled.group(1)) if titled else None
    return whole(text, headings, "text/markdown", title or first_title(headings), limits)


def find_headings(text: str, start: int = 0) -> Iterator[Heading]:
    """Headings outside code fences and HTML comments; anchors such as `{ #id }` are left out of their titles."""
    fence, skip_until = "", start
    for found in _LANDMARK.finditer(text, start):
        if found.start() < skip_until:
            continue
        if mark := found["fence"]:
            fence = _next_fence(fence, mark, found["info"])
        elif fence:
            continue
        elif found["comment"] is not None:
            end = text.find("-->", found.start())
            if end < 0:  # never closed: then it hides the rest, as in a browser
                return
            skip_until = end
        elif found["underline"]:
            yield from _setext(text, found, start)
        elif title := plain_title(found["title"]):
            yield Heading(len(found["atx"]), title, found.start("atx"))


def plain_title(raw: str) -> str:
    """A heading's words without Markdown and HTML around them."""
    title = _CLOSING_MARKS.sub("", _ATTRIBUTES.sub("", raw[:_MAX_TITLE_CHARACTERS]))
    return clean_line(_EMPHASIS.sub("", _TAG.sub("", _LINK.sub(r"\1", title))))


def _next_fence(fence: str, mark: str, info: str) -> str:
    """The fence that is open after this line; only as many of the same marks, and nothing else, close one."""
    if not fence:
        return "" if mark[0] == "`" and "`" in info else mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not info.strip()
    return "" if closes else fence


def _setext(text: str, underline: re.Match[str], minimum: int) -> Iterator[Heading]:
    """A line under a text of one line makes that a heading; under a longer paragraph it is taken for a rule."""
    start = text.rfind("\n", minimum, max(minimum, underline.start() - 1)) + 1 or minimum
    line = text[start : max(start, underline.start() - 1)]
    follows_text = start >= 2 and text[start - 2] != "\n"  # noqa: PLR2004 -- the newline and what is before it
    if not follows_text and not _NOT_A_TITLE.match(line) and (title := plain_title(line)):
        yield Heading(1 if underline["underline"][0] == "=" else 2, title, start)
