"""The engine itself: carries out requests on one collection. Lives in the engine process only."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from vectorstore import payload
from vectorstore.bm25 import Bm25
from vectorstore.chunk import Chunk, Hit
from vectorstore.conditions import scope
from vectorstore.embedded.dialect import EdgeDialect
from vectorstore.embedded.layout import BM25, DENSE, create_shard
from vectorstore.embedded.messages import (
    Count,
    Delete,
    Flush,
    Ping,
    Request,
    Scroll,
    Search,
    SetAttributes,
    Upsert,
    Write,
    Written,
)
from vectorstore.embedded.searching import search_request
from vectorstore.interface import Page, Query, Vectors

_DOMINANT_SHARE = 0.9
"""Share of the collection from which a store's words are as rare as in the whole collection, whose counts the engine
has at hand. Counting for a store alone costs a question 0.1 ms per 1,000 chunks."""


class Shard:
    """One collection's engine. Not thread-safe, and the engine holds the interpreter while it works."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        if (folder / "edge_config.json").exists():
            self._shard = edge.EdgeShard.load(str(folder))
        else:
            self._shard = create_shard(folder, dimensions)
        self._dimensions = dimensions
        self._bm25 = Bm25()
        self._dialect = EdgeDialect()
        self.unflushed = False

    def answer(self, request: Request) -> list[Hit] | int | Page | Written:
        """Do what is asked. The engine's errors are bare `Exception`s."""
        match request:
            case Search(query, vector):
                return self._search(query, vector)
            case Count(store_id, document_id, version):
                counted = scope(self._dialect, store_id, document_id, version)
                return self._shard.count(edge.CountRequest(filter=counted))
            case Scroll():
                return self._page(request)
            case Ping():
                pass
            case Flush():
                self.flush()
            case _:
                self._write(request)
        return Written(self._shard.info().points_count)

    def flush(self) -> None:
        """Bring all that was written to disk."""
        self._shard.flush()
        self.unflushed = False

    def close(self) -> None:
        """Flush and let go of the folder."""
        self.flush()
        self._shard.close()

    def _write(self, request: Write) -> None:
        self.unflushed = True
        match request:
            case Upsert(chunks, vectors):
                points = [self._point(chunk, vectors, row) for row, chunk in enumerate(chunks)]
                operation = edge.UpdateOperation.upsert_points(points)
            case Delete(store_id, document_id, version):
                doomed = scope(self._dialect, store_id, document_id, version)
                operation = edge.UpdateOperation.delete_points_by_filter(doomed)
            case SetAttributes(store_id, document_id, attributes):
                changed = {payload.ATTRIBUTES: payload.pack(attributes)}
                scoped = scope(self._dialect, store_id, document_id)
                operation = edge.UpdateOperation.set_payload_by_filter(scoped, changed)
        self._shard.update(operation)

    def _point(self, chunk: Chunk, vectors: Vectors | None, row: int) -> edge.Point:
        named: dict[str, edge.NamedVector] = {BM25: self._bm25.chunk(chunk)}
        if vectors is not None:
            # The engine reads a buffer faster than a list, and a list faster than an array.
            named[DENSE] = memoryview(vectors[row])  # type: ignore[assignment] # any sequence of floats will do
        return edge.Point(chunk.id, named, payload.payload_of(chunk))

    def _page(self, scroll: Scroll) -> Page:
        records, following = self._shard.scroll(
            edge.ScrollRequest(
                limit=scroll.limit,
                offset=scroll.after,
                filter=scope(self._dialect, scroll.store_id, scroll.document_id, scroll.version),
                with_payload=True,
                with_vector=[DENSE] if scroll.with_vectors else False,
            )
        )
        return Page(
            chunks=[payload.chunk_of(record.payload or {}) for record in records],
            vectors=self._dense(records) if scroll.with_vectors else None,
            after=None if following is None else str(following),
        )

    def _dense(self, records: Sequence[edge.Record]) -> Vectors:
        rows = [record.vector[DENSE] for record in records if isinstance(record.vector, dict)]
        return np.array(rows, dtype=np.float32).reshape(len(records), self._dimensions)

    def _search(self, query: Query, vector: Vectors | None) -> list[Hit]:
        words = self._bm25.question(query.text)
        points = self._shard.query(search_request(query, vector, words, self._idf(query)))
        return [Hit(payload.chunk_of(point.payload or {}), point.score) for point in points]

    def _idf(self, query: Query) -> edge.SearchParams | None:
        corpus = scope(self._dialect, query.store_id)
        own = self._shard.count(edge.CountRequest(exact=False, filter=corpus))
        if own >= _DOMINANT_SHARE * self._shard.info().points_count:
            return None
        return edge.SearchParams(idf=edge.IdfParams(corpus=corpus))
