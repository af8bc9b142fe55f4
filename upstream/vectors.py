"""Reading the vectors out of an embeddings answer."""

import base64
import binascii

import numpy as np

from upstream.embedder import Vectors
from upstream.errors import UpstreamInvalidResponseError
from upstream.wire import Embedding, EmbeddingsAnswer, parse


def read_vectors(body: bytes, count: int) -> Vectors:
    """The vectors of the answer to `count` texts, in the order of the texts, shape (count, d).

    Raises:
        UpstreamInvalidResponseError: Vectors are missing, doubled, empty, of different lengths or not finite.
    """
    data = sorted(parse(EmbeddingsAnswer, body).data, key=lambda item: item.index)
    if [item.index for item in data] != list(range(count)):
        raise UpstreamInvalidResponseError(
            f"The upstream answered {count} texts with {len(data)} vectors or wrong ones."
        )
    rows = [_read_vector(item) for item in data]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 or 0 in lengths:
        raise UpstreamInvalidResponseError("The upstream answered with empty vectors or vectors of different lengths.")
    vectors = np.stack(rows)
    if not np.isfinite(vectors).all():
        raise UpstreamInvalidResponseError("The upstream answered with vectors that hold NaN or infinity.")
    return vectors


def _read_vector(item: Embedding) -> Vectors:
    if isinstance(item.embedding, list):
        with np.errstate(over="ignore"):
            return np.asarray(item.embedding, dtype=np.float32)
    try:
        return np.frombuffer(base64.b64decode(item.embedding, validate=True), dtype="<f4").astype(
            np.float32, copy=False
        )
    except (binascii.Error, ValueError) as exc:
        raise UpstreamInvalidResponseError("The upstream answered with a vector that is not base64 of floats.") from exc
