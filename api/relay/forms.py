"""The model that a multipart form names, found in its beginning (RFC 7578)."""

import re

_BOUNDARY = re.compile(r'boundary=(?:"([^"\\]{1,200})"|([^;,\s"\\]{1,200}))', re.IGNORECASE)
_IS_MODEL = re.compile(rb'content-disposition:[^\r\n]*;\s*name=(?:"model"|model(?=[;\r\s]|$))', re.IGNORECASE)
_LONGEST_NAME = 1_024
_OTHER_LINES = rb"(?:(?!content-disposition)[!-9;-~]+:[^\r\n]*\r\n)*"
_PLAIN_HEAD = re.compile(
    rb"\r\n"
    + _OTHER_LINES
    + rb'content-disposition: ?form-data; ?name="[^"\\\r\n]*"(?:(?!;\s*name)[^\r\n])*\r\n'
    + _OTHER_LINES
    + rb"\r\n",
    re.IGNORECASE,
)


def form_models(content_type: str, beginning: bytes) -> list[str]:
    """The values of all fields `model` that the beginning of the form holds whole; usually one."""
    delimiter = _delimiter(content_type)
    if delimiter is None:
        return []
    models = []
    for part in (b"\r\n" + beginning).split(delimiter)[1:-1]:  # what follows the last delimiter may go on
        head, separator, value = part.partition(b"\r\n\r\n")
        if separator and len(value) <= _LONGEST_NAME and _IS_MODEL.search(head):
            models.append(value.decode("utf-8", "replace"))
    return models


def is_plain_form(content_type: str, beginning: bytes) -> bool:
    """Whether all readers of forms find the same fields in it, as far as it is here: it is written as clients do."""
    delimiter = _delimiter(content_type)
    body = b"\r\n" + beginning
    if delimiter is None or body.count(delimiter) != body.count(delimiter[1:]):  # some take a lone LF for an end
        return False
    before, *parts = body.split(delimiter)
    return not before and all(_PLAIN_HEAD.match(part) for part in parts[:-1])


def _delimiter(content_type: str) -> bytes | None:
    found = _BOUNDARY.search(content_type)
    if found is None or content_type.lower().count("boundary") > 1:  # readers differ in which of them counts
        return None
    return b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")


def is_form(content_type: str) -> bool:
    """Whether a body is a form with files."""
    return content_type[:10].lower() == "multipart/"
