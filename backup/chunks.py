"""Chunks with their vectors as two entries: JSON lines, and the bare numbers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from backup.errors import DamagedBackupError
from vectorstore import Chunk, Collection, Vectors

_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some chunks of a collection."""

    collection: Collection
    chunks: Sequence[Chunk]
    vectors: Vectors | None
    """Shape (len(chunks), dimensions); None where the collection has none."""


def packed_chunks(batch: Batch) -> bytes:
    """A line for the collection, then one for each chunk."""
    lines = [asdict(batch.collection), *map(asdict, batch.chunks)]
    return b"".join(json.dumps(values, ensure_ascii=False).encode() + b"\n" for values in lines)


def packed_vectors(vectors: Vectors) -> bytes:
    """The vectors, row by row."""
    return vectors.astype(_FLOAT, copy=False).tobytes()


def unpacked(chunks: bytes, vectors: bytes | None) -> Batch:
    """What was packed. Raises DamagedBackupError."""
    try:
        first, *lines = [json.loads(line) for line in chunks.splitlines()]
        collection = Collection(**first)
        rows = None
        if vectors is not None:
            rows = np.frombuffer(vectors, _FLOAT).reshape(len(lines), collection.dimensions).astype(np.float32)
        return Batch(collection, [_chunk(**values) for values in lines], rows)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedBackupError from error


def has_vectors(chunks: bytes) -> bool:
    """Whether an entry with vectors follows."""
    return bool(json.loads(chunks[: chunks.index(b"\n")])["dimensions"])


def _chunk(*, page_starts: Sequence[int], headings: Sequence[str], **values: object) -> Chunk:
    return Chunk(page_starts=tuple(page_starts), headings=tuple(headings), **values)  # type: ignore[arg-type]


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one collection as one."""
    rows = [batch.vectors for batch in batches if batch.vectors is not None and len(batch.chunks)]
    chunks = [chunk for batch in batches for chunk in batch.chunks]
    return Batch(batches[0].collection, chunks, np.concatenate(rows) if rows else None)


def only(batch: Batch, wanted: Sequence[bool]) -> Batch:
    """Some of a batch's chunks."""
    if all(wanted):
        return batch
    kept = [chunk for chunk, is_wanted in zip(batch.chunks, wanted, strict=True) if is_wanted]
    return Batch(batch.collection, kept, None if batch.vectors is None else batch.vectors[np.asarray(wanted)])
