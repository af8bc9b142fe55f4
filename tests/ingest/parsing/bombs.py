"""Files that were made to do harm; each small, whatever it claims or unpacks to."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from email.message import EmailMessage

from tests.ingest.parsing.files import archive, pdf_of, rewritten
from tests.ingest.parsing.test_books_and_mail import CONTAINER, PACKAGE
from tests.ingest.parsing.test_office import sheets, slides, word

_MEGABYTE = 1_000_000
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODT = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, deflated."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(_MEGABYTE)) for _ in range(megabytes)) + packer.flush()


def blown_up(member: str, megabytes: int, beside: bytes) -> bytes:
    """A zip file like `beside`, one member of which unpacks to so many megabytes of blanks."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(beside)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name != member:
                target.writestr(name, source.read(name))
        with target.open(member, "w", force_zip64=True) as out:
            for _ in range(megabytes):
                out.write(b" " * _MEGABYTE)
    return buffer.getvalue()


def lying_about_its_size(data: bytes, member: str) -> bytes:
    """A zip file that declares ten bytes for a member that has more."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        size = source.getinfo(member).file_size.to_bytes(4, "little")
    return data.replace(size, (10).to_bytes(4, "little"))


def with_a_link(data: bytes, member: str, target: str) -> bytes:
    """A zip file in which a member is a symbolic link to a file of the machine that unpacks it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as out:
        for name in source.namelist():
            info = zipfile.ZipInfo(name)
            if name == member:
                info.create_system, info.external_attr = 3, 0o120777 << 16
            out.writestr(info, target if name == member else source.read(name))
    return buffer.getvalue()


def epub(chapter: str = "<p>text</p>", package: str = PACKAGE) -> bytes:
    """A book of one chapter."""
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": package,
            "OPS/text/two.xhtml": f"<html><body>{chapter}</body></html>",
        }
    )


def odt(paragraphs: str = "<text:p>text</text:p>") -> bytes:
    """An OpenDocument text."""
    content = f"<office:document {_ODT}><office:body>{paragraphs}</office:body></office:document>"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": content,
        }
    )


def deep_docx(depth: int) -> bytes:
    """Paragraphs inside elements inside elements."""
    body = "<w:sdt>" * depth + "<w:p><w:r><w:t>deep</w:t></w:r></w:p>" + "</w:sdt>" * depth
    return rewritten(
        word(), {"word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'}
    )


def deep_odt(depth: int) -> bytes:
    """Sections inside sections."""
    return odt("<text:section>" * depth + "<text:p>deep</text:p>" + "</text:section>" * depth)


def wide_xlsx(rows: int) -> bytes:
    """Rows with their only cell in the last column, in a sheet that claims to be as large as sheets can be."""
    cells = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(1, rows + 1))
    xml = f'<worksheet xmlns="{_SHEET}"><dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData></worksheet>'
    return rewritten(sheets([["a"]]), {"xl/worksheets/sheet1.xml": xml})


def far_xlsx() -> bytes:
    """Two cells, in the first and the last corner of the largest sheet there can be."""
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    xml = f'<worksheet xmlns="{_SHEET}"><dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData></worksheet>'
    return rewritten(sheets([["a"]]), {"xl/worksheets/sheet1.xml": xml})


def forwarded(depth: int) -> bytes:
    """A message in a message in a message."""
    head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: again\r\nMIME-Version: 1.0\r\n"
    layer = head + "Content-Type: message/rfc822\r\n\r\n"
    return (layer * depth + head + "Content-Type: text/plain\r\n\r\nthe end\r\n").encode()


def many_parts(depth: int) -> bytes:
    """Parts in parts in parts, each with a boundary of its own."""
    head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
    layers = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return (head + layers + "Content-Type: text/plain\r\n\r\nthe end\r\n").encode()


def mail_with(attachments: list[tuple[str, bytes]]) -> bytes:
    """A message with files attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "files"
    message.set_content("see attached")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def _pages(content: bytes, filters: str = "", extra: str = "") -> bytes:
    """A PDF of one page with this content stream."""
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R {extra} >>".encode(),
            b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), filters.encode(), content),
            b"<< >>",
        ]
    )


def flate_pdf(megabytes: int) -> bytes:
    """A page whose content unpacks to so many megabytes."""
    return _pages(zeros(megabytes), "/Filter /FlateDecode")


def twice_flate_pdf(megabytes: int) -> bytes:
    """The same, deflated twice, in a file of a few kilobytes."""
    return _pages(zlib.compress(zeros(megabytes), 9), "/Filter [/FlateDecode /FlateDecode]")


def looping_pages_pdf() -> bytes:
    """A page tree whose branch holds the tree."""
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 2 /Kids [3 0 R 2 0 R] >>",
            b"<< /Type /Pages /Parent 2 0 R /Count 1 /Kids [2 0 R 3 0 R] >>",
            b"<< >>",
        ]
    )


def claimed_pages_pdf(count: int) -> bytes:
    """One page, said to be many."""
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count %d /Kids [3 0 R] >>" % count,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
            b"<< >>",
        ]
    )


def multiplied_pages_pdf(levels: int) -> bytes:
    """A page tree in which every branch is the next one ten times."""
    branches = [
        b"<< /Type /Pages /Count %d /Kids [%b] >>" % (10 ** (levels - level), b" ".join([b"%d 0 R" % (level + 3)] * 10))
        for level in range(levels)
    ]
    page = b"<< /Type /Page /MediaBox [0 0 612 792] >>"
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", *branches, page, b"<< >>"])


def multiplied_forms_pdf(levels: int) -> bytes:
    """A page that draws a form that draws the next one ten times, and so on."""
    forms = [
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F %d 0 R >> >> /Length 60 >>\n"
        b"stream\n%b\nendstream" % (level + 6, b"/F Do " * 10)
        for level in range(levels)
    ]
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            (
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
                b"/Resources << /XObject << /F 5 0 R >> >> >>"
            ),
            b"<< /Length 5 >>\nstream\n/F Do\nendstream",
            *forms,
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 2 >>\nstream\nq \nendstream",
            b"<< >>",
        ]
    )


def looping_object_streams_pdf() -> bytes:
    """Object streams that extend, and hold, each other; the page tree is inside."""
    data = b"%PDF-1.7\n"
    offsets = []
    for number, other in ((1, 2), (2, 1)):
        offsets.append(len(data))
        inner = b"%d 0 " % other
        data += (
            b"%d 0 obj\n<< /Type /ObjStm /N 1 /First %d /Extends %d 0 R /Length %d >>\n"
            b"stream\n%b<< >>\nendstream\nendobj\n" % (number, len(inner), other, len(inner) + 5, inner)
        )
    start = len(data)
    rows = bytes([0, 0, 0, 0, 2, 0, 2, 0, 2, 0, 1, 0, 2, 0, 2, 0])
    data += b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 2 1] /Root 1 0 R /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (
        len(rows),
        rows,
    )
    return data + b"startxref\n%d\n%%%%EOF\n" % start


def looping_xref_pdf() -> bytes:
    """A cross-reference table that says the one before is itself."""
    data = _pages(b"")
    return data.replace(b"trailer\n<< ", b"trailer\n<< /Prev %d " % data.rindex(b"xref\n0"))


def nested_zip(levels: int) -> bytes:
    """A zip in a zip in a zip, ten times on each level, in the end zeros."""
    data = archive({"zeros": bytes(_MEGABYTE)})
    for _ in range(levels):
        data = archive({f"{number}.zip": data for number in range(10)})
    return data


def deep_json(depth: int) -> bytes:
    """Lists in lists."""
    return b"[" * depth + b"]" * depth


def long_line(characters: int, begin: str = "", end: str = "") -> bytes:
    """A single line."""
    return (begin + "word " * (characters // 5) + end).encode()


def wide_csv(columns: int, rows: int = 3) -> bytes:
    """A table of so many columns."""
    head = ",".join(f"c{column}" for column in range(columns))
    return "\n".join([head, *[",".join(["1"] * columns)] * (rows - 1)]).encode()


def notebook(cells: int) -> bytes:
    """A notebook whose cells are not what they should be."""
    return json.dumps({"cells": [{"cell_type": "code", "source": 1}] * cells}).encode()


def everything(scale: int = 1) -> Iterator[tuple[str, bytes]]:
    """Each of them with a file name; `scale` makes all of them so many times smaller than they can be."""
    big, unpacked = 1_000 // scale, 200 // scale
    yield "flat.zip", archive({"a.txt": bytes(50 * _MEGABYTE // scale)})
    yield "nested.zip", nested_zip(3)
    yield "bomb.docx", blown_up("word/document.xml", unpacked, word())
    yield "bomb.pptx", blown_up("ppt/slides/slide1.xml", unpacked, slides())
    yield "bomb.xlsx", blown_up("xl/worksheets/sheet1.xml", unpacked, sheets([["a"]]))
    yield "bomb.epub", blown_up("OPS/text/two.xhtml", unpacked, epub())
    yield "bomb.odt", blown_up("content.xml", unpacked, odt())
    yield "lying.docx", lying_about_its_size(word(), "word/document.xml")
    yield "link.docx", with_a_link(word(), "word/document.xml", "/etc/hostname")
    yield "link.odt", with_a_link(odt(), "content.xml", "/etc/hostname")
    yield "flate.pdf", flate_pdf(big)
    yield "twice_flate.pdf", twice_flate_pdf(big)
    yield "looping_pages.pdf", looping_pages_pdf()
    yield "claimed_pages.pdf", claimed_pages_pdf(2**31 - 1)
    yield "multiplied_pages.pdf", multiplied_pages_pdf(6)
    yield "multiplied_forms.pdf", multiplied_forms_pdf(9)
    yield "looping_object_streams.pdf", looping_object_streams_pdf()
    yield "looping_xref.pdf", looping_xref_pdf()
    depth = 200_000 // scale
    yield "deep.docx", deep_docx(depth)
    yield "deep.odt", deep_odt(depth)
    yield "deep.html", b"<html><body>" + b"<div>" * depth + b"deep"
    yield "deep_inline.html", b"<html><body>" + b"<b><i>" * (depth // 2) + b"deep"
    yield "deep_lists.html", b"<html><body>" + b"<ul><li>" * (depth // 2) + b"deep"
    yield "deep_tables.html", b"<html><body>" + b"<table><tr><td>" * (depth // 3) + b"deep"
    yield "deep.json", deep_json(depth)
    yield "deep_objects.json", b'{"a":' * depth + b"1" + b"}" * depth
    yield "deep.rtf", b"{\\rtf1 " + b"{" * depth + b"deep" + b"}" * depth
    line = 50_000_000 // scale
    yield "line.txt", long_line(line)
    yield "line.csv", long_line(line)
    yield "line.md", long_line(line, "# ")
    yield "line.html", long_line(line, "<html><body><p>")
    yield "line.json", long_line(line, '["', '"]')
    yield "cells.csv", b"1," * (line // 2)
    yield "tags.html", b"<html>" + b"<br>" * (line // 4)
    yield "items.json", b"[" + b"1," * (line // 2) + b"1]"
    yield "quotes.csv", b'"' * line
    yield "marks.md", b"# " + b"[" * line
    yield "blanks.md", b"# a" + b" \t" * (line // 2) + b"{"
    yield "wide.csv", wide_csv(1_000_000 // scale)
    yield "far.xlsx", far_xlsx()
    yield "forwarded.eml", forwarded(10_000 // scale)
    yield "parts.eml", many_parts(10_000 // scale)
    yield "bombs.eml", mail_with([("a.docx", blown_up("word/document.xml", 20, word())), ("b.txt", b"read me")])
    yield "cells.ipynb", notebook(3)
