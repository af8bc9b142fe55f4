"""How a collection is laid out on a Qdrant server."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from qdrant_client import models

from settings.options import QdrantSettings
from vectorstore import payload
from vectorstore.chunk import AttributeValue

DENSE = "dense"
BM25 = "bm25"

MAX_ATTRIBUTE_INDEXES = 64
"""Attributes indexed per collection. All stores share it, so their keys could otherwise grow without end; attributes
beyond are still filtered on, only slower."""

Index: TypeAlias = models.PayloadSchemaType | models.KeywordIndexParams | models.IntegerIndexParams

FIELD_INDEXES: Mapping[str, Index] = {
    payload.STORE: models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    payload.DOCUMENT: models.PayloadSchemaType.KEYWORD,
    payload.SCRIPT: models.PayloadSchemaType.KEYWORD,
    payload.VERSION: models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=False),
}


def definition(dimensions: int, options: QdrantSettings) -> dict[str, Any]:
    """Arguments for making a collection.

    Every search is within one store, so the graph is built for each store (`payload_m`) and not across them: what
    Qdrant advises for many tenants.
    """
    dense = models.VectorParams(
        size=dimensions or 1,
        distance=models.Distance.COSINE,
        hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
        quantization_config=models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        ),
    )
    return {
        "vectors_config": {DENSE: dense} if dimensions else {},
        "sparse_vectors_config": {BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        "shard_number": options.shards,
        "replication_factor": options.replicas,
        "write_consistency_factor": _needed_copies(options.replicas),
    }


def write_ordering(options: QdrantSettings) -> models.WriteOrdering | None:
    """How copies of a shard agree on the order of writes; None where there is one copy only.

    Left to itself, each copy takes writes in the order they arrive, so two writes to the same chunks could end
    differently on two copies; with `medium` one of the copies decides.
    """
    return models.WriteOrdering.MEDIUM if options.replicas > 1 else None


def dimensions_of(info: models.CollectionInfo) -> int:
    """Length of a collection's vectors; 0 when it has none."""
    vectors = info.config.params.vectors
    dense = vectors.get(DENSE) if isinstance(vectors, dict) else None
    return dense.size if dense else 0


def _needed_copies(replicas: int) -> int:
    # Of three copies or more, most must have a write, so that none is lost with a machine. Of two, both would have to,
    # and losing a machine would stop all writes.
    return replicas // 2 + 1 if replicas > 2 else 1  # noqa: PLR2004


def attribute_indexes(attribute_sets: Iterable[Mapping[str, AttributeValue]]) -> dict[str, models.PayloadSchemaType]:
    """The indexes that these attributes profit from, by path. A path holds values of one type only."""
    kinds = {(key, payload.kind_of(value)) for attributes in attribute_sets for key, value in attributes.items()}
    types = models.PayloadSchemaType
    return {
        payload.attribute_path(key, kind): types.FLOAT if kind == "number" else types.KEYWORD
        for key, kind in sorted(kinds)
    }
