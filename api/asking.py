"""`POST /ask`: an answer with footnotes, whole or as a stream."""

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import AliasChoices, BaseModel, Field

from api.errors import describe
from api.hits import CitationBody, HitBody, citation_body, hit_body
from api.keeping_alive import with_comments
from api.permissions import GuardedRoute, MayAsk
from api.searching import Question, Scope, inquiry_of
from api.services import Opened
from search import Answer, Delta, Event, Inquiry, Passages

router = APIRouter(tags=["questions"], route_class=GuardedRoute)


class AskForm(Scope):
    """A question. `limit` is the number of passages the answer may be written from."""

    question: Question = Field(validation_alias=AliasChoices("question", "query"))
    stream: bool = False
    """Server-sent events: `passages`, then `delta` with pieces of the text, then `citations`, then `done`."""


class AnswerBody(BaseModel):
    """An answer and what it stands on."""

    id: str
    object: Literal["answer"] = "answer"
    question: str
    store: str
    answer: str
    answered: bool
    """False when the documents do not say."""
    method: Literal["chat", "extractive"]
    """`extractive`: no chat model is set, so the text is sentences of the passages, as they stand there."""
    model: str | None
    citations: list[CitationBody]
    passages: list[HitBody]


@router.post(
    "/ask",
    response_model=AnswerBody,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def ask(form: AskForm, services: Opened, caller: MayAsk) -> AnswerBody | StreamingResponse:
    """Answer a question from the documents of a store."""
    inquiry = await inquiry_of(services, caller, form, form.question)
    if not form.stream:
        return _body(inquiry, await services.answerer.answer(inquiry))
    events = services.answerer.stream(inquiry)
    first = await anext(events)  # what fails before there is anything to show gets a status of its own
    return StreamingResponse(
        with_comments(_wire(inquiry, first, events)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _wire(inquiry: Inquiry, first: Event, events: AsyncGenerator[Event]) -> AsyncGenerator[str]:
    async with aclosing(events):
        try:
            yield _event(inquiry, first)
            async for event in events:
                yield _event(inquiry, event)
        except Exception as error:  # noqa: BLE001  the status is sent; the client must still be told
            yield _sse("error", describe(error)[1])


def _event(inquiry: Inquiry, event: Event) -> str:
    match event:
        case Passages(hits, _):
            return _sse("passages", {"data": [hit_body(hit).model_dump() for hit in hits]})
        case Delta(text):
            return _sse("delta", {"text": text})
        case Answer():
            body = _body(inquiry, event).model_dump()
            return _sse("citations", {"data": body["citations"]}) + _sse("done", body)


def _sse(name: str, data: dict[str, Any]) -> str:
    # All in ASCII: some clients also end lines at U+2028, U+2029 or U+0085, which documents may hold.
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _body(inquiry: Inquiry, answer: Answer) -> AnswerBody:
    return AnswerBody(
        id=f"ans_{secrets.token_hex(12)}",
        question=inquiry.question,
        store=inquiry.stores[0].name,
        answer=answer.text,
        answered=answer.answered,
        method=answer.method,
        model=answer.model,
        citations=[citation_body(citation) for citation in answer.citations],
        passages=[hit_body(hit) for hit in answer.passages],
    )
