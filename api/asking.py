"""`POST /ask`: an answer with footnotes, whole or as a stream."""

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AliasChoices, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from api.answer_cache import begins_kept, cache_headers, wants_fresh
from api.callers import Caller
from api.claims import ClaimBody, claim_body
from api.errors import describe
from api.hits import CitationBody, HitBody, citation_body, hit_body
from api.keeping_alive import with_comments
from api.openai.conversation import conversation, said
from api.permissions import GuardedRoute, MayAsk
from api.searching import Question, Scope, inquiry_of
from api.services import Opened, Services
from search import Answer, Delta, Event, Inquiry, Manner, Passages

router = APIRouter(tags=["questions"], route_class=GuardedRoute)

_MESSAGES = [
    {"role": "user", "content": "How long may a telescope be kept?"},
    {"role": "assistant", "content": "For three weeks [1]."},
    {"role": "user", "content": "And binoculars?"},
]


class AskForm(Scope):
    """A question. `limit` is the number of passages the answer may be written from."""

    question: Question | None = Field(default=None, validation_alias=AliasChoices("question", "query"))
    """What is asked; leave it out where `messages` are given."""
    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=2_048, examples=[_MESSAGES])] | None = None
    """A conversation in the form of OpenAI's chat messages. The last message of the user is the question; what it
    refers to is looked up in those before it. Messages of the role `system` tell the chat model how to answer."""
    stream: bool = False
    """Server-sent events: `passages`, then `delta` with pieces of the text, then `citations`, then `done`."""
    cache: bool = True
    """False has the answer written anew even where one is kept, as `Cache-Control: no-cache` does."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.question is None) == (self.messages is None):
            raise PydanticCustomError("question", "Give either question or messages")
        return self


class AnswerBody(BaseModel):
    """An answer and what it stands on."""

    id: str
    object: Literal["answer"] = "answer"
    question: str
    store: str
    answer: str
    answered: bool
    """False when the documents do not say."""
    grounded: bool
    """Whether the documents bear out every sentence that claims something, by rules that compare words, numbers, names
    and quotations; false when they do not say."""
    confidence: float | None
    """How likely the documents are to answer the question, 0 to 1, judged by what was found before anything was
    written; null where that cannot be told."""
    method: Literal["chat", "extractive"]
    """`extractive`: no chat model is set, so the text is sentences of the passages, as they stand there."""
    model: str | None
    cached: bool
    """Whether it was written for the same question, asked before, and nothing in the store has changed since."""
    queries: list[str]
    """What was searched for."""
    reranked: bool | None
    """Whether a reranker put the passages in order; false when it failed, null when none was to."""
    sentences: list[ClaimBody]
    """The sentences that claim something, in order."""
    citations: list[CitationBody]
    passages: list[HitBody]


@router.post(
    "/ask",
    response_model=AnswerBody,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def ask(
    form: AskForm,
    services: Opened,
    caller: MayAsk,
    request: Request,
    response: Response,
) -> AnswerBody | StreamingResponse:
    """Answer a question from the documents of a store."""
    inquiry = await _inquiry(services, caller, form)
    inquiry = replace(inquiry, fresh=not form.cache or wants_fresh(request))
    if not form.stream:
        answer = await services.answerer.answer(inquiry)
        response.headers.update(cache_headers(services, cached=answer.cached))
        return _body(inquiry, answer)
    events = services.answerer.stream(inquiry)
    first = await anext(events)  # what fails before there is anything to show gets a status of its own
    headers = cache_headers(services, cached=begins_kept(first))
    return StreamingResponse(
        with_comments(_wire(inquiry, first, events)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **headers},
    )


async def _inquiry(services: Services, caller: Caller, form: AskForm) -> Inquiry:
    if form.messages is None:
        return await inquiry_of(services, caller, form, form.question or "")
    talk = conversation([said(one, f"messages.{index}") for index, one in enumerate(form.messages)], "messages")
    inquiry = await inquiry_of(services, caller, form, talk.question)
    return replace(inquiry, history=talk.history, manner=Manner(instructions=talk.instructions))


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
        case Passages():
            return _sse("passages", {"data": [hit_body(hit).model_dump() for hit in event.hits]})
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
        grounded=answer.grounded,
        confidence=answer.confidence,
        method=answer.method,
        model=answer.model,
        cached=answer.cached,
        queries=list(answer.queries),
        reranked=answer.reranked,
        sentences=[claim_body(claim) for claim in answer.sentences],
        citations=[citation_body(citation) for citation in answer.citations],
        passages=[hit_body(hit) for hit in answer.passages],
    )
