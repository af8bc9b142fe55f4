"""E-books (.epub)."""

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from ingest.parsing.archive import open_archive, parse_xml
from ingest.parsing.composing import Composer
from ingest.parsing.errors import CorruptError, EncryptedError
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.html import add_html
from ingest.text.decoding import decode

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"


def read(data: bytes, limits: Limits) -> Extracted:
    """Read the chapters in reading order: the spine of the package document (EPUB 3.3, section 5)."""
    composer = Composer(limits)
    with open_archive(data, limits) as book:
        package_path = _package_path(book)
        package = parse_xml(book.read(package_path))
        names = frozenset(book.namelist())
        for path in _chapters(package, posixpath.dirname(package_path)):
            if path in names:
                add_html(composer, decode(book.read(path)))
        if composer.is_empty and _ENCRYPTION in names:
            raise EncryptedError("This book is protected against copying (DRM): upload a copy without protection.")
    title = next((element.text for element in package.iter("{*}title") if element.text), None)
    return composer.finish("application/epub+zip", title)


def _package_path(book: zipfile.ZipFile) -> str:
    for rootfile in parse_xml(book.read(_CONTAINER)).iter("{*}rootfile"):
        if path := rootfile.get("full-path"):
            return str(path)
    raise CorruptError


def _chapters(package: etree._Element, folder: str) -> Iterator[str]:
    items = {item.get("id"): item.get("href") or "" for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        if href := items.get(reference.get("idref")):
            yield posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))
