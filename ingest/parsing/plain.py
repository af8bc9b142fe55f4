"""Plain text, logs, source code: taken as they are."""

from ingest.parsing.errors import EmptyError, TooLargeError
from ingest.parsing.extracted import Extracted, Heading, Limits
from ingest.text.cleaning import clean, has_content
from ingest.text.decoding import decode

_SLACK = 1.25
"""How many times longer a text may be before blanks and line ends are cleaned; then it is measured again."""


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a text in any encoding."""
    return whole(cleaned(data, limits), (), "text/plain", None, limits)


def cleaned(data: bytes, limits: Limits) -> str:
    """The file's text, when it is no longer than a document may be: raises TooLargeError before more work is done."""
    text = decode(data)
    if len(text) > _SLACK * limits.max_text_characters:
        raise TooLargeError
    return clean(text)


def whole(text: str, headings: tuple[Heading, ...], media_type: str, title: str | None, limits: Limits) -> Extracted:
    """A document whose text is the file's own, already cleaned."""
    if len(text) > limits.max_text_characters:
        raise TooLargeError
    if not has_content(text):
        raise EmptyError
    return Extracted(text, headings, (), media_type, title)
