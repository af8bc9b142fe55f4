"""One try of one embeddings call."""

import asyncio
from collections.abc import Sequence
from typing import Any

from upstream.client import Client
from upstream.embedder import Vectors
from upstream.errors import UpstreamGarbledError, UpstreamRejectedError
from upstream.metering import count_answer
from upstream.vectors import read_vectors
from upstream.wording import Wording, Wordings

_PATH = "/embeddings"
_LARGE_ANSWER_BYTES = 256 * 1024
"""Takes half a millisecond to read, about five times as long as to hand it to a thread."""


class EmbeddingsCall:
    """Sends texts and checks what comes back.

    `encoding_format: "base64"` quarters the bytes; a server that refuses the field gets no more of it, and one that
    ignores it and answers with numbers is understood.
    """

    def __init__(
        self, client: Client, *, model: str, requested_dimensions: int | None, wordings: Wordings | None = None
    ) -> None:
        self.model = model
        self.requested_dimensions = requested_dimensions
        self.wordings = wordings or Wordings()
        self.dimensions = requested_dimensions
        """What every vector must have; None until somebody has found out."""
        self._client = client
        self._fields: dict[str, Any] = {"model": model}
        if requested_dimensions is not None:
            self._fields["dimensions"] = requested_dimensions
        self._asks_for_base64 = True

    async def send(self, texts: Sequence[str], *, questions: bool = False) -> Vectors:
        """Vectors of passages, or of questions, shape (len(texts), dimensions), finite.

        Raises:
            UpstreamError: as it went; nothing was tried again.
        """
        body = await self._post(texts, self.wordings.question if questions else self.wordings.document)
        count_answer(self._fields["model"], body)
        if len(body) > _LARGE_ANSWER_BYTES:
            vectors = await asyncio.to_thread(read_vectors, body, len(texts))
        else:
            vectors = read_vectors(body, len(texts))
        self._check(vectors.shape[1])
        return vectors

    async def _post(self, texts: Sequence[str], wording: Wording) -> bytes:
        request = self._fields | {"input": wording.texts(texts), **wording.fields}
        if not self._asks_for_base64:
            return await self._client.post(_PATH, request, texts=texts)
        try:
            return await self._client.post(_PATH, request | {"encoding_format": "base64"}, texts=texts)
        except UpstreamRejectedError as refusal:
            if refusal.parameter != "encoding_format" and "encoding_format" not in str(refusal):
                raise
        self._asks_for_base64 = False
        return await self._client.post(_PATH, request, texts=texts)

    def _check(self, dimensions: int) -> None:
        if self.dimensions not in {None, dimensions}:
            raise UpstreamGarbledError(
                f"The upstream's vectors have {dimensions} numbers instead of {self.dimensions};"
                " check `upstream.embedding_model` and `upstream.embedding_dimensions`."
            )
