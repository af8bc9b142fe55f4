"""Chat completions as they are sent."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.claims import standing
from api.openai.citing import FileIds, url_citation
from search import Answer, Citation

_REASONS = {"length", "content_filter"}


class ChatBody(BaseModel):
    """An answer as one of OpenAI's chat completions.

    Its annotations hold quote, page and offsets besides; its message says `answered`, `grounded`, `confidence`,
    `cached`, and `sentences` as `POST /ask` does.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """One chat completion on its way."""

    model: str
    address: str
    """Address of this service, for links to the documents."""
    shows_sources: bool
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def body(self, answer: Answer, files: FileIds) -> dict[str, Any]:
        """The whole answer at once."""
        message = {
            "role": "assistant",
            "content": answer.text + self.sources(answer),
            "refusal": None,
            "annotations": self._annotations(answer, files),
            **standing(answer),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(answer)}
        return self._envelope("chat.completion", [choice]) | {"usage": usage_of(answer)}

    def chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        """A piece of a streamed answer."""
        choice = {"index": 0, "delta": dict(delta), "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk", [choice])

    def last_chunks(self, answer: Answer, files: FileIds, *, with_usage: bool) -> Sequence[dict[str, Any]]:
        """What follows the text: what its markers stand for and bear out, why it ended, and the tokens it took."""
        delta: dict[str, Any] = {"annotations": self._annotations(answer, files)} if answer.citations else {}
        if sources := self.sources(answer):
            delta["content"] = sources
        chunks = [self.chunk(delta | standing(answer)), self.chunk({}, _reason(answer))]
        if with_usage:
            chunks.append(self._envelope("chat.completion.chunk", []) | {"usage": usage_of(answer)})
        return chunks

    def sources(self, answer: Answer) -> str:
        """The footnotes below the text, one line a marker, for clients that show the text alone."""
        marked = [one for one in answer.citations if one.marked] if self.shows_sources else []
        first = {one.number: one for one in reversed(marked)}
        lines = [f"[{number}] {_named(first[number])}" for number in sorted(first)]
        return "\n\n" + "\n".join(lines) if lines else ""

    def _annotations(self, answer: Answer, files: FileIds) -> list[dict[str, Any]]:
        return [url_citation(citation, files, self.address) for citation in answer.citations]

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def usage_of(answer: Answer) -> dict[str, Any]:
    """What the chat model's calls took, all together."""
    read, written = sum(use.input_tokens for use in answer.uses), sum(use.output_tokens for use in answer.uses)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": sum(use.cached_tokens for use in answer.uses)},
    }


def _reason(answer: Answer) -> str:
    return answer.finish_reason if answer.finish_reason in _REASONS else "stop"


def _named(citation: Citation) -> str:
    page = f" (p. {citation.page})" if citation.page is not None else ""
    return citation.hit.chunk.filename + page
