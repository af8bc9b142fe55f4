"""A folder of ordinary files of several kinds, the same at every call."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import docx
import openpyxl

from benchmarks.prose import Writer

Make = Callable[[Writer], bytes]


def make_folder(folder: Path, files: int) -> None:
    """Write `files` files: three quarters Markdown, the rest HTML, text, Word, PDF, CSV and Excel."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        suffix = "md" if number % 4 else list(_OTHERS)[number // 4 % len(_OTHERS)]
        make = _OTHERS.get(suffix, markdown)
        (folder / f"{number:04}.{suffix}").write_bytes(make(Writer(number)))


def markdown(write: Writer) -> bytes:
    """A page of documentation: sections of prose, lists and code."""
    parts = [f"# {write.title()}"]
    for _ in range(write.number(2, 9)):
        parts += [f"## {write.title()}", *(write.paragraph() for _ in range(write.number(1, 4)))]
        parts.append("\n".join(f"- {write.sentence()}" for _ in range(write.number(2, 5))))
        parts.append(f"```python\n{write.word()} = [{write.number(1, 9)}, {write.number(1, 9)}]\n```")
    return "\n\n".join(parts).encode()


def note(write: Writer) -> bytes:
    """A small page: one to three chunks of 800 tokens with an overlap of 400."""
    paragraphs = (write.paragraph() for _ in range(write.number(1, 22)))
    return "\n\n".join((f"# {write.title()}", *paragraphs)).encode()


def html(write: Writer) -> bytes:
    """A web page with navigation, which no reader wants, and sections, which they do."""
    links = "".join(f'<li><a href="/{write.word()}">{write.title()}</a></li>' for _ in range(12))
    sections = "".join(
        f"<h2>{write.title()}</h2>" + "".join(f"<p>{write.paragraph()}</p>" for _ in range(write.number(2, 4)))
        for _ in range(write.number(3, 8))
    )
    title = write.title()
    page = f"<nav><ul>{links}</ul></nav><main><h1>{title}</h1>{sections}</main>"
    return f"<!doctype html><html><head><title>{title}</title></head><body>{page}</body></html>".encode()


def text(write: Writer) -> bytes:
    """Plain paragraphs."""
    return "\n\n".join(write.paragraph() for _ in range(write.number(8, 25))).encode()


def word(write: Writer) -> bytes:
    """A Word document with headings."""
    document = docx.Document()
    for _ in range(write.number(3, 7)):
        document.add_heading(write.title(), 1)
        for _ in range(write.number(1, 4)):
            document.add_paragraph(write.paragraph())
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def pdf(write: Writer) -> bytes:
    """Two to five pages of lines in Helvetica (ISO 32000-1, 7.5)."""
    pages = [_page(write) for _ in range(write.number(2, 5))]
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode()]
    for index, content in enumerate(pages):
        size = f"/MediaBox [0 0 595 842] /Resources {font} /Contents {4 + 2 * index} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {size} >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return _with_table(objects)


def _page(write: Writer) -> bytes:
    lines = [f"({' '.join(write.word() for _ in range(13))}) Tj T*" for _ in range(45)]
    return "\n".join(["BT /F1 10 Tf 12 TL 50 790 Td", *lines, "ET"]).encode()


def _with_table(objects: list[bytes]) -> bytes:
    written, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer << /Size {size} /Root 1 0 R >>"
    return bytes(written) + f"{table}\nstartxref\n{len(written)}\n%%EOF\n".encode()


def _rows(write: Writer) -> list[list[str]]:
    head = [write.title() for _ in range(4)]
    return [head, *([write.title(), write.word(), str(write.number(1, 99)), write.sentence()] for _ in range(40))]


def comma_separated(write: Writer) -> bytes:
    """Forty rows of four columns."""
    written = io.StringIO()
    csv.writer(written).writerows(_rows(write))
    return written.getvalue().encode()


def excel(write: Writer) -> bytes:
    """The same in a workbook."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet(write.title())
    for row in _rows(write):
        sheet.append(row)
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


_OTHERS: Mapping[str, Make] = {
    "html": html,
    "txt": text,
    "docx": word,
    "pdf": pdf,
    "csv": comma_separated,
    "xlsx": excel,
}
