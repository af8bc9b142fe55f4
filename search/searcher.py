"""Retrieval: a question in, the best passages of a store out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from records import Database, documents, stores
from records.stores import Store
from search.refining import Found, Refining, selected
from search.remembering import RememberingEmbedder
from search.reranking import Reranking, reranked, reranking_of
from search.scoring import Mode, joined, scored
from settings import SearchSettings
from upstream import Embedder, Upstream
from vectorstore import Collection, Filter, Hit, Query, VectorStore

_ROUNDS = 4
_GROWTH = 4
_SPARE = 4
"""Hits looked at for each one that is wanted, where some of them are to be left out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is looked for, and where."""

    store: Store
    question: str
    limit: int
    filter: Filter | None = None
    mode: Mode = "hybrid"


class Searcher:
    """Finds passages by meaning and by words."""

    def __init__(self, database: Database, vectors: VectorStore, upstream: Upstream, settings: SearchSettings) -> None:
        self._database = database
        self._vectors = vectors
        self._upstream = upstream
        self._settings = settings
        self._reranking = reranking_of(upstream, settings)
        self._remembering: dict[str, RememberingEmbedder] | None = None
        """By model; None embeds a question as often as it is searched for."""

    def for_one_inquiry(self) -> "Searcher":
        """A searcher that embeds each question once, in however many stores and ways it is searched for."""
        searcher = copy(self)
        searcher._remembering = {}  # noqa: SLF001 - it is one of us
        return searcher

    @property
    def reranks(self) -> bool:
        """Whether there is a way to rerank."""
        return self._reranking is not None

    def embedder(self, store: Store) -> Embedder | None:
        """What embeds questions for this store; None where it is searched by BM25 alone.

        Raises:
            ModelUnavailableError: the store's model cannot be reached.
        """
        if store.embedding_dimensions == 0:
            return None
        embedder = self._upstream.require(store.embedding_model)
        if self._remembering is None:
            return embedder
        return self._remembering.setdefault(store.embedding_model, RememberingEmbedder(embedder))

    async def search(self, request: Request) -> Sequence[Hit]:
        """The best hits, best first, all of documents that are searchable at this moment; scores are from 0 to 1.

        What a score means depends on the mode: see `search.scoring`.

        Raises:
            UpstreamError, VectorStoreError, RecordsError
        """
        if request.store.embedding_dimensions is None:  # nothing was ever embedded
            return []
        query = await self._query(request)
        collection = _collection(request.store)
        limit, candidates = request.limit, max(self._settings.candidates, request.limit)
        visible: Sequence[Hit] = []
        for _ in range(_ROUNDS):
            hits = await self._vectors.query(collection, query(limit, candidates))
            store, current = await self._now(request.store, hits)
            if store is not None and _collection(store) != collection:
                # It has changed its model meanwhile: what is visible now is in another collection.
                return await self.search(replace(request, store=store))
            visible = [hit for hit in hits if current.get(hit.chunk.document_id) == hit.chunk.version]
            if any(hit.chunk.version < current.get(hit.chunk.document_id, 0) for hit in hits):
                continue  # a document was replaced between the query and the look at its version
            if len(visible) >= request.limit or len(hits) < limit:
                break
            # Chunks of documents still in work stand in the way: look further down.
            limit, candidates = limit * _GROWTH, candidates * _GROWTH
        return scored(visible[: request.limit], _mode(request))

    async def search_all(
        self,
        stores: Sequence[Store],
        queries: Sequence[str],
        *,
        limit: int,
        filter: Filter | None = None,  # noqa: A002 - the one word for it
        mode: Mode = "hybrid",
        score_threshold: float = 0.0,
        refining: Refining = Refining(),  # noqa: B008 - it is frozen
    ) -> Found:
        """The best hits of all stores for all queries, best first, each chunk once, none with a lower score.

        One query to one store gives what `search` gives; several are joined by reciprocal ranks. Then they are reranked
        and thinned out as `refining` says. Scores are the reranker's where it was there.

        Raises:
            UpstreamError, VectorStoreError, RecordsError
        """
        reranking = self._reranking if refining.rerank is not False else None
        depth = self._depth(limit, refining, reranking)
        requests = [Request(store, query, depth, filter, mode) for query in queries for store in stores]
        lists = await self._each(requests)
        hits = joined(lists, len(queries), self._settings.rrf_k) if lists else []
        found = Found(hits)
        if reranking is not None:
            question = refining.question or "\n".join(queries)
            found = await reranked(reranking, question, hits[: max(limit, self._settings.rerank_candidates)])
        hits = [hit for hit in found.hits if hit.score >= score_threshold]
        return replace(found, hits=await selected(hits, limit, refining))

    def _depth(self, limit: int, refining: Refining, reranking: Reranking | None) -> int:
        """How many hits of each list it takes, so that enough are left in the end."""
        depth = limit
        if reranking is not None:
            depth = max(depth, self._settings.rerank_candidates)
        if refining.thins:
            depth = max(depth, limit * _SPARE, self._settings.candidates)
        return depth

    async def _each(self, requests: Sequence[Request]) -> Sequence[Sequence[Hit]]:
        tasks = [asyncio.ensure_future(self.search(request)) for request in requests]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:  # the others of one that failed
                task.cancel()

    async def _query(self, request: Request) -> Callable[[int, int], Query]:
        vector, mode = None, _mode(request)
        embedder = self.embedder(request.store) if mode != "bm25" else None
        if embedder is not None:
            vector = await embedder.embed_question(request.question)

        def query(limit: int, candidates: int) -> Query:
            return Query(
                store_id=request.store.id,
                text=request.question,
                vector=vector,
                mode=mode,
                filter=request.filter,
                limit=limit,
                candidates=candidates,
            )

        return query

    async def _now(self, store: Store, hits: Sequence[Hit]) -> tuple[Store | None, Mapping[str, int]]:
        """The store as it is now, and the version of each document that is to be seen."""
        ids = list({hit.chunk.document_id for hit in hits})
        return await self._database.read(lambda c: (stores.find(c, store.id), documents.versions(c, ids)))


def _collection(store: Store) -> Collection:
    return Collection(store.embedding_model, store.embedding_dimensions or 0)


def _mode(request: Request) -> Mode:
    """The mode that the store allows for."""
    return request.mode if request.store.embedding_dimensions else "bm25"
