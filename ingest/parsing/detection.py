"""What kind of file this is, by its content first and by its name only among text files."""

import io
import json
import re
import zipfile
from pathlib import PurePath

from ingest.parsing.errors import CorruptError, EmptyError, EncryptedError, UnsupportedTypeError
from ingest.parsing.magic import ARCHIVE, MAGIC, OLE2, OLE2_STREAMS, PROGRAM
from ingest.text.decoding import decode

SUPPORTED = (
    "PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), OpenDocument text (.odt), RTF, EPUB, email (.eml), HTML, "
    "Markdown, CSV, TSV, JSON, JSON Lines, Jupyter notebooks and plain text"
)

_BY_NAME = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".qmd": "markdown",
    ".rmd": "markdown",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ipynb": "json",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".eml": "eml",
}
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+|(?><!--.{0,2000}?-->)\s*+)*+<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL
)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]?[^\n]*\n(?:[ \t][^\n]*\n)*")
_MAIL_HEADERS = frozenset(
    {
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "delivered-to",
        "content-type",
        "cc",
        "sender",
    }
)
_BINARY = re.compile(b"[\x00-\x06\x0e-\x1a\x1c-\x1f]")


def detect(data: bytes, filename: str) -> str:
    """Return the kind of file, a key of `ingest.parsing.parser.READERS`.

    Raises UnsupportedTypeError, EncryptedError, EmptyError or CorruptError, with what to do about it.
    """
    if not data.strip():
        raise EmptyError
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _detect_zip(data)
    if data.startswith(OLE2):
        raise _ole2_error(data)
    if data.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    for offset, magic, description in MAGIC:
        if data.startswith(magic, offset):
            raise _unsupported(description)
    return _detect_text(data, PurePath(filename).suffix.lower())


def _unsupported(description: str) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"This file is {description}. Supported are {SUPPORTED}.")


def _ole2_error(data: bytes) -> UnsupportedTypeError | EncryptedError:
    """OLE2 files name their streams in UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return EncryptedError()
    for stream, description in OLE2_STREAMS:
        if stream.encode("utf-16-le") in data:
            return _unsupported(description)
    return _unsupported("an old Office format: save it in today's format")


def _detect_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = frozenset(archive.namelist())
            kind = archive.open("mimetype").read(200).decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError) as exc:
        raise CorruptError from exc
    if "epub" in kind or "META-INF/container.xml" in names:
        return "epub"
    if "opendocument.text" in kind:
        return "odt"
    if "opendocument" in kind:
        raise _unsupported("an OpenDocument table or presentation: save it as .xlsx or .pptx")
    for folder, found in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
        if any(name.startswith(folder) for name in names):
            if "xl/workbook.bin" in names:
                raise _unsupported("a binary Excel workbook (.xlsb): save it as .xlsx")
            return found
    if "[Content_Types].xml" in names:
        raise CorruptError
    raise _unsupported(ARCHIVE)


def _detect_text(data: bytes, suffix: str) -> str:
    if suffix in _BY_NAME and not _looks_binary(data):
        return _BY_NAME[suffix]
    text = decode(data[:65_536])
    if _looks_binary(data) and not _is_wide(data):
        raise _unsupported(PROGRAM)
    if _HTML.match(text):
        return "html"
    if _is_mail(text):
        return "eml"
    if suffix in _BY_NAME:
        return _BY_NAME[suffix]
    return _detect_json(data) if text.lstrip()[:1] in {"{", "["} else "text"


def _looks_binary(data: bytes) -> bool:
    sample = data[:65_536]
    return len(_BINARY.findall(sample)) * 50 > len(sample)


def _is_wide(data: bytes) -> bool:
    """Whether the control bytes are those of UTF-16 or UTF-32."""
    text = decode(data[:65_536])
    return len(_BINARY.findall(text.encode())) * 50 <= len(text) and text.count("\ufffd") * 50 <= len(text)


def _is_mail(text: str) -> bool:
    names: set[str] = set()
    position = 0
    text = text.replace("\r\n", "\n")
    while (found := _HEADER.match(text, position)) and len(names) < 30:  # noqa: PLR2004 -- enough to tell
        names.add(found.group().partition(":")[0].lower())
        position = found.end()
    return len(names & _MAIL_HEADERS) >= 3  # noqa: PLR2004 -- a note may begin with "Date:" and "Subject:"


def _detect_json(data: bytes) -> str:
    text = decode(data)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "jsonl" if _is_jsonl(text) else "text"
    return "json"


def _is_jsonl(text: str) -> bool:
    lines = text.split("\n", 3)[:2]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line), dict | list) for line in lines)
    except (ValueError, RecursionError):
        return False
