"""Ends of sentences, in Western, Chinese, Japanese, Arabic and Indic punctuation."""

import re
from collections.abc import Iterator

_CLOSING = "\"'”’)\\]»*_」』）】》〉"
_SPACED = f"(?<![.!?…])[.!?…]++[{_CLOSING}]*+(?=[ \t\u3000]+\\S)"
_UNSPACED = f"[。！？；｡۔؟।॥]++[{_CLOSING}]*+|…{{2}}[{_CLOSING}]*+|(?<=[\u3040-\u9fff])[!?]++[{_CLOSING}]*+"
_END = re.compile(f"{_SPACED}|{_UNSPACED}")
_AT_END = re.compile(f"[.!?…。！？；｡۔؟।॥:：][{_CLOSING}]*$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"“])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|cf|al|Fig|Figs|Eq|No|Nos|Vol|pp|Inc|Ltd|Co|approx"
    r"|[A-Za-z](?:\.[A-Za-z])+|\d{1,2})$",
    re.IGNORECASE,
)


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets after each sentence inside the given stretch, without its own end; the blank belongs to the next one."""
    for found in _END.finditer(text, start, end):
        cut = found.end()
        if cut < end and _is_end(text, found.start(), cut, end):
            yield cut


def ends_sentence(line: str) -> bool:
    """Whether a line ends with the end of a sentence, or with a colon."""
    return _AT_END.search(line, max(0, len(line) - 8)) is not None


def _is_end(text: str, mark: int, cut: int, end: int) -> bool:
    if text[mark] not in ".!?…" or text[cut] not in " \t\u3000":
        return True
    following = text[cut : min(end, cut + 8)].lstrip()[:1]
    if following.islower():
        return False
    return text[mark] != "." or _ABBREVIATION.search(text, max(0, mark - 12), mark) is None
