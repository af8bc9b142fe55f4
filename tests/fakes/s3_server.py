"""An S3 server on a real socket of this machine: objects, ranges, lists in pages, multipart uploads, signatures.

In tests `with FakeS3() as fake:`. It knows one bucket and one key, and fails when `fake.failures` says so.
"""

import asyncio
import hashlib
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from aiohttp import web

from tests.fakes.s3_signature import refusal
from tests.fakes.threaded import Threaded, accept_no_more

BUCKET = "documents"
KEY = "AKIAFOOTNOTEKEY"
SECRET = "a-secret-of-the-tests"
_MODIFIED = "2026-01-02T03:04:05.000Z"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer instead of the right one."""

    status: int
    code: str


@dataclass
class FakeS3(Threaded):
    """The server in a thread of its own; a context manager, for sync and async tests alike."""

    page: int = 1000
    """Keys in one page of a list."""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """Multipart uploads under way: parts by number, by the upload's id."""
    requests: list[str] = field(default_factory=list)
    """Method and key of each request, and the names of its parameters."""
    body_bytes: list[int] = field(default_factory=list)
    failures: deque[Failure] = field(default_factory=deque)
    """What the next requests get."""
    stalled: bool = False
    """Whether downloads stop after their first half."""
    halfway: threading.Event = field(default_factory=threading.Event)
    """Set when one has."""
    refused_parts: bool = False
    """Whether no part of a multipart upload is taken."""
    session_tokens: set[str] = field(default_factory=set)
    endpoint: str = ""
    _runner: web.AppRunner = field(init=False)

    def __post_init__(self) -> None:
        super().__init__("fake-s3")
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{bucket}{key:.*}", self._answer)
        self._runner = web.AppRunner(application, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `endpoint` is right afterwards."""
        await self._runner.setup()
        self._listening = socket.create_server((host, port), backlog=1024)
        await web.SockSite(self._runner, self._listening).start()
        self.endpoint = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Cut every connection."""
        await accept_no_more([self._listening])
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        key = request.match_info["key"].lstrip("/")
        self.requests.append(" ".join((request.method, key, *sorted(request.query))))
        self.body_bytes.append(len(body))
        self.session_tokens.update(request.headers.getall("x-amz-security-token", []))
        return self._refusal(request, body) or await self._service(request, key, body)

    def _refusal(self, request: web.Request, body: bytes) -> web.Response | None:
        if self.failures:
            failure = self.failures.popleft()
            return _error(failure.status, failure.code, KEY)
        if code := refusal(request, body, KEY, SECRET):
            return _error(403, code, request.headers.get("Authorization", ""))
        if request.match_info["bucket"] != BUCKET:
            return _error(404, "NoSuchBucket")
        return None

    async def _service(self, request: web.Request, key: str, body: bytes) -> web.StreamResponse:
        if not key:
            return self._list(request)
        if "uploads" in request.query:
            return self._begin()
        if "uploadId" in request.query:
            return self._go_on(request, key, body)
        return await self._object(request, key, body)

    async def _object(self, request: web.Request, key: str, body: bytes) -> web.StreamResponse:
        if request.method == "PUT":
            self.objects[key] = body
            return web.Response(headers={"ETag": _etag(body)})
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return web.Response(status=204)
        data = self.objects.get(key)
        if data is None:
            return _error(404, "NoSuchKey")
        return await self._send(request, data)

    async def _send(self, request: web.Request, data: bytes) -> web.StreamResponse:
        part = request.http_range
        piece = data[part]
        headers = {"ETag": _etag(data), "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "Accept-Ranges": "bytes"}
        if part.start is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.start + len(piece) - 1}/{len(data)}"
        response = web.StreamResponse(status=200 if part.start is None else 206, headers=headers)
        response.content_length = len(piece)
        await response.prepare(request)
        if request.method == "GET":
            await response.write(piece[: len(piece) // 2])
            if self.stalled:
                await self._stall(request)
            await response.write(piece[len(piece) // 2 :])
        return response

    async def _stall(self, request: web.Request) -> None:
        self.halfway.set()
        try:
            await asyncio.Event().wait()
        finally:
            if request.transport is not None:
                request.transport.abort()

    def _list(self, request: web.Request) -> web.Response:
        after = request.query.get("continuation-token") or request.query.get("start-after", "")
        found = sorted(key for key in self.objects if key.startswith(request.query.get("prefix", "")) and key > after)
        page, more = found[: self.page], len(found) > self.page
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_MODIFIED}</LastModified>"
            f"<ETag>{escape(_etag(self.objects[key]))}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in page
        )
        return _xml(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        )

    def _begin(self) -> web.Response:
        upload_id = secrets.token_hex(8)
        self.uploads[upload_id] = {}
        return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>")

    def _go_on(self, request: web.Request, key: str, body: bytes) -> web.Response:
        upload_id = request.query["uploadId"]
        parts = self.uploads.get(upload_id)
        if parts is None:
            return _error(404, "NoSuchUpload")
        steps: dict[str, Callable[[], web.Response]] = {
            "PUT": lambda: self._part(parts, int(request.query["partNumber"]), body),
            "POST": lambda: self._complete(upload_id, key, body),
            "DELETE": lambda: self._abort(upload_id),
        }
        return steps[request.method]()

    def _part(self, parts: dict[int, bytes], number: int, body: bytes) -> web.Response:
        if self.refused_parts:
            return _error(403, "AccessDenied")
        parts[number] = body
        return web.Response(headers={"ETag": _etag(body)})

    def _complete(self, upload_id: str, key: str, body: bytes) -> web.Response:
        parts = self.uploads[upload_id]
        wanted = ET.fromstring(body)
        named = [(int(part.findtext("{*}PartNumber", "")), part.findtext("{*}ETag", "")) for part in wanted]
        if named != [(number, _etag(parts[number])) for number in sorted(parts)]:
            return _error(400, "InvalidPart")
        if any(len(parts[number]) < 5 << 20 for number in sorted(parts)[:-1]):
            return _error(400, "EntityTooSmall")
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        del self.uploads[upload_id]
        etag = escape(_etag(self.objects[key]))
        return _xml(f"<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>")

    def _abort(self, upload_id: str) -> web.Response:
        del self.uploads[upload_id]
        return web.Response(status=204)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def _error(status: int, code: str, repeated: str = "") -> web.Response:
    """S3 repeats the key and the signature in its errors."""
    return _xml(f"<Error><Code>{code}</Code><AWSAccessKeyId>{escape(repeated)}</AWSAccessKeyId></Error>", status)


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f'<?xml version="1.0"?>{text}', status=status, content_type="application/xml")
