"""Why a file could not be read, in words a person can act on."""

from typing import ClassVar


class ParseError(Exception):
    """This file could not be read."""

    code: ClassVar[str] = "unreadable"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)

    @property
    def message(self) -> str:
        """The reason and what to do about it; safe to show to whoever uploaded the file."""
        return str(self)


class UnsupportedTypeError(ParseError):
    """This type of file is not supported."""

    code = "unsupported_type"


class EncryptedError(ParseError):
    """This file is protected by a password: remove the password and upload it again."""

    code = "encrypted"


class ScannedError(ParseError):
    """The pages are pictures: run OCR on the file, or turn it on (`ingest.ocr`, `pip install "footnote[ocr]"`)."""

    code = "scanned"


class EmptyError(ParseError):
    """The file holds no text."""

    code = "empty"


class CorruptError(ParseError):
    """The file is damaged: open it in the program that made it, save it again and upload that."""

    code = "corrupt"


class TooLargeError(ParseError):
    """The file holds more text than one document may: split it into several files."""

    code = "too_large"


class ParseTimeoutError(ParseError):
    """Reading the file took too long: split it, or raise `ingest.parse_timeout_seconds`."""

    code = "timeout"


class OutOfMemoryError(ParseError):
    """Reading the file took too much memory: split it, or raise `ingest.parse_memory_bytes`."""

    code = "out_of_memory"


class ParseCrashedError(ParseError):
    """The parser crashed on this file: it is damaged, or needs more memory than `ingest.parse_memory_bytes` allows."""

    code = "crashed"


class ParserStartError(ParseError):
    """The process that reads files could not be started: check the installation and the machine's limits."""

    code = "parser_unavailable"


ERRORS: tuple[type[ParseError], ...] = (
    ParseError,
    UnsupportedTypeError,
    EncryptedError,
    ScannedError,
    EmptyError,
    CorruptError,
    TooLargeError,
    ParseTimeoutError,
    OutOfMemoryError,
    ParseCrashedError,
    ParserStartError,
)
"""Every kind, so that an error can cross a process by its code."""
