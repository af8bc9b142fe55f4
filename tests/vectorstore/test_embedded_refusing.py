"""What the engine itself refuses."""

import logging
from pathlib import Path

import pytest

from settings import QdrantSettings
from tests.vectorstore.chunks import make_chunk
from vectorstore import Collection, VectorStoreError, open_vector_store

pytestmark = pytest.mark.anyio
WORDS = Collection("words", 0)


async def test_its_own_words_which_may_quote_a_document_are_neither_told_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chunk = make_chunk("vs", "marmalade", attributes={"a": float("nan"), "note": "marmalade"})
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        with pytest.raises(VectorStoreError) as caught:
            await store.upsert(WORDS, [chunk], None)
    assert str(caught.value) == "The vector store refused the request."
    assert "the vector engine refused a request: Upsert" in caplog.messages
    assert "marmalade" not in caplog.text
