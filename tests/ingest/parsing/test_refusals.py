import pytest

from ingest.parsing import Limits, parse
from ingest.parsing.errors import (
    ERRORS,
    CorruptError,
    EmptyError,
    EncryptedError,
    ParseError,
    TooLargeError,
    UnsupportedTypeError,
)
from ingest.parsing.parser import READERS, reader
from tests.ingest.parsing.files import archive, read

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def ole2(stream: str) -> bytes:
    return OLE2 + stream.encode("utf-16-le") + bytes(100)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "OCR"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "OCR"),
        (b"ID3\x04" + bytes(50), "transcript"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(50), "transcript"),
        (b"\x1f\x8b\x08" + bytes(50), "unpack it"),
        (b"MZ\x90" + bytes(50), "program"),
        (bytes(range(256)) * 40, "binary"),
        (archive({"a.txt": "text"}), "unpack it"),
        (ole2("WordDocument"), "save it as .docx"),
        (ole2("Workbook"), "save it as .xlsx"),
        (ole2("PowerPoint Document"), "save it as .pptx"),
        (ole2("__substg1.0_"), "save it as .eml"),
    ],
)
@pytest.mark.parametrize("filename", ["file", "file.txt", "file.pdf"])
def test_what_is_not_read_is_refused_with_advice_whatever_its_name(data: bytes, advice: str, filename: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=advice) as caught:
        read(data, filename)
    assert "Markdown" in caught.value.message


def test_an_encrypted_office_file_is_called_so() -> None:
    with pytest.raises(EncryptedError, match="password"):
        read(ole2("EncryptedPackage"), "x.docx")


@pytest.mark.parametrize("data", [b"", b" \n\t ", "—…🙂 !".encode(), b"\xef\xbb\xbf"])
def test_nothing_to_search_for_is_empty(data: bytes) -> None:
    with pytest.raises(EmptyError):
        read(data, "x.txt")


@pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"])
def test_an_office_file_that_lacks_its_parts_is_corrupt(part: str) -> None:
    with pytest.raises(CorruptError):
        read(archive({part: "<nonsense/>"}), "x.docx")


@pytest.mark.parametrize("part", ["word/document.xml", "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(part: str) -> None:
    with pytest.raises(TooLargeError):
        read(archive({part: bytes(30_000_000)}), "x.docx")


def test_members_may_not_unpack_to_more_than_allowed_together() -> None:
    data = archive({f"word/{number}.xml": bytes(1000) for number in range(20)})
    with pytest.raises(TooLargeError):
        parse(data, "x.docx", Limits(max_unpacked_bytes=10_000))


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_stable_code_and_a_sentence(error: type[ParseError]) -> None:
    assert error.code.islower()
    assert error().message.endswith(".")
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("kind", sorted(READERS))
def test_every_kind_has_a_reader(kind: str) -> None:
    assert callable(reader(kind))


def test_a_file_cut_off_inside_a_zip_member_is_corrupt() -> None:
    data = archive({"word/document.xml": "<a/>" * 1000})
    with pytest.raises(CorruptError):
        read(data[:60], "x.docx")
