"""Small files of each format, made on the spot."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

from ingest.parsing import Extracted, Limits, parse

LIMITS = Limits()


def read(data: bytes, filename: str) -> Extracted:
    return parse(data, filename, LIMITS)


def pdf(pages: Iterable[Sequence[str]], *, title: str = "", outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF whose pages hold the given lines; `outline` has titles and page numbers from 1."""
    contents = [_page_content(lines) for lines in pages]
    first_page, first_content = 4, 4 + len(contents)
    first_entry = first_content + len(contents)
    kids = " ".join(f"{first_page + index} 0 R" for index in range(len(contents)))
    root = f"/Type /Catalog /Pages 2 0 R{f' /Outlines {first_entry} 0 R' if outline else ''}"
    objects = [
        f"<< {root} >>".encode(),
        f"<< /Type /Pages /Count {len(contents)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    objects += [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {first_content + index} 0 R "
        "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        for index in range(len(contents))
    ]
    objects += [b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content) for content in contents]
    objects += _outline_objects(outline, first_entry, first_page)
    objects.append(f"<< /Title ({title}) >>".encode())
    return pdf_of(objects)


def scanned_pdf() -> bytes:
    """A page that holds nothing but a picture."""
    picture = zlib.compress(bytes(64))
    content = b"q 612 0 0 792 0 0 cm /Im1 Do Q"
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            (
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
                b"/Resources << /XObject << /Im1 5 0 R >> >> >>"
            ),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            b"<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(picture), picture),
            b"<< >>",
        ]
    )


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return buffer.getvalue()


def rewritten(data: bytes, changes: dict[str, str | bytes]) -> bytes:
    """A zip file with some members replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    return archive(members | changes)


def assert_consistent(document: Extracted) -> None:
    """Every offset is inside the text, in order, and points at what it says."""
    starts = [heading.start for heading in document.headings]
    assert starts == sorted(starts)
    for heading in document.headings:
        assert 0 <= heading.start < len(document.text)
        assert heading.start == 0 or document.text[heading.start - 1] in "\n "
    offsets = [page.start for page in document.pages]
    assert offsets == sorted(offsets)
    assert all(0 <= offset < len(document.text) for offset in offsets)


def _page_content(lines: Sequence[str]) -> bytes:
    shown = (line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines)
    return ("BT /F1 11 Tf 72 720 Td 14 TL\n" + "".join(f"({line}) Tj T*\n" for line in shown) + "ET").encode("cp1252")


def _outline_objects(outline: Sequence[tuple[str, int]], first: int, first_page: int) -> list[bytes]:
    if not outline:
        return []
    last = first + len(outline)
    objects = [f"<< /Type /Outlines /First {first + 1} 0 R /Last {last} 0 R /Count {len(outline)} >>".encode()]
    for index, (title, page) in enumerate(outline, 1):
        following = f" /Next {first + index + 1} 0 R" if first + index < last else ""
        entry = f"<< /Title ({title}) /Parent {first} 0 R /Dest [{first_page + page - 1} 0 R /Fit]{following} >>"
        objects.append(entry.encode())
    return objects


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """Number the objects from 1; the last one is the document's information."""
    data = b"%PDF-1.7\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return data + trailer % (len(objects) + 1, len(objects), start)
