"""The one form in which text is stored, so that offsets into it never move."""

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2060\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff]"
)
_ODD_SPACES = re.compile("[\xa0\u2000-\u200a\u202f\u205f]")
_MANY_NEWLINES = re.compile(r"\n{3,}")
_MANY_SPACES = re.compile(r"(?<![^\S\n])[^\S\n]{200,}")
_PLAIN = re.compile(r"[\n\t -~]*")


def clean(text: str) -> str:
    r"""Bring text into canonical form: NFC, `\n` only, nothing invisible, no trailing blanks, no two empty lines.

    Idempotent. Indentation and tabs stay, since code and Markdown mean something by them. Zero-width joiners stay,
    since emoji and several scripts are spelled with them.
    """
    if "\r" in text or not _PLAIN.fullmatch(text):
        text = _LINE_ENDS.sub("\n", text)
        text = _INVISIBLE.sub("", text)
        text = _ODD_SPACES.sub(" ", text)
        text = unicodedata.normalize("NFC", text)
    if "          " in text:
        text = _MANY_SPACES.sub(" ", text)
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    return _MANY_NEWLINES.sub("\n\n", text).strip("\n")


def clean_line(text: str) -> str:
    """The same for a text that stands on one line: all white space becomes single blanks."""
    return " ".join(clean(text).split())


def has_content(text: str) -> bool:
    """Whether there is a letter or digit, in any script, to search for."""
    return any(character.isalnum() for character in text)
