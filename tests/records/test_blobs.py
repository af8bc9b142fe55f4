import hashlib
import io
from pathlib import Path

import pytest

from records.blobs import Blobs, BlobTooLargeError
from records.ids import DocumentId

pytestmark = pytest.mark.anyio
DOCUMENT = DocumentId("doc_00aa")


async def test_bytes_are_kept_under_their_hash(tmp_path: Path) -> None:
    blobs, data = Blobs(tmp_path), b"x" * 3_000_000
    blob = await blobs.put(io.BytesIO(data), max_bytes=10_000_000)
    assert (blob.sha256, blob.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert blobs.path(blob.sha256).read_bytes() == data


async def test_a_file_beyond_the_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BlobTooLargeError):
        await Blobs(tmp_path).put(io.BytesIO(b"12345"), max_bytes=4)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_text_comes_back_to_the_letter(tmp_path: Path) -> None:
    blobs, text = Blobs(tmp_path), "一行\r\nline\u2028\ufeff"
    await blobs.put_text(DOCUMENT, "earlier")
    await blobs.put_text(DOCUMENT, text)
    assert await blobs.text(DOCUMENT) == text


async def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    await blobs.put_text(DOCUMENT, "x")
    for _ in range(2):
        await blobs.remove(blob.sha256)
        await blobs.remove_text(DOCUMENT)
    assert await blobs.text(DOCUMENT) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
