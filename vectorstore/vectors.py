"""Checks on vectors, made before they are written: the engines accept what cannot be searched."""

import numpy as np

from vectorstore.errors import InvalidVectorError
from vectorstore.interface import Collection, Query, Vectors


def checked_batch(collection: Collection, vectors: Vectors | None, chunk_count: int) -> Vectors | None:
    """The vectors of a batch of chunks as float32; None where the collection has none.

    Raises `InvalidVectorError` when the shape is not (chunks, dimensions) or a value is not finite.
    """
    if vectors is None and collection.dimensions == 0:
        return None
    return _checked(vectors, (chunk_count, collection.dimensions))


def checked_question(collection: Collection, query: Query) -> Vectors | None:
    """The vector to search with; None for a search by BM25 alone. Raises `InvalidVectorError`."""
    if query.mode == "bm25" or query.vector is None:
        return None
    return _checked(query.vector, (collection.dimensions,))


def _checked(vectors: Vectors | None, shape: tuple[int, ...]) -> Vectors:
    if vectors is None or vectors.shape != shape or 0 in shape[-1:]:
        raise InvalidVectorError
    narrow = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(narrow).all():
        raise InvalidVectorError
    return narrow
