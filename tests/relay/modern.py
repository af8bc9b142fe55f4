"""An upstream as OpenAI is today: without `/edits`, `/fine-tunes` and `/engines`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from tests.fakes.echo_server import Recorded, Reply, error_reply, json_reply
from tests.relay.families import CHAT, COMPLETION, EMBEDDING
from tests.relay.streaming import chat_stream, completion_stream

MODELS: Sequence[str] = ("gpt-4o-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small")
FILE: Mapping[str, Any] = {
    "id": "file-1",
    "object": "file",
    "bytes": 18,
    "created_at": 1_700_000_000,
    "filename": "train.jsonl",
    "purpose": "fine-tune",
    "status": "processed",
}
FILE_CONTENT = b'{"prompt": "a", "completion": "b"}\n\xff'
_EVENTS: Sequence[Mapping[str, Any]] = [
    {
        "object": "fine_tuning.job.event",
        "id": f"ftevent-{number}",
        "created_at": 1_700_000_000 + number,
        "level": "info",
        "message": message,
        "type": "message",
        "data": None,
    }
    for number, message in reversed(list(enumerate(("Created", "Started", "Done"))))
]
"""Newest first, as OpenAI lists them."""
_FIXED: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", "/embeddings"): EMBEDDING,
    ("POST", "/audio/transcriptions"): {"text": "Guten Tag"},
    ("POST", "/audio/translations"): {"text": "Guten Tag"},
    ("POST", "/moderations"): {"id": "modr-1", "model": "m", "results": [{"flagged": False}]},
    ("POST", "/images/generations"): {"created": 1, "data": [{"url": "https://example.org/1.png"}]},
}


class ModernOpenAI:
    """Answers as OpenAI would; remembers the fine-tuning jobs it was asked for."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}

    def __call__(self, recorded: Recorded) -> Reply:
        """The answer to one request."""
        path = recorded.target.partition("?")[0].removeprefix("/v1")
        family, *rest = [unquote(part) for part in path.strip("/").split("/")]
        if fixed := _FIXED.get((recorded.method, path)):
            return json_reply(fixed)
        match (recorded.method, family, *rest):
            case ("POST", "chat", "completions"):
                return chat_stream(recorded) if _streams(recorded) else json_reply(CHAT)
            case ("POST", "completions"):
                return completion_stream(recorded) if _streams(recorded) else json_reply(COMPLETION)
            case (_, "files" | "models", *_):
                return self._things(recorded.method, family, rest)
            case (_, "fine_tuning", "jobs", *tail):
                return self._fine_tuning(recorded, tail)
        return error_reply(404, "unknown_url", f"Unknown request URL: {recorded.method} {recorded.target}.")

    def _things(self, method: str, family: str, rest: Sequence[str]) -> Reply:
        things: dict[str, Mapping[str, Any]] = {"file-1": FILE}
        if family == "models":
            things = {name: {"id": name, "object": "model", "created": 1, "owned_by": "openai"} for name in MODELS}
        if rest[1:] == ["content"]:
            return Reply([FILE_CONTENT], headers=((b"content-type", b"application/octet-stream"),))
        if method == "POST":
            return json_reply(FILE)
        if not rest:
            return json_reply({"object": "list", "data": list(things.values()), "has_more": False})
        if method == "DELETE":
            return json_reply({"id": rest[0], "object": family.removesuffix("s"), "deleted": True})
        thing = things.get(rest[0])
        return json_reply(thing) if thing else error_reply(404, "model_not_found", f"No such {family}: {rest[0]}")

    def _fine_tuning(self, recorded: Recorded, tail: Sequence[str]) -> Reply:
        match (recorded.method, *tail):
            case ("POST",):
                return json_reply(self._new_job(json.loads(recorded.body)))
            case ("GET",):
                return json_reply({"object": "list", "data": list(self.jobs.values()), "has_more": False})
            case (_, name, *rest) if name in self.jobs:
                if rest == ["events"]:
                    return json_reply({"object": "list", "data": _EVENTS, "has_more": False})
                if rest == ["cancel"]:
                    self.jobs[name] |= {"status": "cancelled", "finished_at": 1_700_000_100}
                return json_reply(self.jobs[name])
        return error_reply(404, "fine_tune_not_found", "No such fine-tuning job.")

    def _new_job(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        job = {
            "object": "fine_tuning.job",
            "id": f"ftjob-{len(self.jobs) + 1}",
            "model": asked["model"],
            "created_at": 1_700_000_000,
            "finished_at": None,
            "fine_tuned_model": None,
            "organization_id": "org-1",
            "result_files": [],
            "status": "validating_files",
            "validation_file": asked.get("validation_file"),
            "training_file": asked["training_file"],
            "hyperparameters": asked.get("hyperparameters") or {"n_epochs": "auto"},
            "trained_tokens": None,
            "error": None,
            "seed": 1,
            "estimated_finish": None,
            "integrations": [],
        }
        self.jobs[str(job["id"])] = job
        return job


def _streams(recorded: Recorded) -> bool:
    return bool(json.loads(recorded.body).get("stream"))
