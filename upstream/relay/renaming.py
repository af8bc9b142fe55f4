"""Putting another model's name into a request; every other byte stays.

Only calls to which an alias applies come here.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote, unquote

import msgspec
from pydantic_core import from_json

from upstream.relay.call import Call, Headers

_MARK = "\x00\x00\x00"
"""No model is called so."""
_KEY = b'"model"'
_BLANKS = b" \t\r\n"
_HEAD_BYTES = 4 * 1024 * 1024
"""How far the name of the model may be into a body that passes through in pieces."""
_MOST_TRIES = 64
"""Places that look like the model's name of which each costs reading the body."""


class _Named(msgspec.Struct):
    model: str | None = None


def renamed(call: Call, model: str) -> Call:
    """The call with another name of its model, wherever it stands: path, query, JSON or form."""
    if call.model is None:
        return call
    target = _rename_target(call.target, call.model, model)
    if isinstance(call.body, bytes):
        body = _rename_body(call.headers, call.body, model)
        length = None if call.content_length is None else len(body)
        return replace(call, target=target, body=body, content_length=length, model=model)
    return _rename_stream(replace(call, target=target), call.body, model)


def _rename_target(target: str, old: str, new: str) -> str:
    path, mark, query = target.partition("?")
    segments = path.split("/")
    if len(segments) > 2 and segments[1] in {"models", "engines"} and unquote("/".join(segments[2:])) == old:  # noqa: PLR2004
        path = f"/{segments[1]}/{quote(new, safe='/:')}"
    elif len(segments) > 2 and segments[1] == "engines" and unquote(segments[2]) == old:  # noqa: PLR2004
        path = "/".join(["", "engines", quote(new, safe=":"), *segments[3:]])
    fields = [
        f"model={quote(new, safe='/:')}" if field.startswith("model=") and unquote(field[6:]) == old else field
        for field in query.split("&")
    ]
    return path + mark + "&".join(fields)


def _rename_stream(call: Call, body: AsyncIterator[bytes], model: str) -> Call:
    """A body in pieces: its length must be known before it is read, so only the names' difference is added."""
    assert call.model is not None
    length = call.content_length
    if length is not None:
        form = _boundary(call.headers) is not None
        old, new = (call.model, model) if form else (json.dumps(call.model), json.dumps(model))
        length += len(new.encode()) - len(old.encode())
    return replace(call, body=_renamed_pieces(call.headers, body, model), content_length=length, model=model)


async def _renamed_pieces(headers: Headers, body: AsyncIterator[bytes], model: str) -> AsyncIterator[bytes]:
    head: bytes | None = b""
    async for piece in body:
        if head is None:
            yield piece
            continue
        head += piece
        changed = _rename_body(headers, head, model)
        if changed != head or len(head) > _HEAD_BYTES:
            yield changed
            head = None
    if head:
        yield head


def _rename_body(headers: Headers, body: bytes, model: str) -> bytes:
    boundary = _boundary(headers)
    return _rename_json(body, model) if boundary is None else _rename_form(body, boundary, model)


def _rename_json(body: bytes, model: str) -> bytes:
    """Find the value by trying: the right place is the one where a mark becomes the model that is read."""
    new = json.dumps(model).encode()
    mark = json.dumps(_MARK).encode()
    start = body.find(_KEY)
    for _ in range(_MOST_TRIES):
        if start < 0:
            break
        span = _string_after(body, start + len(_KEY))
        if span is not None and _model_of(body[: span[0]] + mark + body[span[1] :]) == _MARK:
            return body[: span[0]] + new + body[span[1] :]
        start = body.find(_KEY, start + 1)
    return body


def _string_after(body: bytes, position: int) -> tuple[int, int] | None:
    """Where the string after a colon begins and ends, quotes included; None where there is none."""
    while body[position : position + 1] and body[position] in _BLANKS:
        position += 1
    if body[position : position + 1] != b":":
        return None
    position += 1
    while body[position : position + 1] and body[position] in _BLANKS:
        position += 1
    if body[position : position + 1] != b'"':
        return None
    end = position + 1
    while (end := body.find(b'"', end)) >= 0:
        escapes = len(body[:end]) - len(body[:end].rstrip(b"\\"))
        if escapes % 2 == 0:
            return position, end + 1
        end += 1
    return None


def _model_of(body: bytes) -> str | None:
    """The model that a body names, or the beginning of one."""
    try:
        return msgspec.json.decode(body, type=_Named).model
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        value = from_json(body, allow_partial=True)
    except ValueError:
        return None
    name = value.get("model") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None


def _boundary(headers: Headers) -> bytes | None:
    """What separates the parts of a form; None where the body is no form."""
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    if not kind.lower().startswith(b"multipart/form-data"):
        return None
    _, found, rest = kind.partition(b"boundary=")
    return rest.partition(b";")[0].strip().strip(b'"') if found else None


def _rename_form(body: bytes, boundary: bytes, model: str) -> bytes:
    """The value of the part that is called `model`; a part without its end stays as it is."""
    mark = b"--" + boundary
    start = body.find(mark)
    while start >= 0:
        value = body.find(b"\r\n\r\n", start)
        end = body.find(b"\r\n" + mark, start)
        if value < 0 or end < 0:
            return body
        fields = body[start:value].replace(b"\r\n", b";").split(b";")
        if any(field.strip() in {b'name="model"', b"name=model"} for field in fields):
            return body[: value + 4] + model.encode() + body[end:]
        start = end + 2
    return body
