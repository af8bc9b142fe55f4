"""Reading the vectors out of an embeddings answer."""

from collections.abc import Sequence

import numpy as np

from upstream.embedder import Vectors
from upstream.errors import UpstreamGarbledError
from upstream.wire import Embedding, EmbeddingsAnswer, parse

_NUMBER_BYTES = 4


def read_vectors(body: bytes, count: int) -> Vectors:
    """The vectors of the answer to `count` texts, in the order of the texts, shape (count, d).

    Raises:
        UpstreamGarbledError: Vectors are missing, doubled, empty, of different lengths or not finite.
    """
    data = sorted(parse(EmbeddingsAnswer, body, UpstreamGarbledError).data, key=lambda item: item.index)
    if [item.index for item in data] != list(range(count)):
        raise UpstreamGarbledError(f"The upstream answered {count} texts with {len(data)} vectors or wrong ones.")
    rows = [_bytes(item) for item in data]
    if len({len(row) for row in rows}) != 1 or not rows[0] or len(rows[0]) % _NUMBER_BYTES:
        raise UpstreamGarbledError("The upstream answered with empty vectors or vectors of different lengths.")
    return _finite(rows)


def _bytes(item: Embedding) -> bytes:
    if isinstance(item.embedding, bytes):
        return item.embedding
    with np.errstate(over="ignore"):
        return np.asarray(item.embedding, dtype="<f4").tobytes()


def _finite(rows: Sequence[bytes]) -> Vectors:
    vectors = np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1).astype(np.float32, copy=False)
    if not np.isfinite(vectors).all():
        raise UpstreamGarbledError("The upstream answered with vectors that hold NaN or infinity.")
    return vectors
