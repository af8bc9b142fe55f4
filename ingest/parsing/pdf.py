"""PDF: pdfium reads the text; pypdf tries again where pdfium finds none or refuses."""

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2
from pypdfium2 import raw

from ingest.parsing.composing import Composer
from ingest.parsing.errors import CorruptError, EmptyError, EncryptedError, ScannedError
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.outline import Entry, mark_headings
from ingest.parsing.paragraphs import join_lines
from ingest.text.cleaning import has_content

if TYPE_CHECKING:
    from pypdf import PdfReader

_MAX_PAGES = 100_000
_MAX_OUTLINE_ENTRIES = 10_000
_MAX_OUTLINE_DEPTH = 6


@dataclass(frozen=True, slots=True)
class _Raw:
    """What a PDF library found."""

    pages: list[str]
    title: str | None = None
    outline: Sequence[Entry] = ()
    has_pictures: bool = False

    @property
    def has_text(self) -> bool:
        return any(map(has_content, self.pages))


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a PDF's pages in order, wrapped lines joined to paragraphs; headings come from the outline."""
    try:
        found = _read_with_pdfium(data, limits)
    except EncryptedError:
        found = _read_with_pypdf(data, limits)  # which also opens what has no owner's password
        if found is None:
            raise
    if found is None or not (found.has_text or limits.recognise):
        second = _read_with_pypdf(data, limits)
        found = second if second is not None and (found is None or second.has_text) else found
    if found is None:
        raise CorruptError
    composer = Composer(limits)
    for number, page in enumerate(found.pages, 1):
        composer.page(number)
        composer.paragraph(join_lines(page))
    if composer.is_empty:
        raise _reason(found, recognised=limits.recognise is not None)
    extracted = composer.finish("application/pdf", found.title)
    return mark_headings(extracted, found.outline)


def _reason(found: _Raw, *, recognised: bool) -> ScannedError | EmptyError:
    """Why there is no text."""
    if not found.has_pictures:
        return EmptyError()
    return ScannedError("The pages are pictures in which no text was recognised.") if recognised else ScannedError()


def _read_with_pdfium(data: bytes, limits: Limits) -> _Raw | None:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as exc:
        if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD:
            raise EncryptedError from exc
        return None
    with contextlib.closing(document):
        try:
            pages = list(_pdfium_pages(document, limits))
        except pypdfium2.PdfiumError:
            return None
        title = document.get_metadata_dict().get("Title")
        pictures = not any(map(has_content, pages)) and _has_pictures(document)
        return _Raw(pages, title, list(_outline(document)), pictures)


def _pdfium_pages(document: pypdfium2.PdfDocument, limits: Limits) -> Iterator[str]:
    room, loaded = limits.max_text_characters, 0
    for index in range(min(len(document), _MAX_PAGES)):
        text = ""
        with contextlib.suppress(pypdfium2.PdfiumError):
            page = document[index]
            textpage = page.get_textpage()
            text = textpage.get_text_range()
            textpage.close()
            if limits.recognise is not None and not has_content(text) and _has_picture(page):
                text = limits.recognise(page)
            page.close()
            loaded += 1
        room -= len(text)
        yield text
        if room < 0:
            return
    if not loaded:
        raise pypdfium2.PdfiumError("no page can be loaded")


def _has_pictures(document: pypdfium2.PdfDocument) -> bool:
    for index in range(min(len(document), 20)):
        with contextlib.suppress(pypdfium2.PdfiumError):
            if _has_picture(document[index]):
                return True
    return False


def _has_picture(page: pypdfium2.PdfPage) -> bool:
    return any(item.type == raw.FPDF_PAGEOBJ_IMAGE for item in page.get_objects(max_depth=3))


def _outline(document: pypdfium2.PdfDocument) -> Iterator[Entry]:
    with contextlib.suppress(pypdfium2.PdfiumError, RecursionError):
        for count, bookmark in enumerate(document.get_toc(max_depth=_MAX_OUTLINE_DEPTH)):
            if count >= _MAX_OUTLINE_ENTRIES:
                return
            destination = bookmark.get_dest()
            page = destination.get_index() if destination else None
            if page is not None:
                yield Entry(bookmark.level + 1, bookmark.get_title(), page + 1)


def _read_with_pypdf(data: bytes, limits: Limits) -> _Raw | None:
    """Slow, but it repairs some files; None when it fails as well."""
    import pypdf  # noqa: PLC0415 -- only for files that pdfium cannot read
    from pypdf.errors import FileNotDecryptedError, WrongPasswordError  # noqa: PLC0415

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        document = pypdf.PdfReader(io.BytesIO(data))
        _unlock(document)
        return _Raw(list(_pypdf_pages(document, limits)), document.metadata.title if document.metadata else None)
    except (FileNotDecryptedError, WrongPasswordError) as exc:
        raise EncryptedError from exc
    except (EncryptedError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 -- pypdf raises anything at all on damaged files
        return None


def _unlock(document: "PdfReader") -> None:
    """Files with an owner's password only open with an empty one."""
    if document.is_encrypted and not document.decrypt(""):
        raise EncryptedError


def _pypdf_pages(document: "PdfReader", limits: Limits) -> Iterator[str]:
    room = limits.max_text_characters
    for page in document.pages[:_MAX_PAGES]:
        text = page.extract_text()
        room -= len(text)
        yield text
        if room < 0:
            return
