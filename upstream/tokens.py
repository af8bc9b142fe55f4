"""Counting and cutting text in tokens of OpenAI's `cl100k_base`, for texts of any size.

`bpe_openai.Encoding` refuses a million characters and 200,000 tokens at once, so that long texts go through it in
pieces. Pieces end after a letter that no letter follows, where `cl100k_base` always ends a token: the counts are those
of the whole text. Only a run of `_PIECE_CHARACTERS` without such a place is cut anywhere, which adds a token at most.
"""

import warnings
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpe_openai import Encoding

_PIECE_CHARACTERS = 48_000
"""Stays below 200,000 tokens even where each character takes the most tokens it can: its four bytes."""

_BOUNDARY_SEARCH_CHARACTERS = 10_000
"""How far from the end of a piece a boundary is looked for."""


def count_tokens(text: str) -> int:
    """How many tokens the text has; time grows with its length, whatever it holds (about 10 MB/s)."""
    encoding = _encoding()
    return sum(len(encoding.encode_ordinary(piece)) for piece in _pieces(text))


def cut_to_tokens(text: str, limit: int) -> str:
    """The longest beginning of the text that ends with a token and has at most `limit` of them."""
    if len(text) * 4 <= limit:
        return text
    done, remaining = 0, limit
    for piece in _pieces(text):
        tokens = _encoding().encode_ordinary(piece)
        if len(tokens) > remaining:
            return text[: done + len(_decode_whole(tokens[:remaining]))]
        done += len(piece)
        remaining -= len(tokens)
    return text


@cache
def _encoding() -> "Encoding":
    # Importing the library reads all its vocabularies: 0.7 s and 60 MB that only those who count should pay.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "open_binary is deprecated", DeprecationWarning)
        from bpe_openai import get_encoding  # noqa: PLC0415 - see above

        return get_encoding("cl100k_base")


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _PIECE_CHARACTERS:
        end = _boundary(text, start + _PIECE_CHARACTERS)
        yield text[start:end]
        start = end
    yield text[start:]


def _boundary(text: str, end: int) -> int:
    """The last place at or before `end` where a token must end, or `end` when there is none near."""
    for place in range(end, end - _BOUNDARY_SEARCH_CHARACTERS, -1):
        if text[place - 1].isalpha() and not text[place].isalpha():
            return place
    return end


def _decode_whole(tokens: list[int]) -> str:
    """The text of the longest run of tokens from the start that does not end within a character."""
    for count in range(len(tokens), 0, -1):
        try:
            return bytes(_encoding().decode_bytes(tokens[:count])).decode()
        except UnicodeDecodeError:
            continue
    return ""
