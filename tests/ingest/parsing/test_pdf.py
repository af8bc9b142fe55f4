import io

import pypdf
import pytest

from ingest.parsing.errors import CorruptError, EmptyError, EncryptedError, ScannedError
from ingest.parsing.extracted import Heading, Page
from tests.ingest.parsing.files import assert_consistent, pdf, read, scanned_pdf

PROSE = [
    "The committee met on the first Monday of the month and agreed to",
    "postpone the vote until the treasurer has presented the complete re-",
    "port of the year. Nobody objected.",
    "A second paragraph starts here and it is long enough to be wrapped",
    "as well.",
]


def encrypted(*, user: str, owner: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([["Secret figures"]])))
    writer.encrypt(user, owner, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_pages_are_numbered_and_their_offsets_are_exact() -> None:
    document = read(pdf([["First page"], [], ["Third page"]], title="Minutes"), "x.pdf")
    assert document.text == "First page\n\nThird page"
    assert document.pages == (Page(1, 0), Page(3, 12))
    assert document.title == "Minutes"
    assert document.media_type == "application/pdf"


def test_wrapped_lines_become_paragraphs_again() -> None:
    document = read(pdf([PROSE]), "x.pdf")
    assert document.text.split("\n") == [
        (
            "The committee met on the first Monday of the month and agreed to postpone the vote until the "
            "treasurer has presented the complete report of the year. Nobody objected."
        ),
        "A second paragraph starts here and it is long enough to be wrapped as well.",
    ]


def test_outline_entries_become_headings_where_their_words_stand() -> None:
    pages = [["1 Introduction", *PROSE], ["2 Results", *PROSE]]
    document = read(pdf(pages, outline=[("Introduction", 1), ("Results", 2), ("Not there", 2)]), "x.pdf")
    second = document.text.index("2 Results")
    assert document.headings == (Heading(1, "Introduction", 0), Heading(1, "Results", second))
    assert_consistent(document)


def test_a_user_password_is_reported() -> None:
    with pytest.raises(EncryptedError, match="remove the password"):
        read(encrypted(user="open", owner="own"), "x.pdf")


def test_an_owner_password_alone_does_not_hinder_reading() -> None:
    assert read(encrypted(user="", owner="own"), "x.pdf").text == "Secret figures"


def test_pictures_without_text_are_called_scanned() -> None:
    with pytest.raises(ScannedError, match="OCR"):
        read(scanned_pdf(), "x.pdf")


def test_pages_without_anything_are_called_empty() -> None:
    with pytest.raises(EmptyError):
        read(pdf([[], []]), "x.pdf")


@pytest.mark.parametrize("keep", [40, 400])
def test_a_truncated_file_is_called_corrupt(keep: int) -> None:
    with pytest.raises((CorruptError, EmptyError)):
        read(pdf([["Some text"]])[:keep], "x.pdf")


def test_a_file_with_a_broken_cross_reference_table_is_still_read() -> None:
    data = pdf([["Some text"]])
    assert read(data.replace(b"startxref\n", b"startxref\n9"), "x.pdf").text == "Some text"
