"""How a collection is defined, from Qdrant's words into the engine's and back."""

from collections.abc import Callable, Mapping

import qdrant_edge as edge
from qdrant_client import models

from tests.fakes.qdrant.refusals import UnknownError

_DISTANCES = {
    models.Distance.COSINE: edge.Distance.Cosine,
    models.Distance.EUCLID: edge.Distance.Euclid,
    models.Distance.DOT: edge.Distance.Dot,
    models.Distance.MANHATTAN: edge.Distance.Manhattan,
}
_PLAIN_INDEXES: Mapping[models.PayloadSchemaType, Callable[[], "edge.PayloadSchemaParams"]] = {
    models.PayloadSchemaType.KEYWORD: edge.KeywordIndexParams,
    models.PayloadSchemaType.INTEGER: edge.IntegerIndexParams,
    models.PayloadSchemaType.FLOAT: edge.FloatIndexParams,
    models.PayloadSchemaType.BOOL: edge.BoolIndexParams,
}


def engine_config(definition: models.CreateCollection) -> edge.EdgeConfig:
    """The engine's configuration. Indexes and quantization, which no answer depends on, are left out."""
    vectors = definition.vectors or {}
    if not isinstance(vectors, Mapping):
        vectors = {"": vectors}
    dense = {name: edge.EdgeVectorParams(each.size, _DISTANCES[each.distance]) for name, each in vectors.items()}
    sparse = {
        name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if each.modifier == models.Modifier.IDF else None)
        for name, each in (definition.sparse_vectors or {}).items()
    }
    return edge.EdgeConfig(vectors=dense or None, sparse_vectors=sparse or None, wal_enabled=True)


def engine_index(schema: models.PayloadFieldSchema | None) -> "edge.PayloadSchemaParams":
    """A payload index in the engine's words."""
    match schema:
        case models.KeywordIndexParams(is_tenant=is_tenant):
            return edge.KeywordIndexParams(is_tenant=is_tenant)
        case models.IntegerIndexParams(lookup=lookup, range=ranges):
            return edge.IntegerIndexParams(lookup=lookup, range=ranges)
        case models.PayloadSchemaType() if schema in _PLAIN_INDEXES:
            return _PLAIN_INDEXES[schema]()
    raise UnknownError(schema)


def description(definition: models.CreateCollection, engine: "edge.ShardInfo") -> models.CollectionInfo:
    """What Qdrant tells about a collection; numbers that nobody set are Qdrant's defaults."""
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        points_count=engine.points_count,
        indexed_vectors_count=engine.indexed_vectors_count,
        segments_count=engine.segments_count,
        config=_config(definition),
        payload_schema={path: _index(index) for path, index in engine.payload_schema.items()},
    )


def _config(definition: models.CreateCollection) -> models.CollectionConfig:
    params = models.CollectionParams(
        vectors=definition.vectors,
        sparse_vectors=definition.sparse_vectors,
        shard_number=definition.shard_number or 1,
        replication_factor=definition.replication_factor or 1,
        write_consistency_factor=definition.write_consistency_factor or 1,
    )
    return models.CollectionConfig(
        params=params,
        hnsw_config=models.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10_000),
        optimizer_config=models.OptimizersConfig(default_segment_number=0, flush_interval_sec=5),
    )


def _index(index: "edge.PayloadIndexInfo") -> models.PayloadIndexInfo:
    kind = models.PayloadSchemaType(str(index.data_type).rpartition(".")[2].lower())
    return models.PayloadIndexInfo(data_type=kind, points=index.points)
