"""Requests and answers that are legal and unusual, for every operation others."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.fakes.echo_server import Reply
from tests.relay.description import Field, Operation
from tests.relay.raw import Headers, Request

_Value = TypeVar("_Value")

_IDS = ("file-abc", "a%2Fb%20c", "~x.y_z-1", "ft:gpt-4o:me::9", "%c3%A9", "id;v=1,x@y", "0", "$&'()*+!", "%E4%BD%A0")
"""What stands in place of a name in the path."""
_QUERIES = (
    "",
    "?limit=2&after=",
    "?a=1&a=2&flag&include[]=x.y&include%5B%5D=z",
    "?q=%2F%20+%C3%A9&semi=x;y&eq=a=b",
    "?url=https://example.org/?a",
    "?api-version=2024-10-21&&empty&",
)
_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"User-Agent", b"OpenAI/Python 3.0.0"),
    (b"X-Stainless-Retry-Count", b"0"),
    (b"OpenAI-Organization", b"org-1"),
    (b"OpenAI-Project", b"proj_1"),
    (b"OpenAI-Beta", b"assistants=v2"),
    (b"Accept-Encoding", b"gzip;q=0.5, br"),
    (b"x-repeated", b"one"),
    (b"X-Repeated", b"two, three"),
    (b"x-empty", b""),
    (b"x-latin", b"caf\xe9"),
    (b"X-Under_Score", b'"quoted; value", \t and tab'),
    (b"x-long", b"v" * 4_000),
    (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    (b"X-Forwarded-For", b"203.0.113.9"),
    (b"Idempotency-Key", b"k-1"),
    (b"If-None-Match", b'W/"1"'),
)
DROPPED: Headers = (
    (b"connection", b"keep-alive, X-Hop"),
    (b"x-hop", b"between two servers only"),
    (b"keep-alive", b"timeout=5"),
    (b"te", b"trailers"),
    (b"proxy-authorization", b"Basic c2VjcmV0"),
    (b"cookie", b"session=secret"),
)
"""What a relay must not pass on, beside the key."""
CHOICE = (b"X-Footnote-Upstream", b"default")
"""What makes Footnote pass on what it would answer itself."""
_ANSWER_HEADERS: Headers = (
    (b"x-request-id", b"req_of_the_upstream"),
    (b"OpenAI-Processing-Ms", b"17"),
    (b"x-ratelimit-remaining-tokens", b"149984"),
    (b"Date", b"Mon, 06 Jul 2026 12:00:00 GMT"),
    (b"server", b"upstream/1.0"),
    (b"X-Twice", b"one"),
    (b"x-twice", b"two"),
    (b"x-empty", b""),
    (b"x-latin", b"caf\xe9"),
    (b"etag", b'W/"abc"'),
    (b"cache-control", b"no-cache, must-revalidate"),
    (b"link", b'<https://example.org/?a=1,2>; rel="next"'),
    (b"location", b"https://example.org/elsewhere"),
    (b"content-disposition", b"attachment; filename=\"a b.txt\"; filename*=UTF-8''%e4%bd%a0"),
)
_ANSWER_DROPPED: Headers = ((b"set-cookie", b"__cf=1; Path=/"), (b"set-cookie", b"b=2"), (b"keep-alive", b"timeout=4"))
_STATUSES = (200, 200, 201, 200, 202, 400, 200, 404, 409, 422, 200, 302, 418)
_BOUNDARY = "----a'b(c)+_,-./:=?d"
_ODD_BYTES = bytes(range(256)) + b"\r\n--" + _BOUNDARY.encode()[:-1] + b"\r\n\r\n"
_UNKNOWN = '"unknown_field": [1e400, -0.0, 12345678901234567890, "\\ud83d\\ude00 é\\u0000", {"a": null, "a": 2}]'


@dataclass(frozen=True, slots=True)
class Case:
    """A request to send, and what the upstream answers."""

    operation: Operation
    request: Request
    reply: Reply
    answer: bytes
    """Body of the reply."""


def case_of(operation: Operation, number: int, key: str) -> Case:
    """The case of one operation; `number` chooses the oddities."""
    path = re.sub(r"\{[^}]*\}", lambda _: _pick(_IDS, number), operation.path)
    choice = [CHOICE] if operation.is_answered_here else []
    headers = [
        (b"authorization", f"Bearer {key}".encode()),
        *DROPPED[number % 2 * 2 :],
        *choice,
        *_HEADERS[number % 5 :],
    ]
    request = Request(operation.method, f"/v1{path}{_pick(_QUERIES, number)}", headers)
    if operation.content_type is not None:
        request = _with_body(request, operation, number)
    answer = _answer(operation, number)
    return Case(operation, request, _reply(operation, number, answer), answer)


def _pick(values: Sequence[_Value], number: int) -> _Value:
    return values[number % len(values)]


def _with_body(request: Request, operation: Operation, number: int) -> Request:
    body = {
        "application/json": lambda: _json(operation, number),
        "multipart/form-data": lambda: _form(operation.fields),
    }.get(str(operation.content_type), lambda: b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n\xff")()
    content_type = _content_type(str(operation.content_type), number)
    headers = [*request.headers, (b"Content-Type", content_type)]
    if number % 4 == 3:  # some clients do not say how long their body is
        chunks = [body[:1], body[1:7], body[7:]]
        return Request(request.method, request.target, headers, chunks=[chunk for chunk in chunks if chunk])
    return Request(request.method, request.target, headers, body)


def _content_type(content_type: str, number: int) -> bytes:
    if content_type.startswith("multipart/"):
        return f'{content_type}; boundary="{_BOUNDARY}"'.encode()
    return _pick((content_type, f"{content_type}; charset=utf-8", content_type.title()), number).encode()


def _json(operation: Operation, number: int) -> bytes:
    """JSON as nobody's library writes it: blanks, line ends, escapes and names that come twice must survive."""
    model = '\n\t"model" :"gpt-4o-m\\u0069ni" ,' if operation.takes("model") else ""
    filling = f'"filling": "{"ü" * 40_000}",' if number % 7 == 6 else ""
    return f' {{{model}\r\n  {filling} "stream": false,{_UNKNOWN} }}\n'.encode()


def _form(fields: Sequence[Field]) -> bytes:
    """A form with every field of the operation, files among them, and one that is not described."""
    parts = [_part(field) for field in fields] + [_part(Field("unknown[]", is_file=False))]
    return b"preamble\r\n" + b"".join(parts) + f"--{_BOUNDARY}--\r\nepilogue".encode()


def _part(field: Field) -> bytes:
    if field.is_file:
        more, content = '; filename="ä b.bin"\r\nContent-Type: application/x-odd\r\nX-Part: 1', _ODD_BYTES
    else:
        more, content = "", b"gpt-4o-mini" if field.name == "model" else "Wert 值\r\n".encode()
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field.name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _answer(operation: Operation, number: int) -> bytes:
    kind = _pick(operation.answer_types, number)
    if kind == "text/event-stream":
        return b': comment\r\n\r\nevent: a\ndata: {"x": 1}\ndata: \xff\n\nid: 7\ndata:no-blank\r\n\r\ndata: [DONE]\n\n'
    if kind != "application/json":
        return _ODD_BYTES * (1 + number % 3 * 700)
    odd = {"id": "obj_1", "object": "thing", "null": None, "text": "é" * (1 + number % 3 * 40_000)}
    return b"\n " + json.dumps(odd, indent=1, ensure_ascii=number % 2 == 0).encode() + b" \r\n"


def _reply(operation: Operation, number: int, answer: bytes) -> Reply:
    kind = _pick(operation.answer_types, number)
    status = 200 if kind == "text/event-stream" else _pick(_STATUSES, number)
    headers = ((b"Content-Type", kind.encode()), *_ANSWER_HEADERS, *_ANSWER_DROPPED)
    third = len(answer) // 3
    if number % 3 == 1 or kind == "text/event-stream":
        pieces = [piece for piece in (answer[:third], answer[third:]) if piece]
        return Reply(pieces, status, headers, framing="chunked")
    return Reply([answer], status, headers)


def answer_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """What the client must get of them."""
    return [(name.lower(), value) for name, value in reply.headers if (name, value) not in _ANSWER_DROPPED]
