"""Answers with footnotes: retrieve, write, cite."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from search.answering import Answer, Delta, Event, Passages
from search.citation import citations_of
from search.extracting import extract
from search.inquiry import Inquiry
from search.markers import MarkerFilter
from search.passages import choose
from search.prompt import NOT_IN_DOCUMENTS, messages, messages_alone
from search.rewriting import rewritten
from search.searcher import Searcher
from search.silence import SentinelFilter, not_said
from settings import SearchSettings
from upstream import Chat, Ending, Message
from vectorstore import Hit

_HITS_PER_PASSAGE = 2
"""Neighbouring chunks overlap, so more hits are fetched than passages are shown."""


@dataclass(frozen=True, slots=True)
class _Task:
    """An inquiry on its way to an answer."""

    inquiry: Inquiry
    chat: Chat | None
    query: str
    passages: Sequence[Hit]
    rewriting: Ending
    writing: Ending

    def answer(self, text: str, *, answered: bool = True) -> Answer:
        """The answer of that text, without citations."""
        return Answer(
            text,
            answered,
            "chat" if self.chat else "extractive",
            self.chat.model if self.chat else None,
            self.passages,
            [],
            [self.query],
            [ending.use for ending in (self.rewriting, self.writing) if ending.use is not None],
            self.writing.finish_reason,
        )


class Answerer:
    """Answers questions from stores."""

    def __init__(self, searcher: Searcher, chat: Chat | None, settings: SearchSettings) -> None:
        self._searcher = searcher
        self._chat = chat
        self._settings = settings

    async def stream(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        """The passages, the text piece by piece, and at last the answer with its footnotes.

        Raises:
            UpstreamError, VectorStoreError, RecordsError: at any point of the stream.
            ValueError: there is neither a store to look in nor a chat model.
        """
        task = await self._begun(inquiry)
        yield Passages(task.passages, [task.query])
        async with aclosing(self._rest(task)) as events:
            async for event in events:
                yield event

    async def answer(self, inquiry: Inquiry) -> Answer:
        """The whole answer at once."""
        answer = None
        async for event in self.stream(inquiry):
            if isinstance(event, Answer):
                answer = event
        assert answer is not None, "a stream that does not raise ends with the answer"
        return answer

    async def _begun(self, inquiry: Inquiry) -> _Task:
        """What there is before the first word: the question to search for, and the passages."""
        chat = inquiry.manner.writer or self._chat
        if not inquiry.stores and chat is None:
            message = "there is neither a store to look in nor a chat model"
            raise ValueError(message)
        rewriting, query = Ending(), inquiry.question
        if inquiry.stores and inquiry.history:
            query = await rewritten(inquiry.question, chat, inquiry.history, rewriting)
        passages = await self._passages(inquiry, query)
        return _Task(inquiry, chat, query, passages, rewriting, Ending())

    async def _passages(self, inquiry: Inquiry, query: str) -> Sequence[Hit]:
        hits = await self._searcher.search_all(
            inquiry.stores,
            [query],
            limit=inquiry.limit * _HITS_PER_PASSAGE,
            filter=inquiry.filter,
            mode=inquiry.mode,
            score_threshold=inquiry.score_threshold,
        )
        return choose(hits, limit=inquiry.limit, max_tokens=self._settings.context_max_tokens)

    def _rest(self, task: _Task) -> AsyncGenerator[Event]:
        if task.chat is not None and not task.inquiry.stores:
            return self._alone(task, task.chat)
        if not task.passages and not (task.chat and task.inquiry.manner.is_data):
            return _silence(task)
        if task.chat is None:
            return self._extractive(task)
        return self._data(task, task.chat) if task.inquiry.manner.is_data else self._written(task, task.chat)

    def _pieces(self, task: _Task, chat: Chat, prompt: Sequence[Message]) -> AsyncGenerator[str, None]:
        manner = task.inquiry.manner
        max_tokens = manner.max_tokens or self._settings.answer_max_tokens
        return chat.stream(prompt, max_tokens=max_tokens, options=manner.options, ending=task.writing)

    async def _written(self, task: _Task, chat: Chat) -> AsyncGenerator[Event]:
        passages = task.passages
        markers, sentinel, shown = MarkerFilter(len(passages)), SentinelFilter(NOT_IN_DOCUMENTS), ""
        async with aclosing(self._pieces(task, chat, messages(task.inquiry, passages))) as pieces:
            async for delta in pieces:
                if piece := sentinel.feed(markers.feed(delta)):
                    shown += piece
                    yield Delta(piece)
        rest = sentinel.feed(markers.finish()) + sentinel.finish()
        if sentinel.seen or not (shown + rest).strip():
            async for event in _silence(task):
                yield event
            return
        if rest:
            yield Delta(rest)
        text = shown + rest
        yield replace(task.answer(text), citations=citations_of(text, passages))

    def _alone(self, task: _Task, chat: Chat) -> AsyncGenerator[Event]:
        return _as_it_comes(task, self._pieces(task, chat, messages_alone(task.inquiry)))

    def _data(self, task: _Task, chat: Chat) -> AsyncGenerator[Event]:
        return _as_it_comes(task, self._pieces(task, chat, messages(task.inquiry, task.passages)))

    async def _extractive(self, task: _Task) -> AsyncGenerator[Event]:
        embedder = self._searcher.embedder(task.inquiry.stores[0])
        citations = await extract(task.query, task.passages, embedder, self._settings.rrf_k)
        if not citations:
            async for event in _silence(task):
                yield event
            return
        text, placed = "", []
        for citation in citations:
            said = ("\n" if text else "") + " ".join(citation.quote.split()) + " "
            placed.append(replace(citation, index=len(text) + len(said)))
            piece = f"{said}[{citation.number}]"
            text += piece
            yield Delta(piece)
        yield replace(task.answer(text), citations=placed)


async def _as_it_comes(task: _Task, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[Event]:
    """The model's own text, which stands on no passage or must not be touched."""
    text = ""
    async with aclosing(pieces):
        async for piece in pieces:
            text += piece
            yield Delta(piece)
    yield task.answer(text)


async def _silence(task: _Task) -> AsyncGenerator[Event]:
    answer = task.answer(not_said(task.inquiry.question), answered=False)
    yield Delta(answer.text)
    yield answer
