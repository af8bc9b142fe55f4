"""Answers with footnotes: retrieve, write, cite."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from search.answering import Answer, Delta, Event, Passages
from search.confidence import UNANSWERED_BELOW, confidence
from search.extracting import extract
from search.footnoting import excerpted, footnoted
from search.inquiry import Inquiry
from search.markers import MarkerFilter
from search.passages import passages_of
from search.prompt import NOT_IN_DOCUMENTS, messages, messages_alone
from search.proving import Texts
from search.refining import Found
from search.rewriting import formulated
from search.searcher import Searcher
from search.silence import SentinelFilter, not_said
from settings import SearchSettings
from upstream import Chat, Embedder, Ending, Message, UpstreamError
from vectorstore import Hit

_HITS_PER_PASSAGE = 3
"""More hits are fetched than passages are shown, for chunks overlap, and one document is not to crowd out the rest."""


@dataclass(frozen=True, slots=True)
class _Task:
    """An inquiry on its way to an answer."""

    inquiry: Inquiry
    searcher: Searcher
    """Knows the vectors of the questions that were searched for."""
    chat: Chat | None
    queries: Sequence[str]
    """What was searched for; the first is the question, standing on its own."""
    found: Found
    """The passages."""
    confidence: float | None
    """How likely they answer the question, 0 to 1."""
    rewriting: Ending
    writing: Ending

    @property
    def query(self) -> str:
        """The question, standing on its own."""
        return self.queries[0]

    @property
    def passages(self) -> Sequence[Hit]:
        """What the answer may be written from."""
        return self.found.hits

    def answer(self, text: str, *, answered: bool = True) -> Answer:
        """The answer of that text, without citations."""
        return Answer(
            text,
            answered,
            "chat" if self.chat else "extractive",
            self.chat.model if self.chat else None,
            self.passages,
            [],
            self.queries,
            [ending.use for ending in (self.rewriting, self.writing) if ending.use is not None],
            self.writing.finish_reason,
            reranked=self.found.reranked,
            confidence=self.confidence,
        )


class Answerer:
    """Answers questions from stores."""

    def __init__(self, searcher: Searcher, chat: Chat | None, settings: SearchSettings, texts: Texts) -> None:
        self._searcher = searcher
        self._chat = chat
        self._settings = settings
        self._texts = texts

    async def stream(self, inquiry: Inquiry) -> AsyncGenerator[Event]:
        """The passages, the text piece by piece, and at last the answer with its footnotes.

        Raises:
            UpstreamError, VectorStoreError, RecordsError: at any point of the stream.
            ValueError: there is neither a store to look in nor a chat model.
        """
        task = await self._begun(inquiry)
        yield Passages(task.passages, task.queries)
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
        rewriting, queries, found, judged = Ending(), [inquiry.question], Found(), None
        searcher = self._searcher.for_one_inquiry()
        if inquiry.stores:
            count = inquiry.queries or self._settings.queries
            queries = list(await formulated(inquiry.question, chat, inquiry.history, count, rewriting))
            found = await self._passages(searcher, inquiry, queries)
            judged = await confidence(searcher, inquiry, queries[0], found.hits)
        return _Task(inquiry, searcher, chat, queries, found, judged, rewriting, Ending())

    async def _passages(self, searcher: Searcher, inquiry: Inquiry, queries: Sequence[str]) -> Found:
        settings = self._settings
        found = await searcher.search_all(
            inquiry.stores,
            queries,
            limit=inquiry.limit * _HITS_PER_PASSAGE,
            filter=inquiry.filter,
            mode=inquiry.mode,
            score_threshold=inquiry.score_threshold,
            refining=replace(inquiry.refining, question=queries[0]),
        )
        passages = await passages_of(
            found.hits,
            limit=inquiry.limit,
            max_tokens=settings.context_max_tokens,
            per_document=settings.per_document,
            texts=self._texts,
        )
        return replace(found, hits=passages)

    def _rest(self, task: _Task) -> AsyncGenerator[Event]:
        if task.chat is not None and not task.inquiry.stores:
            return self._alone(task, task.chat)
        if not (task.chat and task.inquiry.manner.is_data) and self._is_silent(task):
            return _silence(task)
        if task.chat is None:
            return self._extractive(task)
        return self._data(task, task.chat) if task.inquiry.manner.is_data else self._written(task, task.chat)

    def _is_silent(self, task: _Task) -> bool:
        """Whether the passages, before anything is written of them, are no answer."""
        threshold = self._settings.silence_threshold
        if threshold is None:  # a chat model judges better than a score, and understands questions that no score does
            threshold = 0.0 if task.chat is not None else UNANSWERED_BELOW
        return not task.passages or (task.confidence is not None and task.confidence < threshold)

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
        yield await footnoted(task.answer(shown + rest), task.query, self._texts, _comparing(task))

    def _alone(self, task: _Task, chat: Chat) -> AsyncGenerator[Event]:
        return _as_it_comes(task, self._pieces(task, chat, messages_alone(task.inquiry)))

    def _data(self, task: _Task, chat: Chat) -> AsyncGenerator[Event]:
        return _as_it_comes(task, self._pieces(task, chat, messages(task.inquiry, task.passages)))

    async def _extractive(self, task: _Task) -> AsyncGenerator[Event]:
        embedder = task.searcher.embedder(task.inquiry.stores[0])
        citations = await extract(task.query, task.passages, embedder, self._settings.rrf_k)
        answer = await excerpted(task.answer(""), citations, self._texts)
        if not answer.citations:
            async for event in _silence(task):
                yield event
            return
        yield Delta(answer.text)
        yield answer


def _comparing(task: _Task) -> Embedder | None:
    """What compares claims by meaning; without it, an answer is one all the same."""
    try:
        return task.searcher.embedder(task.inquiry.stores[0])
    except UpstreamError:
        return None


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
