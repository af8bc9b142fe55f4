"""Which lines of a text belong together."""

import re

from language.sentences import ends_sentence

_WRAPPED_CHARACTERS = 50
_OWN_LINE = re.compile(r"\s*(?:[-*+•·▪◦|#>{}\[\]<]|\(?\w{1,3}[.)、]\s?|\d)")


def goes_on(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence of the one before it, as in text wrapped at a fixed width."""
    if ends_sentence(before) or _OWN_LINE.match(line):
        return False
    return line.lstrip()[:1].islower() or len(before) >= _WRAPPED_CHARACTERS
