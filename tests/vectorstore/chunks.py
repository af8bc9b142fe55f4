"""Chunks and vectors to test with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vectorstore import AttributeValue, Chunk, Collection, Hit, Vectors, VectorStore
from vectorstore.filters import Filter
from vectorstore.interface import Query


def make_chunk(store_id: str, text: str, document_id: str = "file-1", index: int = 0, **changes: Any) -> Chunk:
    fields: dict[str, Any] = {"version": 1, "start": 0, "end": len(text), "filename": "notes.txt"} | changes
    return Chunk(store_id=store_id, document_id=document_id, index=index, text=text, **fields)


def make_chunks(store_id: str, texts: Sequence[str], document_id: str = "file-1") -> list[Chunk]:
    return [make_chunk(store_id, text, document_id, index) for index, text in enumerate(texts)]


def unit_vectors(count: int, dimensions: int = 4) -> Vectors:
    """Vector i points along axis i, around again after the last."""
    return np.eye(dimensions, dtype=np.float32)[np.arange(count) % dimensions]


def texts_of(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk.text for hit in hits]


async def write_documents(
    store: VectorStore,
    collection: Collection,
    store_id: str,
    documents: Mapping[str, Mapping[str, AttributeValue]],
) -> None:
    """One chunk for each document, with these attributes; its text is the document's name."""
    chunks = [
        make_chunk(store_id, f"passage {name}", name, attributes=attributes) for name, attributes in documents.items()
    ]
    await store.upsert(collection, chunks, unit_vectors(len(chunks)) if collection.dimensions else None)


async def matching(store: VectorStore, collection: Collection, store_id: str, restriction: Filter) -> set[str]:
    """Documents that a filter lets through."""
    query = Query(store_id, "passage", mode="bm25", filter=restriction, limit=100)
    return {hit.chunk.document_id for hit in await store.query(collection, query)}
