from email.message import EmailMessage

import pytest

from ingest.parsing.errors import CorruptError, EncryptedError
from tests.ingest.parsing.files import archive, assert_consistent, read

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:title>A Book</dc:title></metadata><manifest><item id="b" href="text/two.xhtml"/>'
    '<item id="a" href="text/one%20.xhtml"/><item id="gone" href="none.xhtml"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="gone"/><itemref idref="b"/></spine></package>'
)


def epub(**more: str) -> bytes:
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": PACKAGE,
        "OPS/text/one .xhtml": "<html><body><h1>One</h1><p>Begin</p></body></html>",
        "OPS/text/two.xhtml": "<html><body><h1>Two</h1><p>End</p></body></html>",
    }
    return archive(members | more)


def test_chapters_come_in_reading_order() -> None:
    document = read(epub(), "x.epub")
    assert document.text == "# One\n\nBegin\n\n# Two\n\nEnd"
    assert document.title == "A Book"
    assert_consistent(document)


def test_a_book_without_a_package_is_corrupt() -> None:
    with pytest.raises(CorruptError):
        read(archive({"mimetype": "application/epub+zip", "META-INF/container.xml": "<container/>"}), "x.epub")


def test_a_protected_book_says_so() -> None:
    chapters = {"OPS/text/one .xhtml": "", "OPS/text/two.xhtml": "", "META-INF/encryption.xml": "<encryption/>"}
    with pytest.raises(EncryptedError, match="DRM"):
        read(epub(**chapters), "x.epub")


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "bo@example.org"
    message["Subject"] = "Die Prüfung 考试"
    message["Date"] = "Mon, 03 Oct 2022 06:59:28 +0000"
    return message


def test_a_mail_shows_its_headers_text_and_attachments() -> None:
    message = mail()
    message.set_content("See the table.\n")
    message.add_alternative("<p>Not this one</p>", subtype="html")
    message.add_attachment("a,b\nx,y\n", subtype="csv", filename="table.csv")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="photo.png")
    document = read(message.as_bytes(), "mail.eml")
    assert document.text == (
        "# Die Prüfung 考试\n\n"
        "From: Ada <ada@example.org>\nTo: bo@example.org\nDate: Mon, 03 Oct 2022 06:59:28 +0000\n\n"
        "See the table.\n\nAttachment: table.csv\n\na | b\na: x | b: y\n\nAttachment: photo.png"
    )
    assert document.title == "Die Prüfung 考试"
    assert_consistent(document)


def test_a_mail_of_html_only_is_read() -> None:
    message = mail()
    message.set_content("<html><body><h2>News</h2><p>Text</p></body></html>", subtype="html")
    assert read(message.as_bytes(), "unnamed").text.endswith("## News\n\nText")


def test_mails_in_mails_do_not_recurse() -> None:
    inner = mail()
    inner.set_content("innermost")
    for _ in range(6):
        outer = mail()
        outer.set_content("outer")
        outer.add_attachment(inner.as_bytes(), maintype="application", subtype="octet-stream", filename="x.eml")
        inner = outer
    assert read(inner.as_bytes(), "x.eml").text.count("outer") == 1


@pytest.mark.parametrize("broken", ["Date: \x00", "To: <<>>;;,", "Content-Type: ;;;"])
def test_malformed_headers_do_not_fail_the_mail(broken: str) -> None:
    data = f"From: a@b.c\r\nSubject: Hi\r\n{broken}\r\nMIME-Version: 1.0\r\n\r\nThe body".encode()
    assert "The body" in read(data, "x.eml").text
