"""From bytes to text with structure, whatever the format."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from ingest.parsing.detection import detect
from ingest.parsing.errors import CorruptError, OutOfMemoryError, ParseError
from ingest.parsing.extracted import Extracted, Limits

Reader = Callable[[bytes, Limits], Extracted]

READERS = {
    "pdf": "pdf",
    "markdown": "markdown",
    "html": "html",
    "text": "plain",
    "csv": "delimited",
    "json": "structured",
    "jsonl": "structured",
    "docx": "word",
    "pptx": "slides",
    "xlsx": "sheets",
    "epub": "epub",
    "odt": "opendocument",
    "rtf": "rich_text",
    "eml": "mail",
}
"""The module that reads each kind of file, by its function `read`; imported when first needed."""

_TOO_DEEP = "The file nests its parts too deep: save it as PDF or plain text and upload that."


def parse(data: bytes, filename: str, limits: Limits) -> Extracted:
    """Read one file; blocks, and may take long and much memory on a hostile one, so run it in a process of its own.

    `filename` only tells text formats apart. Raises a child of ParseError, and nothing else.
    """
    read = reader(detect(data, filename))
    try:
        return read(data, limits)
    except ParseError:
        raise
    except RecursionError as exc:
        raise CorruptError(_TOO_DEEP) from exc
    except MemoryError as exc:
        raise OutOfMemoryError from exc
    except Exception as exc:  # third-party parsers raise anything at all on damaged files
        raise CorruptError from exc


def reader(kind: str) -> Reader:
    """The function that reads one kind of file."""
    return cast("Reader", import_module(f"ingest.parsing.{READERS[kind]}").read)
