"""Documents of a set as files that can be handed in."""

import html
import re

from search.evaluation.questions import Entry

_UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f]")


def file_name(entry: Entry) -> str:
    """A name from which the entry's id can be told; what file names must not hold is percent-encoded."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", entry.id) + ".html"


def page(entry: Entry) -> bytes:
    """The entry as a page: its title as heading, so that it is searched with the text and never quoted as text."""
    title = html.escape(entry.title)
    heading = f"<h1>{title}</h1>\n" if title else ""
    paragraphs = "".join(f"<p>{html.escape(line)}</p>\n" for line in entry.text.split("\n") if line.strip())
    return f'<!doctype html>\n<meta charset="utf-8">\n{heading}{paragraphs}'.encode()
