"""The vector store: Qdrant, embedded or as a server, behind one interface."""

from vectorstore.chunk import AttributeValue, Chunk, Hit
from vectorstore.errors import (
    DimensionMismatchError,
    InvalidFilterError,
    InvalidVectorError,
    VectorStoreError,
    VectorStoreLockedError,
    VectorStoreUnavailableError,
)
from vectorstore.filters import Combine, Compare, Filter, Operator
from vectorstore.fusion import BEST_FUSED
from vectorstore.interface import Collection, Page, Query, Vectors, VectorStore
from vectorstore.opening import open_vector_store

__all__ = [
    "BEST_FUSED",
    "AttributeValue",
    "Chunk",
    "Collection",
    "Combine",
    "Compare",
    "DimensionMismatchError",
    "Filter",
    "Hit",
    "InvalidFilterError",
    "InvalidVectorError",
    "Operator",
    "Page",
    "Query",
    "VectorStore",
    "VectorStoreError",
    "VectorStoreLockedError",
    "VectorStoreUnavailableError",
    "Vectors",
    "open_vector_store",
]
