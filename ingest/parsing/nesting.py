"""Pages that nest too deep: browsers stop at 512 levels, and reading takes time by the square of the depth."""

import re
from collections import Counter

from ingest.parsing.errors import CorruptError

_MAX_DEPTH = 2_000
_HARMLESS_CHARACTERS = 200_000
"""A page below this takes seconds at worst, however deep it is."""
_TAG = re.compile(
    r"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|dt|dd|option|td|th|tr|tbody)\b)"
    r"([a-z][a-z0-9-]*)",
    re.IGNORECASE,
)
"""Tags that open what must be closed; the others close each other."""


def check_nesting(html: str) -> None:
    """Raise CorruptError for a page whose elements are never closed, or nest deeper than anybody means."""
    if len(html) < _HARMLESS_CHARACTERS:
        return
    depth, open_tags = 0, Counter[str]()
    for closing, name in _TAG.findall(html):
        if not closing:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > _MAX_DEPTH:
            raise CorruptError("The page nests its elements too deep: save it as PDF or plain text and upload that.")
