"""Whether a sentence says that something is not so."""

import re

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|kein\w*|nicht|nie|niemals|jamais|aucun\w*|nunca|ningun\w*)\b"
    r"|n['’]t\b|\bne\s+\w+\s+pas\b"
    r"|[不没沒無无未非莫勿]|ない|ません|ぬ",
    re.IGNORECASE,
)
_FALSE_FRIENDS = re.compile(
    r"\bnot only\b|\bno\.|\bno (?:more|less|later) than\b"
    r"|不仅|不僅|不但|不同|不断|不斷|不少|不久|不过|不過|无论|無論|非常|未来|未來|非洲|是不是|有没有",
    re.IGNORECASE,
)


def has_negation(sentence: str) -> bool:
    """Whether it holds any."""
    return _NEGATION.search(sentence) is not None


def is_negated(sentence: str) -> bool:
    """Whether it holds an odd number of negations."""
    return len(_NEGATION.findall(_FALSE_FRIENDS.sub(" ", sentence))) % 2 == 1
