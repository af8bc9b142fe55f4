import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.parsing import Limits, ParseError, parse
from tests.ingest.parsing.files import archive, assert_consistent, read, rewritten
from tests.ingest.parsing.test_books_and_mail import CONTAINER, PACKAGE
from tests.ingest.parsing.test_office import sheets, slides, word

LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 20}">' for level in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "haha">{LAUGHS}]>'


def docx_with(doctype: str, entity: str) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f"<w:body><w:p><w:r><w:t>before &{entity}; after</w:t></w:r></w:p></w:body>"
    return rewritten(word(), {"word/document.xml": f'{doctype}<w:document xmlns:w="{space}">{body}</w:document>'})


def pptx_with(doctype: str, entity: str) -> bytes:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/main"
    space = "http://schemas.openxmlformats.org/presentationml/2006/main"
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="t"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>before &{entity}; after</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    tree = f"<p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>{shape}</p:spTree></p:cSld>"
    xml = f'{doctype}<p:sld xmlns:p="{space}" xmlns:a="{drawing}">{tree}</p:sld>'
    return rewritten(slides(), {"ppt/slides/slide1.xml": xml})


def xlsx_with(doctype: str, entity: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    row = f'<row r="1"><c r="A1" t="inlineStr"><is><t>before &{entity}; after</t></is></c></row>'
    xml = f'{doctype}<worksheet xmlns="{space}"><sheetData>{row}</sheetData></worksheet>'
    return rewritten(sheets([["a"]]), {"xl/worksheets/sheet1.xml": xml})


def epub_with(doctype: str, entity: str) -> bytes:
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": doctype + PACKAGE.replace("A Book", f"&{entity};"),
            "OPS/text/two.xhtml": f"{doctype}<html><body><p>before &{entity}; after</p></body></html>",
        }
    )


def odt_with(doctype: str, entity: str) -> bytes:
    spaces = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    body = f"<office:body><text:p>before &{entity}; after</text:p></office:body>"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"{doctype}<office:document {spaces}>{body}</office:document>",
        }
    )


MAKERS = [docx_with, pptx_with, xlsx_with, epub_with, odt_with]


@pytest.mark.parametrize("make", MAKERS)
def test_entities_that_grow_without_end_are_not_expanded(make: Callable[[str, str], bytes]) -> None:
    with contextlib.suppress(ParseError):
        assert len(read(make(BOMB, "l9"), "x").text) < 10_000


@pytest.mark.parametrize("make", MAKERS)
def test_entities_do_not_read_files(make: Callable[[str, str], bytes], tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not tell anybody")
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY leak SYSTEM "{secret.as_uri()}">]>'
    with contextlib.suppress(ParseError):
        document = read(make(doctype, "leak"), "x")
        assert "do not tell" not in document.text + (document.title or "")


@pytest.mark.parametrize("make", MAKERS)
def test_internal_entities_and_damaged_xml_end_with_text_or_a_reason(make: Callable[[str, str], bytes]) -> None:
    for doctype in ("", "<!DOCTYPE x [<!ENTITY open", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'):
        with contextlib.suppress(ParseError):
            assert_consistent(read(make(doctype, "amp"), "x"))


def test_real_hostile_files_end_with_text_or_a_reason(shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "hostile").iterdir()) if path.stat().st_size < 2_000_000]
    assert files
    for path in files:
        with contextlib.suppress(ParseError):
            document = parse(path.read_bytes(), path.name, Limits())
            assert document.text
            assert_consistent(document)
