"""Names of what is kept: `files/<sha256>`, `texts/<document>/<version>.txt` and `.layout`.

The same in every storage, so that a backup of one can be restored to another.
"""

import re

from records.ids import DocumentId

FILES = "files/"
TEXTS = "texts/"
TEXT = ".txt"
LAYOUT = ".layout"
_NAME = re.compile(r"files/[0-9a-f]{64}|texts/doc_[0-9a-z]{2,64}/[0-9]{1,18}\.(txt|layout)", re.ASCII)


def file(sha256: str) -> str:
    """The name of an uploaded file."""
    return FILES + sha256


def text(document_id: DocumentId, version: int) -> str:
    """The name of a document's extracted text."""
    return f"{texts(document_id)}{version}{TEXT}"


def layout(document_id: DocumentId, version: int) -> str:
    """The name of what the parser found besides the text."""
    return f"{texts(document_id)}{version}{LAYOUT}"


def texts(document_id: DocumentId) -> str:
    """The prefix of everything that was extracted from a document."""
    return f"{TEXTS}{document_id}/"


def is_name(name: str) -> bool:
    """Whether something can be kept under that name; no other may become a path."""
    return _NAME.fullmatch(name) is not None
