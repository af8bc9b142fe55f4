"""Answers with footnotes: retrieve, write, cite."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from search.citation import Citation, citations_of
from search.extracting import extract
from search.markers import MarkerFilter
from search.passages import choose
from search.prompt import NOT_IN_DOCUMENTS, messages
from search.searcher import Request, Searcher
from search.silence import SentinelFilter, not_said
from settings import SearchSettings
from upstream import Chat
from vectorstore import Hit

_HITS_PER_PASSAGE = 2
"""Neighbouring chunks overlap, so more hits are fetched than passages are shown."""


@dataclass(frozen=True, slots=True)
class Passages:
    """The numbered passages the answer is written from; the first event."""

    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer; the last event."""

    text: str
    answered: bool
    """False when the documents do not say."""
    method: Literal["chat", "extractive"]
    """`extractive`: no chat model is set, so the text is sentences of the passages, as they stand there."""
    model: str | None
    """The chat model that wrote it."""
    passages: Sequence[Hit]
    citations: Sequence[Citation]


Event = Passages | Delta | Answer


class Answerer:
    """Answers questions from a store."""

    def __init__(self, searcher: Searcher, chat: Chat | None, settings: SearchSettings) -> None:
        self._searcher = searcher
        self._chat = chat
        self._settings = settings

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        """The passages, the text piece by piece, and at last the answer with its footnotes.

        `request.limit` is the number of passages at most.

        Raises:
            UpstreamError, VectorStoreError, RecordsError: at any point of the stream.
        """
        passages = await self._passages(request)
        yield Passages(passages)
        if not passages:
            answer = self._silence(request.question, passages)
            yield Delta(answer.text)
            yield answer
        elif self._chat is None:
            async for event in self._extractive(request, passages):
                yield event
        else:
            async for event in self._written(request.question, passages, self._chat):
                yield event

    async def answer(self, request: Request) -> Answer:
        """The whole answer at once."""
        answer = None
        async for event in self.stream(request):
            if isinstance(event, Answer):
                answer = event
        assert answer is not None, "a stream that does not raise ends with the answer"
        return answer

    async def _passages(self, request: Request) -> Sequence[Hit]:
        wide = Request(request.store, request.question, request.limit * _HITS_PER_PASSAGE, request.filter, request.mode)
        hits = await self._searcher.search(wide)
        return choose(hits, limit=request.limit, max_tokens=self._settings.context_max_tokens)

    async def _written(self, question: str, passages: Sequence[Hit], chat: Chat) -> AsyncGenerator[Event]:
        markers, sentinel, shown = MarkerFilter(len(passages)), SentinelFilter(NOT_IN_DOCUMENTS), ""
        async for delta in chat.stream(messages(question, passages), max_tokens=self._settings.answer_max_tokens):
            if piece := sentinel.feed(markers.feed(delta)):
                shown += piece
                yield Delta(piece)
        rest = sentinel.feed(markers.finish()) + sentinel.finish()
        if sentinel.seen or not (shown + rest).strip():
            answer = self._silence(question, passages)
            yield Delta(answer.text)
            yield answer
            return
        if rest:
            yield Delta(rest)
        text = shown + rest
        yield Answer(text, True, "chat", chat.model, passages, citations_of(text, passages))

    async def _extractive(self, request: Request, passages: Sequence[Hit]) -> AsyncGenerator[Event]:
        embedder = self._searcher.embedder(request.store)
        citations = await extract(request.question, passages, embedder, self._settings.rrf_k)
        if not citations:
            answer = self._silence(request.question, passages)
            yield Delta(answer.text)
            yield answer
            return
        pieces = [f"{' '.join(citation.quote.split())} [{citation.number}]" for citation in citations]
        for index, piece in enumerate(pieces):
            yield Delta(("\n" if index else "") + piece)
        yield Answer("\n".join(pieces), True, "extractive", None, passages, citations)

    def _silence(self, question: str, passages: Sequence[Hit]) -> Answer:
        chat = self._chat
        method: Literal["chat", "extractive"] = "chat" if chat else "extractive"
        return Answer(not_said(question), False, method, chat.model if chat else None, passages, [])
