"""Plain text, logs, source code: taken as they are."""

from ingest.parsing.errors import EmptyError, TooLargeError
from ingest.parsing.extracted import Extracted, Heading, Limits
from ingest.text.cleaning import clean, has_content
from ingest.text.decoding import decode


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a text in any encoding."""
    return whole(clean(decode(data)), (), "text/plain", None, limits)


def whole(text: str, headings: tuple[Heading, ...], media_type: str, title: str | None, limits: Limits) -> Extracted:
    """A document whose text is the file's own, already cleaned."""
    if len(text) > limits.max_text_characters:
        raise TooLargeError
    if not has_content(text):
        raise EmptyError
    return Extracted(text, headings, (), media_type, title)
