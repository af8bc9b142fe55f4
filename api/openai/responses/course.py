"""The course of a response: its events, one after another, the last of which holds it whole."""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from api.claims import standing
from api.errors import describe
from api.openai.citing import FileIds, file_citation, file_ids_of, result
from api.openai.responses.asked import Asked
from api.openai.responses.body import Status, body_of, presented, usage_of
from records import Database, responses
from records.responses import KEEP_SECONDS, Response
from search import Answer, Delta, Event, Passages
from upstream import UpstreamRateLimitedError

Sent = dict[str, Any]

_CUT_SHORT = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Reasons to stop before the end, and what responses call them."""


class Course:
    """Turns what the answerer does into what `/v1/responses` tells of it."""

    def __init__(self, asked: Asked, database: Database) -> None:
        self._asked = asked
        self._database = database
        self._output: list[dict[str, Any]] = []
        self._files: FileIds = {}
        self._message_id = f"msg_{secrets.token_hex(12)}"
        self._has_begun = False
        self._number = -1

    async def run(self, first: Event, rest: AsyncGenerator[Event]) -> AsyncGenerator[Sent]:
        """The events; the last one has the response as it is kept, which it is by then.

        Raises:
            UpstreamError, VectorStoreError, RecordsError: at any point.
        """
        async with aclosing(rest):
            for name in ("created", "in_progress"):
                yield self._event(f"response.{name}", response=body_of(self._asked, "in_progress", []))
            async for sent in self._of(first):
                yield sent
            async for event in rest:
                async for sent in self._of(event):
                    yield sent

    def failed(self, error: Exception) -> Sent:
        """The last event where something went wrong."""
        code = "rate_limit_exceeded" if isinstance(error, UpstreamRateLimitedError) else "server_error"
        told = {"code": code, "message": describe(error)[1]["error"]["message"]}
        body = body_of(self._asked, "failed", self._output, error=told)
        return self._event("response.failed", response=self._shown(body))

    async def _of(self, event: Event) -> AsyncIterator[Sent]:
        match event:
            case Passages():
                self._files = await file_ids_of(self._database, event.hits)
                for sent in self._searched(event) if self._asked.inquiry.stores else ():
                    yield sent
            case Delta(text):
                for sent in self._begun():
                    yield sent
                yield self._part_event("output_text.delta", delta=text, logprobs=[])
            case Answer():
                for sent in self._written(event):
                    yield sent
                yield await self._ended(event)

    def _searched(self, passages: Passages) -> Iterator[Sent]:
        item: dict[str, Any] = {
            "id": f"fs_{secrets.token_hex(12)}",
            "type": "file_search_call",
            "queries": [],
            "results": None,
        }
        place = {"output_index": 0, "item_id": item["id"]}
        yield self._event("response.output_item.added", output_index=0, item={**item, "status": "in_progress"})
        for step in ("in_progress", "searching", "completed"):
            yield self._event(f"response.file_search_call.{step}", **place)
        results = [result(hit, self._files) for hit in passages.hits]
        item |= {"status": "completed", "queries": list(passages.queries), "results": results}
        self._output.append(item)
        yield self._event("response.output_item.done", output_index=0, item=self._shown(item))

    def _begun(self) -> Iterator[Sent]:
        """What comes before the first words."""
        if self._has_begun:
            return
        self._has_begun = True
        item = self._message("in_progress", [])
        yield self._event("response.output_item.added", output_index=len(self._output), item=item)
        yield self._part_event("content_part.added", part=_part("", []))

    def _written(self, answer: Answer) -> Iterator[Sent]:
        yield from self._begun()
        annotations = [file_citation(citation, self._files) for citation in answer.citations]
        for index, annotation in enumerate(annotations):
            yield self._part_event("output_text.annotation.added", annotation_index=index, annotation=annotation)
        part = _part(answer.text, annotations)
        yield self._part_event("output_text.done", text=answer.text, logprobs=[])
        yield self._part_event("content_part.done", part=part)
        item = self._message("incomplete" if answer.finish_reason in _CUT_SHORT else "completed", [part])
        yield self._event("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)

    async def _ended(self, answer: Answer) -> Sent:
        reason = _CUT_SHORT.get(answer.finish_reason or "")
        status: Status = "incomplete" if reason else "completed"
        facts = {
            "completed_at": int(time.time()) if reason is None else None,
            "incomplete_details": {"reason": reason} if reason else None,
            "usage": usage_of(answer.uses),
            **standing(answer),
        }
        body = body_of(self._asked, status, self._output, **facts)
        if self._asked.form.store is not False:
            await self._keep(status, body)
        return self._event(f"response.{status}", response=self._shown(body))

    async def _keep(self, status: Status, body: dict[str, Any]) -> None:
        asked, now = self._asked, int(time.time())
        previous = asked.form.previous_response_id
        kept = Response(
            asked.id, asked.key_id, status, previous, asked.items, body, asked.created_at, now + KEEP_SECONDS
        )
        await self._database.write(lambda c: responses.add(c, kept))

    def _shown(self, value: dict[str, Any]) -> dict[str, Any]:
        return presented(value, self._asked.form.include or ())

    def _message(self, status: Status, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._message_id,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def _part_event(self, name: str, **facts: Any) -> Sent:
        place = {"item_id": self._message_id, "output_index": len(self._output), "content_index": 0}
        return self._event(f"response.{name}", **place, **facts)

    def _event(self, name: str, **facts: Any) -> Sent:
        self._number += 1
        return {"type": name, "sequence_number": self._number, **facts}


def _part(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
