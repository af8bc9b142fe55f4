"""Calls of the official SDK, over every family of endpoints."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai import OpenAI

Call = Callable[[OpenAI], Any]
Answer = Mapping[str, Any]

LIST: Answer = {"object": "list", "data": [{"id": "one"}, {"id": "two"}], "has_more": False, "extra": {"kept": True}}
OBJECT: Answer = {"id": "obj_1", "object": "thing", "created_at": 1_760_000_000, "not_in_the_sdk": [1, {"a": None}]}
DELETED: Answer = {"id": "obj_1", "object": "thing.deleted", "deleted": True}
CHAT: Answer = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_760_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Ja – 好的", "refusal": None}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}
COMPLETION: Answer = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1_760_000_000,
    "model": "gpt-3.5-turbo-instruct",
    "choices": [{"index": 0, "text": " one", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3},
}
EMBEDDING: Answer = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
RESPONSE: Answer = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_760_000_000,
    "status": "completed",
    "model": "gpt-4.1-mini",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One call, where it goes, and what the upstream answers."""

    name: str
    line: str
    """Method, and target below `/v1`."""
    call: Call
    answer: Answer = field(default_factory=lambda: OBJECT)


def _file(name: str = "données 1.jsonl") -> tuple[str, io.BytesIO, str]:
    return name, io.BytesIO(b'{"a": "\xc3\xa9"}\r\n--not-a-boundary\r\n\x00\xff'), "application/jsonl"


def sound() -> tuple[str, io.BytesIO, str]:
    """A file of sound."""
    return "speech.wav", io.BytesIO(b"RIFF\x00\x01\x02\xff" * 512), "audio/wav"


def _picture() -> tuple[str, io.BytesIO, str]:
    return "in.png", io.BytesIO(b"\x89PNG\r\n\x1a\n\x00" * 64), "image/png"


_MESSAGES: Any = [{"role": "user", "content": "Grüße, 你好"}]

MODELS: Sequence[Operation] = (
    Operation(
        "chat",
        "POST /chat/completions",
        lambda c: c.chat.completions.create(model="gpt-4o-mini", messages=_MESSAGES, extra_body={"unknown": [1, None]}),
        CHAT,
    ),
    Operation("chat.list", "GET /chat/completions?limit=2", lambda c: c.chat.completions.list(limit=2), LIST),
    Operation("chat.get", "GET /chat/completions/c1", lambda c: c.chat.completions.retrieve("c1"), CHAT),
    Operation(
        "chat.update",
        "POST /chat/completions/c1",
        lambda c: c.chat.completions.update("c1", metadata={"a": "b"}),
        CHAT,
    ),
    Operation("chat.delete", "DELETE /chat/completions/c1", lambda c: c.chat.completions.delete("c1"), DELETED),
    Operation(
        "chat.messages",
        "GET /chat/completions/c1/messages?order=desc",
        lambda c: c.chat.completions.messages.list("c1", order="desc"),
        LIST,
    ),
    Operation(
        "completions",
        "POST /completions",
        lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt=["zero", "cero"]),
        COMPLETION,
    ),
    Operation(
        "embeddings",
        "POST /embeddings",
        lambda c: c.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3]], encoding_format="float"),
        EMBEDDING,
    ),
    Operation(
        "moderations",
        "POST /moderations",
        lambda c: c.moderations.create(model="omni-moderation-latest", input="text"),
    ),
    Operation("models", "GET /models", lambda c: c.models.list(), LIST),
    Operation("models.get", "GET /models/gpt-4o-mini", lambda c: c.models.retrieve("gpt-4o-mini")),
    Operation("models.delete", "DELETE /models/ft:gpt-4o:me::1", lambda c: c.models.delete("ft:gpt-4o:me::1"), DELETED),
    Operation(
        "responses",
        "POST /responses",
        lambda c: c.responses.create(model="gpt-4.1-mini", input="hi", background=False),
        RESPONSE,
    ),
    Operation(
        "responses.get",
        "GET /responses/resp_1?include[]=a.b",
        lambda c: c.get("/responses/resp_1?include[]=a.b", cast_to=object),
        RESPONSE,
    ),
    Operation("responses.cancel", "POST /responses/resp_1/cancel", lambda c: c.responses.cancel("resp_1"), RESPONSE),
    Operation(
        "responses.items",
        "GET /responses/resp_1/input_items?limit=3",
        lambda c: c.responses.input_items.list("resp_1", limit=3),
        LIST,
    ),
    Operation("conversations", "POST /conversations", lambda c: c.conversations.create(metadata={"k": "v"})),
    Operation("conversations.get", "GET /conversations/conv_1", lambda c: c.conversations.retrieve("conv_1")),
)

FILES: Sequence[Operation] = (
    Operation("files", "POST /files", lambda c: c.files.create(file=_file(), purpose="fine-tune")),
    Operation(
        "files.list",
        "GET /files?after=file-%C3%A9&purpose=batch",
        lambda c: c.files.list(purpose="batch", after="file-é"),
        LIST,
    ),
    Operation("files.get", "GET /files/file-1", lambda c: c.files.retrieve("file-1")),
    Operation("files.delete", "DELETE /files/file-1", lambda c: c.files.delete("file-1"), DELETED),
    Operation(
        "uploads",
        "POST /uploads",
        lambda c: c.uploads.create(bytes=9, filename="f", mime_type="text/plain", purpose="batch"),
    ),
    Operation("uploads.part", "POST /uploads/up_1/parts", lambda c: c.uploads.parts.create("up_1", data=_file())),
    Operation(
        "uploads.complete", "POST /uploads/up_1/complete", lambda c: c.uploads.complete("up_1", part_ids=["p1", "p2"])
    ),
    Operation("uploads.cancel", "POST /uploads/up_1/cancel", lambda c: c.uploads.cancel("up_1")),
    Operation(
        "batches",
        "POST /batches",
        lambda c: c.batches.create(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id="file-1", metadata={"n": "1"}
        ),
    ),
    Operation("batches.list", "GET /batches?limit=1", lambda c: c.batches.list(limit=1), LIST),
    Operation("batches.get", "GET /batches/batch_1", lambda c: c.batches.retrieve("batch_1")),
    Operation("batches.cancel", "POST /batches/batch_1/cancel", lambda c: c.batches.cancel("batch_1")),
    Operation("containers", "POST /containers", lambda c: c.containers.create(name="box")),
    Operation(
        "containers.file",
        "POST /containers/cntr_1/files",
        lambda c: c.containers.files.create("cntr_1", file=_file()),
    ),
    Operation("vector stores", "POST /vector_stores", lambda c: c.vector_stores.create(name="s")),
    Operation(
        "vector stores.search",
        "POST /vector_stores/vs_1/search",
        lambda c: c.vector_stores.search("vs_1", query="q"),
        LIST,
    ),
    Operation(
        "vector stores.file",
        "POST /vector_stores/vs_1/files",
        lambda c: c.vector_stores.files.create("vs_1", file_id="file-1"),
    ),
)

FINE_TUNING: Sequence[Operation] = (
    Operation(
        "fine-tuning",
        "POST /fine_tuning/jobs",
        lambda c: c.fine_tuning.jobs.create(model="gpt-4o-mini", training_file="file-1", seed=7),
    ),
    Operation("fine-tuning.list", "GET /fine_tuning/jobs?limit=5", lambda c: c.fine_tuning.jobs.list(limit=5), LIST),
    Operation("fine-tuning.get", "GET /fine_tuning/jobs/ftjob-1", lambda c: c.fine_tuning.jobs.retrieve("ftjob-1")),
    Operation(
        "fine-tuning.cancel", "POST /fine_tuning/jobs/ftjob-1/cancel", lambda c: c.fine_tuning.jobs.cancel("ftjob-1")
    ),
    Operation(
        "fine-tuning.pause", "POST /fine_tuning/jobs/ftjob-1/pause", lambda c: c.fine_tuning.jobs.pause("ftjob-1")
    ),
    Operation(
        "fine-tuning.resume", "POST /fine_tuning/jobs/ftjob-1/resume", lambda c: c.fine_tuning.jobs.resume("ftjob-1")
    ),
    Operation(
        "fine-tuning.events",
        "GET /fine_tuning/jobs/ftjob-1/events?limit=2",
        lambda c: c.fine_tuning.jobs.list_events("ftjob-1", limit=2),
        LIST,
    ),
    Operation(
        "fine-tuning.checkpoints",
        "GET /fine_tuning/jobs/ftjob-1/checkpoints",
        lambda c: c.fine_tuning.jobs.checkpoints.list("ftjob-1"),
        LIST,
    ),
    Operation(
        "fine-tuning.permission",
        "POST /fine_tuning/checkpoints/ft:gpt-4o:me::1/permissions",
        lambda c: c.fine_tuning.checkpoints.permissions.create("ft:gpt-4o:me::1", project_ids=["p"]),
        LIST,
    ),
    Operation(
        "evals",
        "POST /evals",
        lambda c: c.evals.create(data_source_config={"type": "logs"}, testing_criteria=[]),
    ),
    Operation("evals.runs", "GET /evals/eval_1/runs", lambda c: c.evals.runs.list("eval_1"), LIST),
    Operation("evals.delete", "DELETE /evals/eval_1", lambda c: c.evals.delete("eval_1"), DELETED),
)

MEDIA: Sequence[Operation] = (
    Operation(
        "transcription",
        "POST /audio/transcriptions",
        lambda c: c.audio.transcriptions.create(file=sound(), model="whisper-1", language="de"),
        {"text": "Guten Tag", "usage": {"type": "duration", "seconds": 3}},
    ),
    Operation(
        "translation",
        "POST /audio/translations",
        lambda c: c.audio.translations.create(file=sound(), model="whisper-1"),
        {"text": "Good day"},
    ),
    Operation(
        "image",
        "POST /images/generations",
        lambda c: c.images.generate(prompt="a hill", model="gpt-image-1", size="1024x1024"),
        {"created": 1, "data": [{"b64_json": "aGk="}]},
    ),
    Operation(
        "image edit",
        "POST /images/edits",
        lambda c: c.images.edit(
            image=[_picture(), _picture()], mask=_picture(), prompt="Füge 山 hinzu", model="gpt-image-1"
        ),
        {"created": 1, "data": [{"b64_json": "aGk="}]},
    ),
    Operation(
        "image variation",
        "POST /images/variations",
        lambda c: c.images.create_variation(image=_picture(), model="dall-e-2", n=2),
        {"created": 1, "data": [{"url": "https://example.org/1.png"}]},
    ),
    Operation("video", "POST /videos", lambda c: c.videos.create(prompt="waves", model="sora-2")),
    Operation("video.get", "GET /videos/video_1", lambda c: c.videos.retrieve("video_1")),
    Operation("video.delete", "DELETE /videos/video_1", lambda c: c.videos.delete("video_1"), DELETED),
    Operation(
        "realtime secret",
        "POST /realtime/client_secrets",
        lambda c: c.realtime.client_secrets.create(session={"type": "realtime", "model": "gpt-realtime"}),
        {"value": "ek_1", "expires_at": 1_760_000_000},
    ),
    Operation(
        "a path that does not exist yet",
        "POST /holograms/h%201?depth=3&depth=4",
        lambda c: c.post("/holograms/h%201?depth=3&depth=4", cast_to=object, body={"model": "holo-9", "x": 1}),
    ),
)

OPERATIONS: Sequence[Operation] = (*MODELS, *FILES, *FINE_TUNING, *MEDIA)
