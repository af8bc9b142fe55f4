"""What a request for a response comes to: stores, conversation, model."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.attributes import to_filter
from api.callers import Caller
from api.openai.conversation import Said, conversation, unsupported
from api.openai.finding import find_vector_store
from api.openai.responses.finding import find_response
from api.openai.responses.form import ResponseForm
from api.openai.responses.items import Item, kept_items, messages_of
from api.openai.store_models import find, named_writer, stores_of, writer_of
from api.services import Services
from api.store_use import use_store
from records import responses
from records.ids import ResponseId, new_response_id
from records.responses import Response
from records.stores import Store
from search import Inquiry, Manner, Refining


@dataclass(frozen=True, slots=True)
class Asked:
    """A response that is to be made."""

    id: ResponseId
    created_at: int
    key_id: str | None
    form: ResponseForm
    items: Sequence[Item]
    model: str
    inquiry: Inquiry


async def asked_of(services: Services, caller: Caller, form: ResponseForm) -> Asked:
    """What the form asks for.

    Raises:
        ApiError: something that it names is not there for this caller, or it cannot be answered from stores.
    """
    items = list(kept_items(form.input))
    before = await _before(services, caller, form)
    talk = conversation([*_said(before), *messages_of(items)], "input")
    stores, manner = await _stores_and_manner(services, caller, form)
    chat = manner.writer or services.upstream.chat
    if chat is None and (not stores or manner.is_data):
        message = "Without stores, or in JSON, answers need a chat model: set upstream.base_url or upstream.api_key."
        raise unsupported(message, "tools" if not stores else "text.format", code="no_chat_model")
    told = [one for one in (manner.instructions, form.instructions, talk.instructions) if one]
    tool = next(iter(form.searches), None)
    ranking = tool.ranking_options if tool else None
    inquiry = Inquiry(
        stores,
        talk.question,
        (tool.max_num_results if tool else None) or services.settings.search.answer_passages,
        to_filter(tool.filters) if tool and tool.filters else None,
        score_threshold=ranking.score_threshold if ranking else 0.0,
        refining=Refining(rerank=False if ranking and ranking.ranker == "none" else None),
        history=talk.history,
        manner=Manner(
            manner.writer, "\n\n".join(told) or None, form.max_output_tokens, form.options, is_data=manner.is_data
        ),
    )
    model = form.model or (chat.model if chat else "")
    return Asked(new_response_id(), int(time.time()), caller.key_id, form, items, model, inquiry)


async def _before(services: Services, caller: Caller, form: ResponseForm) -> Sequence[Response]:
    """The answers that this one goes on from, oldest first."""
    if form.previous_response_id is None:
        return []
    last = await find_response(services, caller, form.previous_response_id, param="previous_response_id")
    return await services.records.database.read(lambda c: responses.conversation(c, last))


def _said(before: Sequence[Response]) -> Iterator[Said]:
    for response in before:
        yield from messages_of(response.input)
        yield from messages_of(response.body["output"])


async def _stores_and_manner(services: Services, caller: Caller, form: ResponseForm) -> tuple[Sequence[Store], Manner]:
    """Where to look, what writes the answer, and what the options tell it."""
    stores = [await _searched(services, caller, one) for tool in form.searches for one in tool.vector_store_ids]
    is_data = form.format.type != "text"
    found = find(services.settings, form.model) if form.model else None
    if found is not None and form.model is not None:
        stores += await stores_of(services, caller, form.model, found)
        manner = Manner(writer_of(services, found), found.instructions, is_data=is_data)
    else:
        manner = Manner(named_writer(services, caller, form.model), is_data=is_data)
    return list({store.id: store for store in stores}.values()), manner


async def _searched(services: Services, caller: Caller, store_id: str) -> Store:
    store = await find_vector_store(services, caller, store_id)
    await use_store(services, store)
    return store
