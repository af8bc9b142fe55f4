import datetime as dt
import io
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches

from ingest.parsing.errors import CorruptError, EmptyError
from ingest.parsing.extracted import Page
from tests.ingest.parsing.files import assert_consistent, read, rewritten


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Handbook"
    document.add_heading("Handbook", 0)
    document.add_heading("Rules", 1)
    document.add_paragraph("Be kind.\tAlways.")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for index, text in enumerate(("Name", "Age", "Ada", "36")):
        table.cell(index // 2, index % 2).text = text
    document.add_heading("Details", 2)
    document.add_paragraph("The end.")
    return saved(document)


def test_word_keeps_headings_lists_and_tables_in_order() -> None:
    document = read(word(), "x.docx")
    assert document.text == (
        "# Handbook\n\n# Rules\n\nBe kind.\tAlways.\n\n- first\n- second\n\n"
        "Name | Age\nAda | 36\n\n## Details\n\nThe end."
    )
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Handbook"),
        (1, "Rules"),
        (2, "Details"),
    ]
    assert document.title == "Handbook"
    assert_consistent(document)


def test_word_takes_insertions_and_leaves_deletions_and_field_codes_out() -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = (
        "<w:p><w:r><w:t>Kept</w:t></w:r><w:ins><w:r><w:t> inserted</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    xml = f"<w:document {space}><w:body>{body}</w:body></w:document>".encode()
    assert read(rewritten(word(), {"word/document.xml": xml}), "x.docx").text == "Kept inserted"


def test_tables_in_tables_are_read_once() -> None:
    document = docx.Document()
    cell = document.add_table(rows=1, cols=1).cell(0, 0)
    for depth in range(12):
        cell.text = f"level {depth}"
        cell = cell.add_table(rows=1, cols=1).cell(0, 0)
    cell.text = "innermost"
    assert read(saved(document), "x.docx").text.count("innermost") == 1


def test_word_styles_based_on_themselves_do_not_hang() -> None:
    data = word()
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    style = (
        '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="x"/><w:basedOn w:val="Heading1"/></w:style>'
    )
    xml = f"<w:styles {space}>{style}</w:styles>".encode()
    assert "Rules" in read(rewritten(data, {"word/styles.xml": xml}), "x.docx").text


def slides() -> bytes:
    presentation = pptx.Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[5])
    first.shapes.title.text = "Opening"
    box = first.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1))
    box.text_frame.text = "lower text"
    group = first.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1)).text_frame.text = "in a group"
    first.notes_slide.notes_text_frame.text = "Speak slowly"
    second = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = second.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for index, text in enumerate(("都市", "人口", "東京", "14")):
        table.cell(index // 2, index % 2).text = text
    return saved(presentation)


def test_slides_are_pages_with_titles_text_tables_and_notes() -> None:
    document = read(slides(), "x.pptx")
    assert document.text == "## Opening\n\nin a group\n\nlower text\n\nSpeak slowly\n\n都市 | 人口\n東京 | 14"
    assert document.pages == (Page(1, 0), Page(2, document.text.index("都市")))
    assert_consistent(document)


def sheets(rows: list[list[Any]]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "People"
    for row in rows:
        sheet.append(row)
    workbook.create_sheet("Empty")
    return saved(workbook)


def test_every_row_of_a_sheet_says_what_its_values_are() -> None:
    rows: list[list[Any]] = [
        ["Staff"],
        ["Name", "Born", "Share"],
        ["Ada", dt.date(1815, 12, 10), 0.1 + 0.2],
        ["Bo", None, 2.0],
    ]
    document = read(sheets(rows), "x.xlsx")
    assert document.text == (
        "## People\n\nStaff\nName | Born | Share\nName: Ada | Born: 1815-12-10 | Share: 0.3\nName: Bo | Share: 2"
    )
    assert_consistent(document)


def test_a_sheet_without_column_names_is_shown_as_it_is() -> None:
    assert read(sheets([[1, 2], [3, True]]), "x.xlsx").text == "## People\n\n1 | 2\n3 | TRUE"


def test_a_workbook_without_values_is_empty() -> None:
    with pytest.raises(EmptyError):
        read(sheets([]), "x.xlsx")


@pytest.mark.parametrize("make", [word, slides, lambda: sheets([["a", "b"]])])
def test_a_truncated_office_file_is_corrupt(make: Any) -> None:
    data = make()
    with pytest.raises(CorruptError):
        read(data[: len(data) // 2], "x.docx")
