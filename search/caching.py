"""Answers that are given again: to the same question, under the same options, while the store has not changed."""

import hashlib
import json
import logging
import time
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from records import Database, answers, revisions
from records.answers import Kept
from records.errors import RecordsError
from search.answerer import Answerer
from search.answering import Answer, Delta, Event, Passages
from search.inquiry import Inquiry
from settings import SearchSettings
from upstream import Chat

_MOST_BYTES = 1_000_000
"""Of an answer as it is kept; longer ones are written anew each time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the answer to an inquiry is kept."""

    key: bytes
    store_id: str
    revision: int


class CachingAnswerer:
    """Answers questions from stores, and remembers the answers where the options say so.

    Whoever asks must have been found to be allowed to use the stores: an answer is found by what was asked, whoever
    asked it first. Answers from several stores, or from none, are not kept.
    """

    def __init__(self, answerer: Answerer, chat: Chat | None, database: Database, settings: SearchSettings) -> None:
        self._answerer = answerer
        self._chat = chat
        self._database = database
        self._settings = settings

    async def stream(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        """The passages, the text piece by piece, and at last the answer; a kept one in a single piece.

        Raises:
            UpstreamError, VectorStoreError, RecordsError: at any point of the stream.
            ValueError: there is neither a store to look in nor a chat model.
        """
        place = await self._place(inquiry) if self._may_be_kept(inquiry) else None
        kept = await self._kept(place) if place is not None and not inquiry.fresh else None
        if kept is not None:
            yield Passages(kept.passages, kept.queries, cached=True)
            yield Delta(kept.text)
            yield kept
            return
        async with aclosing(self._answerer.stream(inquiry)) as events:
            async for event in events:
                if isinstance(event, Answer) and place is not None:
                    await self._keep(place, event)
                yield event

    async def answer(self, inquiry: Inquiry) -> Answer:
        """The whole answer at once."""
        answer = None
        async for event in self.stream(inquiry):
            if isinstance(event, Answer):
                answer = event
        assert answer is not None, "a stream that does not raise ends with the answer"
        return answer

    def _may_be_kept(self, inquiry: Inquiry) -> bool:
        return self._settings.answer_cache_seconds > 0 and len(inquiry.stores) == 1

    async def _place(self, inquiry: Inquiry) -> _Place:
        store_id = inquiry.stores[0].id
        revision = await self._database.read(lambda c: revisions.find(c, store_id))
        writer = inquiry.manner.writer or self._chat
        asked = {
            "inquiry": replace(inquiry, stores=(), fresh=False, manner=replace(inquiry.manner, writer=None)),
            "writer": writer.model if writer else None,
            "store": (store_id, revision),
            "settings": self._settings.model_dump(mode="json"),
            "version": version("footnote"),
        }
        told = json.dumps(asked, sort_keys=True, default=_plain).encode()
        return _Place(hashlib.sha256(told).digest(), store_id, revision)

    async def _kept(self, place: _Place) -> Answer | None:
        body = await self._database.read(lambda c: answers.find(c, place.key))
        # Whatever calls it took were paid for when it was written.
        return replace(_answers().validate_json(zlib.decompress(body)), uses=(), cached=True) if body else None

    async def _keep(self, place: _Place, answer: Answer) -> None:
        """Keep an answer that came to its end; where that fails, it is an answer all the same."""
        if answer.finish_reason not in {None, "stop"}:
            return
        try:
            body = zlib.compress(_answers().dump_json(answer))
            if len(body) <= _MOST_BYTES:
                kept = Kept(place.key, place.store_id, body, time.time() + self._settings.answer_cache_seconds)
                await self._database.write(partial(answers.keep, kept=kept, revision=place.revision))
        except (PydanticSerializationError, RecordsError) as error:  # what either says may hold text of documents
            _log.warning("an answer could not be kept: %s", type(error).__name__)


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
