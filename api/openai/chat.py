"""`/v1/chat/completions` of store models: any chat client asks the documents."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from api.answer_cache import begins_kept, cache_headers, wants_fresh
from api.callers import Caller
from api.errors import describe
from api.openai.chat_body import ChatBody, Completion
from api.openai.chat_form import ChatForm
from api.openai.citing import file_ids_of
from api.openai.conversation import conversation, said, unsupported
from api.openai.refusals import in_words
from api.openai.store_models import find, stores_of, writer_of
from api.openai.streams import EVENTS, sse, streamed
from api.permissions import GuardedRoute, MayAsk
from api.relay.permissions import no_such_model
from api.services import Opened, Services
from records import Database
from search import Answer, Delta, Event, Inquiry, Manner

router = APIRouter(tags=["openai: chat"], route_class=GuardedRoute)


@router.post("/v1/chat/completions", response_model=ChatBody, responses=EVENTS)
async def complete(
    form: ChatForm, request: Request, services: Opened, caller: MayAsk
) -> JSONResponse | StreamingResponse:
    """Answer the last message of a conversation from the stores of a store model, such as `store/NAME`."""
    inquiry = replace(await _inquiry(services, caller, form), fresh=wants_fresh(request))
    address = str(request.base_url).rstrip("/")
    completion = Completion(form.model, address, services.settings.search.chat_sources and not form.is_data)
    events = in_words(services.answerer.stream(inquiry), form.model)
    database = services.records.database
    if not form.stream:
        answer = await _whole(events)
        body = completion.body(answer, await file_ids_of(database, answer.passages))
        return JSONResponse(body, headers=cache_headers(services, cached=answer.cached))
    first = await anext(events)  # the passages; what fails before there is anything to show gets a status of its own
    with_usage = form.stream_options is not None and bool(form.stream_options.include_usage)
    headers = cache_headers(services, cached=begins_kept(first))
    return streamed(_wire(completion, events, database, with_usage=with_usage), headers)


async def _inquiry(services: Services, caller: Caller, form: ChatForm) -> Inquiry:
    found = find(services.settings, form.model)
    if found is None:
        raise no_such_model(form.model)
    talk = conversation([said(one, f"messages.{index}") for index, one in enumerate(form.messages)], "messages")
    stores = await stores_of(services, caller, form.model, found)
    writer = writer_of(services, found)
    if form.is_data and (writer or services.upstream.chat) is None:
        message = "Answers in JSON need a chat model: set upstream.base_url or upstream.api_key."
        raise unsupported(message, "response_format", code="no_chat_model")
    told = "\n\n".join(one for one in (found.instructions, talk.instructions) if one) or None
    manner = Manner(writer, told, form.limit_tokens, form.options, is_data=form.is_data)
    passages = services.settings.search.answer_passages
    return Inquiry(stores, talk.question, passages, history=talk.history, manner=manner)


async def _whole(events: AsyncGenerator[Event]) -> Answer:
    answer = None
    async with aclosing(events):
        async for event in events:
            answer = event if isinstance(event, Answer) else None
    assert answer is not None, "a stream that does not raise ends with the answer"
    return answer


async def _wire(
    completion: Completion, events: AsyncGenerator[Event], database: Database, *, with_usage: bool
) -> AsyncGenerator[str]:
    async with aclosing(events):
        try:
            yield sse(completion.chunk({"role": "assistant", "content": "", "refusal": None}))
            async for event in events:
                if isinstance(event, Delta):
                    yield sse(completion.chunk({"content": event.text}))
                elif isinstance(event, Answer):
                    files = await file_ids_of(database, event.passages)
                    for chunk in completion.last_chunks(event, files, with_usage=with_usage):
                        yield sse(chunk)
            yield sse("[DONE]")
        except Exception as error:  # noqa: BLE001  the status is sent; the client must still be told
            yield sse(describe(error)[1], name="error")
