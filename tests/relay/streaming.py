"""Answers of an upstream that come in events, as OpenAI writes them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.echo_server import Recorded, Reply, event_stream

WORDS = ("Guten", " Tag", ", 你好", "!")
_USAGE = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}
_DONE = b"data: [DONE]\n\n"


def event(data: Mapping[str, Any], name: str | None = None) -> bytes:
    """One event."""
    line = b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
    return line if name is None else f"event: {name}\n".encode() + line


def chat_stream(recorded: Recorded) -> Reply:
    """What OpenAI answers: a chunk with the usage, and `"usage":null` in the others, when the request asks for it."""
    asked = json.loads(recorded.body)
    choices: list[dict[str, Any]] = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in WORDS]
    return event_stream(_chunks("chat.completion.chunk", asked, choices))


def completion_stream(recorded: Recorded) -> Reply:
    """The same of the older endpoint."""
    asked = json.loads(recorded.body)
    choices: list[dict[str, Any]] = [{"index": 0, "text": word, "finish_reason": None} for word in WORDS]
    return event_stream(_chunks("text_completion", asked, choices))


def _chunks(kind: str, asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    with_usage = (asked.get("stream_options") or {}).get("include_usage", False)
    whole: dict[str, Any] = {"id": "c-1", "object": kind, "created": 1_760_000_000, "model": asked["model"]}
    extra: dict[str, Any] = {"usage": None} if with_usage else {}
    for choice in choices:
        yield event(whole | {"choices": [choice]} | extra)
    if with_usage:
        yield event(whole | {"choices": [], "usage": _USAGE})
    yield _DONE


def response_stream(_: Recorded) -> Reply:
    """Named events, the last one with the usage."""
    response = {"id": "resp_1", "object": "response", "model": "gpt-4.1-mini", "status": "completed", "output": []}
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    deltas = [
        event(
            {"type": "response.output_text.delta", "sequence_number": number, "item_id": "m", "delta": word},
            "response.output_text.delta",
        )
        for number, word in enumerate(WORDS)
    ]
    end = {"type": "response.completed", "sequence_number": 9, "response": response | {"usage": usage}}
    return event_stream([*deltas, event(end, "response.completed")])


def transcript_stream(_: Recorded) -> Reply:
    """Text as it is heard."""
    deltas = [event({"type": "transcript.text.delta", "delta": word}) for word in WORDS]
    done = {"type": "transcript.text.done", "text": "".join(WORDS)}
    return event_stream([*deltas, event(done)])


def image_stream(_: Recorded) -> Reply:
    """A picture in parts."""
    partial = {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": "aGk="}
    done = {"type": "image_generation.completed", "b64_json": "aGkh", "usage": {"input_tokens": 1, "output_tokens": 2}}
    return event_stream([event(partial, partial["type"]), event(done, "image_generation.completed")])  # type: ignore[arg-type]
