"""Emails (.eml)."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from ingest.parsing.composing import Composer
from ingest.parsing.errors import ParseError
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.html import add_html
from ingest.text.cleaning import clean_line
from ingest.text.decoding import decode

_SHOWN = ("From", "To", "Cc", "Date")
_MAX_ATTACHMENTS = 100


def read(data: bytes, limits: Limits) -> Extracted:
    """Read subject, sender, recipients, date, the text, and what is attached, as far as that can be read."""
    message = _message(data)
    composer = Composer(limits)
    subject = _header(message, "Subject")
    composer.heading(1, subject)
    composer.paragraph("\n".join(f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))))
    _add_body(composer, message)
    for index, attachment in enumerate(_attachments(message)):
        if index < _MAX_ATTACHMENTS:
            _add_attachment(composer, attachment, limits)
    return composer.finish("message/rfc822", subject)


def _message(data: bytes) -> EmailMessage:
    if b"\x00" in data[:1024] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = decode(data).encode()
    return message_from_bytes(data.lstrip(), policy=policy.default)


def _header(message: EmailMessage, name: str) -> str:
    """A header's text; the standard library raises on some malformed ones."""
    try:
        return clean_line(str(message.get(name, "")))
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""


def _add_body(composer: Composer, message: EmailMessage) -> None:
    body = message.get_body(("plain", "html"))
    if body is None:
        return
    text = _text(body)
    if body.get_content_subtype() == "html":
        add_html(composer, text)
    else:
        composer.paragraph(text)


def _text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    return decode(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _attachments(message: EmailMessage) -> Iterator[MIMEPart]:
    for part in message.walk():
        if part.get_filename() and not part.is_multipart():
            yield part


def _add_attachment(composer: Composer, part: MIMEPart, limits: Limits) -> None:
    """Name the attachment and add its text; one that cannot be read must not fail the message."""
    name = clean_line(part.get_filename() or "")
    composer.paragraph(f"Attachment: {name}")
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return
    try:
        composer.append(_parse_attachment(payload, name, limits))
    except ParseError:
        return


def _parse_attachment(payload: bytes, name: str, limits: Limits) -> Extracted:
    from ingest.parsing.detection import detect  # noqa: PLC0415
    from ingest.parsing.errors import UnsupportedTypeError  # noqa: PLC0415
    from ingest.parsing.parser import parse  # noqa: PLC0415 -- parser imports this module, by name

    if detect(payload, name) == "eml":
        raise UnsupportedTypeError
    return parse(payload, name, limits)
