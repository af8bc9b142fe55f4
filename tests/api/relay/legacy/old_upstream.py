"""An upstream that has jobs, chat and models, and nothing older."""

import json
from typing import Any

from tests.fakes.echo_server import Recorded, Reply, error_reply, event_stream, json_reply

JOB = {
    "id": "ftjob-1",
    "object": "fine_tuning.job",
    "model": "davinci-002",
    "created_at": 100,
    "finished_at": None,
    "fine_tuned_model": None,
    "organization_id": "org-1",
    "status": "running",
    "hyperparameters": {"n_epochs": 4, "batch_size": "auto"},
    "training_file": "file-1",
    "validation_file": None,
    "result_files": ["file-gone"],
}
FILE = {"id": "file-1", "object": "file", "bytes": 5, "created_at": 90, "filename": "x.jsonl", "purpose": "fine-tune"}
_MODELS = [{"id": name, "object": "model", "created": 1, "owned_by": "acme"} for name in ("tiny", "large")]
_CHAT = {
    "id": "chatcmpl-1",
    "created": 7,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "What day is it?"}}],
    "usage": {"prompt_tokens": 25, "completion_tokens": 6, "total_tokens": 31},
}


class OldUpstream:
    """Answers like OpenAI does today; a job runs until its events have been asked for often enough."""

    def __init__(self, asked_until_over: int = 2) -> None:
        self.asked = 0
        self._asked_until_over = asked_until_over

    def __call__(self, recorded: Recorded) -> Reply:  # noqa: PLR0911  a table of paths
        path, _, query = recorded.target.removeprefix("/v1").partition("?")
        match recorded.method, path.strip("/").split("/"):
            case "POST", ["chat", "completions"]:
                return json_reply(_CHAT)
            case "POST", ["completions"] if b'"stream":true' in recorded.body:
                return event_stream([b'data: {"choices":[{"text":"x"}]}\n\n', b"data: [DONE]\n\n"])
            case "POST", ["completions" | "embeddings"]:
                return json_reply({"model": json.loads(recorded.body)["model"]})
            case "GET", ["models"]:
                return json_reply({"object": "list", "data": _MODELS})
            case "GET", ["models", name]:
                found = [model for model in _MODELS if model["id"] == name]
                return json_reply(found[0]) if found else error_reply(404, "model_not_found")
            case _, ["fine_tuning", "jobs", *rest]:
                return self._jobs(recorded.method, rest, query)
            case "GET", ["files", "file-1"]:
                return json_reply(FILE)
        return error_reply(404, "unknown_url")

    def _jobs(self, method: str, rest: list[str], query: str) -> Reply:
        match method, rest:
            case "POST", []:
                return json_reply(JOB)
            case "GET", []:
                return json_reply(_page([{**JOB, "id": f"ftjob-{n}"} for n in range(3)], query))
            case "GET", ["ftjob-1"]:
                return json_reply({**JOB, "status": "succeeded" if self.asked >= self._asked_until_over else "running"})
            case "POST", ["ftjob-1", "cancel"]:
                return json_reply({**JOB, "status": "cancelled"})
            case "GET", ["ftjob-1", "events"]:
                self.asked += "after" not in query
                return json_reply(_page(self._events(), query))
        return error_reply(404, "fine_tune_not_found")

    def _events(self) -> list[dict[str, Any]]:
        """The newest first, and more with time."""
        return [
            {
                "id": f"ftevent-{n}",
                "object": "fine_tuning.job.event",
                "created_at": n,
                "level": "info",
                "message": f"{n}",
            }
            for n in reversed(range(1 + self.asked))
        ]


def _page(items: list[dict[str, Any]], query: str) -> dict[str, Any]:
    """Two of a list at a time, whatever is asked for."""
    after = query.partition("after=")[2]
    start = next((place + 1 for place, item in enumerate(items) if item["id"] == after), 0)
    return {"object": "list", "data": items[start : start + 2], "has_more": start + 2 < len(items)}
