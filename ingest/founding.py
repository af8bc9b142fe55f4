"""What a new store is made with when nobody says otherwise."""

from records.stores import NewStore
from settings import IngestSettings
from upstream import Embedder, Upstream

BM25 = "bm25"
"""Stands for the embedding model of a store that is searched by words alone."""
_OPENAI_CHUNKS = 800, 400
_SMALL_MODEL_CHUNKS = 256, 0
"""For models that read 512 tokens or so: longer passages would be cut or averaged, and on this machine's own processor
each repeated token costs time."""


def new_store(
    name: str,
    settings: IngestSettings,
    upstream: Upstream,
    *,
    embedding_model: str | None = None,
    chunk_max_tokens: int | None = None,
    chunk_overlap_tokens: int | None = None,
) -> NewStore:
    """A store to be, with the model and the chunking of the settings where none are given.

    A chunk repeats at most half of itself, whatever overlap is asked for.
    """
    wanted = embedding_model or upstream.default_embedding_model
    embedder = upstream.embedder(wanted) if wanted else None
    model = embedder.model if embedder else BM25
    default_max, default_overlap = _default_chunks(embedder)
    max_tokens = chunk_max_tokens or settings.chunk_max_tokens or default_max
    overlap = chunk_overlap_tokens if chunk_overlap_tokens is not None else settings.chunk_overlap_tokens
    overlap = default_overlap if overlap is None else overlap
    return NewStore(name, model, 0 if model == BM25 else None, max_tokens, min(overlap, max_tokens // 2))


def _default_chunks(embedder: Embedder | None) -> tuple[int, int]:
    small = embedder is not None and embedder.window_tokens < _OPENAI_CHUNKS[0]
    return _SMALL_MODEL_CHUNKS if small else _OPENAI_CHUNKS
