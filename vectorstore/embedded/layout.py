"""How a collection is laid out in Qdrant's engine: vectors, payload indexes, and what optimising builds."""

from pathlib import Path

import qdrant_edge as edge

from vectorstore import payload

DENSE = "dense"
BM25 = "bm25"

HNSW_FROM_CHUNKS = 300_000
"""Below, scanning quantized vectors beats walking a graph, and needs no hour of building it."""
_TURBO_FROM_DIMENSIONS = 1024
"""Long vectors keep their ranking at four bits a value, with half the memory of eight."""
_INDEXES: "dict[str, edge.PayloadSchemaParams]" = {
    payload.STORE: edge.KeywordIndexParams(is_tenant=True),
    payload.DOCUMENT: edge.KeywordIndexParams(),
    payload.SCRIPT: edge.KeywordIndexParams(),
    payload.VERSION: edge.IntegerIndexParams(lookup=True, range=False),
}


def create_shard(folder: Path, dimensions: int) -> edge.EdgeShard:
    """An empty shard; the engine makes no folders above its own."""
    folder.mkdir(parents=True, exist_ok=True)
    shard = edge.EdgeShard.create(str(folder), _config(dimensions))
    for field, index in _INDEXES.items():
        shard.update(edge.UpdateOperation.create_field_index(field, index))
    shard.flush()
    return shard


def optimise_shard(folder: Path, dimensions: int) -> None:
    """Quantize and index what is in a folder that no process serves."""
    shard = edge.EdgeShard.load(str(folder))
    chunk_count = shard.info().points_count
    shard.close()
    shard = edge.EdgeShard.load(str(folder), _config(dimensions, chunk_count))
    shard.optimize()
    shard.flush()
    shard.close()


def _config(dimensions: int, chunk_count: int = 0) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors={DENSE: _dense(dimensions, chunk_count)} if dimensions else None,
        sparse_vectors={BM25: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        # One kilobyte, one vector: whatever is there when optimising is asked for gets optimised, and what was deleted
        # purged as soon as it is a tenth.
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=1, default_segment_number=1, vacuum_min_vector_number=1, deleted_threshold=0.1
        ),
        wal_enabled=True,
    )


def _dense(dimensions: int, chunk_count: int) -> edge.EdgeVectorParams:
    edges = 16 if chunk_count >= HNSW_FROM_CHUNKS else 0
    return edge.EdgeVectorParams(
        dimensions,
        edge.Distance.Cosine,
        hnsw_config=edge.HnswIndexConfig(m=edges, ef_construct=100, full_scan_threshold=10_000),
        quantization_config=_quantization(dimensions) if chunk_count else None,
    )


def _quantization(dimensions: int) -> "edge.QuantizationConfigType":
    if dimensions >= _TURBO_FROM_DIMENSIONS:
        return edge.TurboQuantQuantizationConfig(bits=edge.TurboQuantBitSize.Bits4, memory=edge.Memory.Pinned)
    return edge.ScalarQuantizationConfig(edge.ScalarType.Int8, memory=edge.Memory.Pinned)
