"""Vectors for chunks, each text paid for once."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from ingest.batching import SharedBatches
from records import Database, embeddings
from records.ids import DocumentId
from upstream import Vectors


class CachedEmbedding:
    """Looks texts up by the hash of their content before it asks the upstream, and records what it was given."""

    def __init__(self, database: Database, model: str, batches: SharedBatches) -> None:
        self._database = database
        self._model = model
        self._batches = batches

    async def embed(self, document_id: DocumentId, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, shape (len(texts), dimensions), float32, in their order.

        Raises:
            UpstreamError: as the embedder raises it.
        """
        hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
        known = dict(await self._database.read(lambda c: embeddings.find(c, self._model, hashes)))
        missing = {text_hash: text for text_hash, text in zip(hashes, texts, strict=True) if text_hash not in known}
        if missing:
            known |= await self._pay(document_id, missing)
        return np.stack([np.frombuffer(known[text_hash], dtype="<f4") for text_hash in hashes])

    async def _pay(self, document_id: DocumentId, missing: Mapping[bytes, str]) -> Mapping[bytes, bytes]:
        vectors = await self._batches.embed(list(missing.values()))
        rows = vectors.astype("<f4", copy=False)
        paid = {text_hash: row.tobytes() for text_hash, row in zip(missing, rows, strict=True)}
        await self._database.write(lambda c: embeddings.add(c, self._model, document_id, paid))
        return paid
