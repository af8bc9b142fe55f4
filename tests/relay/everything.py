"""An upstream that has an answer of the right kind for every call."""

import json
from typing import Any

from tests.fakes.echo.reply import Answering
from tests.fakes.echo_server import Recorded, Reply, error_reply, json_reply
from tests.relay import streaming
from tests.relay.families import CHAT, COMPLETION, DELETED, EMBEDDING, LIST, OBJECT, RESPONSE

CONTENT = bytes(range(256)) * 300
_WHOLE = {"/chat/completions": CHAT, "/completions": COMPLETION, "/embeddings": EMBEDDING, "/responses": RESPONSE}
_STREAMS: dict[str, Answering] = {
    "/chat/completions": streaming.chat_stream,
    "/completions": streaming.completion_stream,
    "/responses": streaming.response_stream,
    "/audio/transcriptions": streaming.transcript_stream,
}
_LISTS = {"models", "files", "jobs", "events", "checkpoints", "input_items"}


def everything(recorded: Recorded) -> Reply:
    """The answer to one request, by its path and its body."""
    path = recorded.target.partition("?")[0].removeprefix("/v1")
    if recorded.method == "GET":
        return _read(path)
    if recorded.method == "DELETE":
        return json_reply(DELETED)
    if _asks(recorded, "stream", b"true"):
        return _STREAMS[path](recorded)
    if path == "/audio/speech":
        return Reply([CONTENT[:1_000], CONTENT[1_000:]], headers=((b"content-type", b"audio/mpeg"),), framing="chunked")
    if _asks(recorded, "response_format", b"text"):
        return Reply(["Guten Tag – 你好\n".encode()], headers=((b"content-type", b"text/plain; charset=utf-8"),))
    return json_reply(_WHOLE.get(path, OBJECT), headers=((b"x-request-id", b"req_1"),))


def _read(path: str) -> Reply:
    if path.endswith("/content"):
        return Reply([CONTENT], headers=((b"content-type", b"application/octet-stream"),))
    if path.endswith("no-such-model"):
        headers = ((b"x-request-id", b"req_2"),)
        return error_reply(404, "model_not_found", "The model does not exist.", headers=headers)
    return json_reply(LIST if path.rpartition("/")[2] in _LISTS else OBJECT)


def _asks(recorded: Recorded, name: str, value: bytes) -> bool:
    """Whether a JSON body or a form has this field with this value."""
    if (recorded.header("content-type") or b"").startswith(b"multipart/"):
        return b'name="%s"\r\n\r\n%s\r\n' % (name.encode(), value) in recorded.body
    body: Any = json.loads(recorded.body) if recorded.body else {}
    return bool(body.get(name) in {True, value.decode()}) if name in body else False
