"""Counting and cutting text in tokens of OpenAI's `cl100k_base`, for texts of any size."""

from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpe_openai._bindings import PyTokenizer

_PIECE_CHARACTERS = 128
"""Length of the longest token, a run of blanks: so many characters hold at least one token."""


def count_tokens(text: str) -> int:
    """How many tokens the text has; time grows with its length, whatever it holds (about 10 MB/s)."""
    return int(_tokenizer().count(_encodable(text)))


def at_most_tokens(text: str) -> int:
    """A number of tokens that the text does not exceed, at no cost: no token is shorter than a byte."""
    return len(text) if text.isascii() else len(text) * 4


def cut_to_tokens(text: str, limit: int) -> str:
    """The longest beginning of the text that ends with a token and has at most `limit` of them."""
    if at_most_tokens(text) <= limit or _tokenizer().count_till_limit(_encodable(text), limit) is not None:
        return text
    # The end of the beginning may be cut within a token, far behind what is kept.
    tokens = _tokenizer().encode(_encodable(text[: (limit + 1) * _PIECE_CHARACTERS]))
    return text[: len(_decode_whole(tokens[:limit]))]


@cache
def _tokenizer() -> "PyTokenizer":
    # Importing the package reads three vocabularies that its compiled part does not need: 0.8 s and 70 MB for each
    # process that counts. So only the compiled part is loaded; its version is pinned for that.
    package = find_spec("bpe_openai")
    assert package is not None, "it is installed with Footnote"
    found = PathFinder.find_spec("_bindings", package.submodule_search_locations)
    assert found is not None, "the package has a compiled part"
    assert found.loader is not None, "it can be loaded"
    bindings = module_from_spec(found)
    found.loader.exec_module(bindings)
    tokenizer: PyTokenizer = bindings.tokenizer_for_encoding("cl100k_base")
    return tokenizer


def _encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which UTF-8 cannot hold, joined or replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _decode_whole(tokens: list[int]) -> str:
    """The text of the longest run of tokens from the start that does not end within a character."""
    for count in range(len(tokens), 0, -1):
        try:
            return str(_tokenizer().decode(tokens[:count]))
        except ValueError:
            continue
    return ""
