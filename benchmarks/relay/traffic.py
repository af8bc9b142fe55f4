"""The calls of the measurement and their answers, as bytes."""

import base64
import json
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["chat", "embeddings", "stream", "paced stream"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CHUNKS = 100
"""Events of a stream before its `[DONE]`."""
CHAT_MODEL = "gpt-4o-mini"
EMBEDDING_MODEL = "text-embedding-3-small"
_DIMENSIONS = 1536
_CREATED = 1_760_000_000
_PACED = "paced"
"""The `user` of a call whose answer is to come chunk by chunk."""
_MESSAGES = [
    {
        "role": "system",
        "content": "You answer in one short paragraph, in plain words, and say so when you do not know.",
    },
    {
        "role": "user",
        "content": "Which of the two rivers that meet below the old town is the longer one, and why? " * 6,
    },
]
_SAID = "The eastern one is longer, since it rises far beyond the hills that end the western one's valley. " * 3
_USAGE = {
    "prompt_tokens": 149,
    "completion_tokens": 99,
    "total_tokens": 248,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Bodies that the stub sends, made once."""

    chat: bytes
    embeddings: bytes
    stream: tuple[bytes, ...]
    """Events, each whole, when the call did not ask for usage."""
    stream_with_usage: tuple[bytes, ...]

    def events(self, body: bytes) -> tuple[bytes, ...]:
        """Those that this call asked for."""
        return self.stream_with_usage if b'"include_usage":true' in body.replace(b" ", b"") else self.stream


def path(kind: Kind) -> str:
    """Where a call goes, below `/v1`."""
    return "/embeddings" if kind == "embeddings" else "/chat/completions"


def body(kind: Kind) -> bytes:
    """What a call says."""
    asked: dict[str, Any]
    if kind == "embeddings":
        asked = {"model": EMBEDDING_MODEL, "input": _SAID, "encoding_format": "base64"}
    else:
        asked = {"model": CHAT_MODEL, "messages": _MESSAGES, "temperature": 0.2}
    if kind in {"stream", "paced stream"}:
        asked["stream"] = True
    if kind == "paced stream":
        asked["user"] = _PACED
    return json.dumps(asked, separators=(",", ":")).encode()


def is_stream(asked: bytes) -> bool:
    """Whether this call wants events."""
    return b'"stream":true' in asked


def is_paced(asked: bytes) -> bool:
    """Whether this call wants its events one by one."""
    return b'"user":"paced"' in asked


def make_answers() -> Answers:
    """The same every time."""
    return Answers(
        chat=_json(_chat()),
        embeddings=_json(_embeddings()),
        stream=_events(with_usage=False),
        stream_with_usage=_events(with_usage=True),
    )


def _chat() -> Mapping[str, Any]:
    message = {"role": "assistant", "content": _SAID, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _whole("chat.completion") | {"choices": [choice], "usage": _USAGE}


def _whole(kind: str) -> dict[str, Any]:
    named = {"id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG", "object": kind, "created": _CREATED}
    return named | {"model": "gpt-4o-mini-2024-07-18", "service_tier": "default", "system_fingerprint": "fp_fc9f1d7035"}


def _embeddings() -> Mapping[str, Any]:
    numbers = random.Random(0)
    vector = struct.pack(f"<{_DIMENSIONS}f", *(numbers.uniform(-1, 1) for _ in range(_DIMENSIONS)))
    data = [{"object": "embedding", "index": 0, "embedding": base64.b64encode(vector).decode()}]
    return {
        "object": "list",
        "data": data,
        "model": EMBEDDING_MODEL,
        "usage": {"prompt_tokens": 60, "total_tokens": 60},
    }


def _events(*, with_usage: bool) -> tuple[bytes, ...]:
    extra: dict[str, Any] = {"usage": None} if with_usage else {}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": f" word{number}"} for number in range(CHUNKS - 2)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": each, "finish_reason": None} for each in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    whole = _whole("chat.completion.chunk")
    chunks: list[dict[str, Any]] = [whole | {"choices": [choice]} | extra for choice in choices]
    if with_usage:
        chunks.append(whole | {"choices": [], "usage": _USAGE})
    return (*(b"data: " + _json(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
