"""Vectors for chunks, each text paid for once."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from ingest.batching import SharedBatches, TextRefusedError
from ingest.budgets import SharedBudget
from records import Database, embeddings
from records.ids import DocumentId
from upstream import BulkEmbedder, Prepared, UpstreamRejectedError, Vectors

_LONG_CHARACTERS = 16_384
"""Text that takes so long to count that a thread should do it."""


class CachedEmbedding:
    """Looks texts up by the hash of their content before it asks the upstream, and records what it was given."""

    def __init__(self, database: Database, model: str, embedder: BulkEmbedder) -> None:
        self._recorded = _Recorded(database, model)
        self._embedder = embedder
        budget = SharedBudget(database, model, embedder.rates) if embedder.rates else None
        self._batches = SharedBatches(embedder, self._recorded, budget)

    async def embed(
        self, document_id: DocumentId, texts: Sequence[str], *, urgent: bool = False, first_chunk: int = 0
    ) -> Vectors:
        """Vectors of `texts`, shape (len(texts), dimensions), float32, in their order.

        Args:
            document_id: Whose chunks these are; with it the vectors are forgotten.
            texts: What to embed.
            urgent: Whether they go before others.
            first_chunk: The number of the first text's chunk in its document, for messages.

        Raises:
            UpstreamError: as the embedder raises it; a text that is refused is named by its chunk's number.
        """
        hashes = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        known = dict(await self._recorded.find(hashes))
        missing = {text_hash: text for text_hash, text in zip(hashes, texts, strict=True) if text_hash not in known}
        if missing:
            try:
                known |= await self._batches.embed(document_id, await self._prepare(missing), urgent=urgent)
            except TextRefusedError as error:
                raise _refusal(error, first_chunk + hashes.index(error.text_hash)) from error
        return np.stack([known[text_hash] for text_hash in hashes])

    async def close(self, seconds: float) -> None:
        """Wait that long for calls under way, so that what they are paid for is recorded; nothing is sent after it."""
        await self._batches.close(seconds)

    async def _prepare(self, texts: Mapping[bytes, str]) -> Mapping[bytes, Prepared]:
        wanted = list(texts.values())
        if sum(map(len, wanted)) < _LONG_CHARACTERS:
            prepared = self._embedder.prepare(wanted)
        else:
            prepared = await asyncio.to_thread(self._embedder.prepare, wanted)
        return dict(zip(texts, prepared, strict=True))


class _Recorded:
    """The vectors of one model in the database, little-endian float32."""

    def __init__(self, database: Database, model: str) -> None:
        self._database = database
        self._model = model

    async def find(self, hashes: Sequence[bytes]) -> Mapping[bytes, Vectors]:
        found = await self._database.read(lambda c: embeddings.find(c, self._model, hashes))
        return {text_hash: np.frombuffer(vector, dtype="<f4") for text_hash, vector in found.items()}

    async def keep(self, rows: Sequence[tuple[DocumentId, bytes, Vectors]]) -> None:
        if rows:
            paid = [(owner, text_hash, row.astype("<f4", copy=False).tobytes()) for owner, text_hash, row in rows]
            await self._database.write(lambda c: embeddings.add_all(c, self._model, paid))


def _refusal(error: TextRefusedError, chunk: int) -> UpstreamRejectedError:
    reason = error.reason
    return UpstreamRejectedError(
        f"Chunk {chunk} of the document cannot be embedded. {reason}",
        status=reason.status,
        parameter=reason.parameter,
        code=reason.code,
    )
