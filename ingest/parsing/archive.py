"""Zip-based formats: members within limits, XML without entities."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from ingest.parsing.errors import CorruptError, EncryptedError, TooLargeError
from ingest.parsing.extracted import Limits

_SMALL_MEMBER_BYTES = 10_000_000
_BOMB = "The file unpacks to far more than its size tells: save it again in the program that made it, or split it."
_TOO_DEEP = (
    "The file nests too deep, repeats itself without end, or holds too long a text in one piece: save it as PDF or "
    "plain text and upload that."
)


@contextmanager
def open_archive(data: bytes, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose members' declared sizes are within limits; zipfile never unpacks more than is declared.

    Raises TooLargeError, EncryptedError or CorruptError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive, limits)
            yield archive
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, KeyError) as exc:
        raise CorruptError from exc


def check_archive(data: bytes, limits: Limits) -> None:
    """The same check for a library that opens the file itself."""
    with open_archive(data, limits):
        pass


def _check(archive: zipfile.ZipFile, limits: Limits) -> None:
    members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise EncryptedError
    if sum(member.file_size for member in members) > limits.max_unpacked_bytes:
        raise TooLargeError(_BOMB)
    for member in members:
        if member.file_size > max(_SMALL_MEMBER_BYTES, limits.max_compression_ratio * member.compress_size):
            raise TooLargeError(_BOMB)


def parse_xml(data: bytes) -> etree._Element:
    """Parse XML with entities, external files, network and huge trees off, mending what is damaged.

    Raises CorruptError, also where the tree was cut short at the parser's own limits.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise CorruptError from exc
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise CorruptError(_TOO_DEEP)
    if root is None:
        raise CorruptError
    return root
