"""What holds for every storage; where `S3_ENDPOINT` is set, that server is tried too (bucket and keys of the fake)."""

import asyncio
import hashlib
import io
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic import SecretStr

from records.blobs import BlobDamagedError, BlobMissingError, BlobNameError, Blobs, BlobTooLargeError, open_blobs
from records.ids import DocumentId
from settings import FilesSettings
from tests.fakes.s3_server import BUCKET, KEY, SECRET, FakeS3

pytestmark = pytest.mark.anyio
DOCUMENT, OTHER = DocumentId("doc_00aa"), DocumentId("doc_000aa")
KINDS = ("disk", "s3", *(("server",) if "S3_ENDPOINT" in os.environ else ()))


@pytest.fixture(params=KINDS)
def files(request: pytest.FixtureRequest) -> Iterator[FilesSettings]:
    match request.param:
        case "disk":
            yield FilesSettings()
        case "s3":
            with FakeS3(page=2) as fake:
                yield bucket_settings(fake.endpoint)
                assert fake.uploads == {}, "none is left incomplete"
        case _:
            yield bucket_settings(os.environ["S3_ENDPOINT"])


@pytest.fixture
async def blobs(files: FilesSettings, tmp_path: Path) -> AsyncIterator[Blobs]:
    async with open_blobs(tmp_path, files) as opened:
        yield opened


def bucket_settings(endpoint: str) -> FilesSettings:
    return FilesSettings(
        url=f"s3://{BUCKET}/{secrets.token_hex(4)}",
        endpoint=endpoint,
        allow_http=True,
        access_key_id=SecretStr(KEY),
        secret_access_key=SecretStr(SECRET),
        max_retries=1,
    )


async def content(blobs: Blobs, sha256: str) -> bytes:
    async with blobs.local(sha256) as path:
        return path.read_bytes()


async def all_names(blobs: Blobs, prefix: str = "") -> set[str]:
    return {name async for name in blobs.names(prefix)}


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


@pytest.mark.parametrize("size", [0, 1, 3_000_000, 20_000_000])
async def test_bytes_are_kept_under_their_hash(blobs: Blobs, size: int) -> None:
    data = secrets.token_bytes(size)
    blob = await blobs.put(io.BytesIO(data), max_bytes=20_000_000)
    assert (blob.sha256, blob.bytes) == (hashlib.sha256(data).hexdigest(), size)
    assert blobs.exists(blob.sha256)
    assert await content(blobs, blob.sha256) == data


async def test_only_what_is_left_of_a_source_is_kept(blobs: Blobs) -> None:
    source = io.BytesIO(b"read already, kept")
    source.seek(14)
    assert await content(blobs, (await blobs.put(source, max_bytes=4)).sha256) == b"kept"


async def test_the_same_content_may_be_put_again(blobs: Blobs) -> None:
    first, second = [await blobs.put(io.BytesIO(b"same"), max_bytes=4) for _ in range(2)]
    assert first == second
    assert await content(blobs, first.sha256) == b"same"
    assert await all_names(blobs) == {f"files/{first.sha256}"}


async def test_a_file_beyond_the_limit_leaves_nothing_behind(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(BlobTooLargeError):
        await blobs.put(io.BytesIO(b"12345"), max_bytes=4)
    assert await all_names(blobs) == set()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_removed_file_is_gone_and_may_be_removed_again(blobs: Blobs) -> None:
    kept = await blobs.put(io.BytesIO(b"kept"), max_bytes=4)
    gone = await blobs.put(io.BytesIO(b"gone"), max_bytes=4)
    for _ in range(2):
        blobs.remove(gone.sha256)
    assert not blobs.exists(gone.sha256)
    with pytest.raises(BlobMissingError):
        await content(blobs, gone.sha256)
    assert await content(blobs, kept.sha256) == b"kept"


async def test_a_text_comes_back_to_the_letter(blobs: Blobs) -> None:
    text = "一行\r\nline\u2028\ufeff"
    await blobs.put_text(DOCUMENT, 1, "earlier")
    await blobs.put_text(DOCUMENT, 1, text)
    assert await blobs.text(DOCUMENT, 1) == text


async def test_versions_texts_and_layouts_are_apart(blobs: Blobs) -> None:
    await blobs.put_text(DOCUMENT, 1, "one")
    await blobs.put_text(DOCUMENT, 11, "eleven")
    await blobs.put_layout(DOCUMENT, 11, b"\x00layout")
    assert [await blobs.text(DOCUMENT, version) for version in (1, 2, 11)] == ["one", None, "eleven"]
    assert [await blobs.layout(DOCUMENT, version) for version in (1, 11)] == [None, b"\x00layout"]
    assert await blobs.text(OTHER, 1) is None


async def test_all_versions_but_one_can_be_removed(blobs: Blobs) -> None:
    for version in (1, 2, 12):
        await blobs.put_text(DOCUMENT, version, "x")
        await blobs.put_layout(DOCUMENT, version, b"x")
    await blobs.put_text(OTHER, 1, "another's")
    for _ in range(2):
        await blobs.remove_texts(DOCUMENT, keep_version=2)
    assert await all_names(blobs, f"texts/{DOCUMENT}/") == {
        f"texts/{DOCUMENT}/2.txt",
        f"texts/{DOCUMENT}/2.layout",
    }
    await blobs.remove_texts(DOCUMENT)
    assert await all_names(blobs) == {f"texts/{OTHER}/1.txt"}


async def test_one_version_can_be_removed(blobs: Blobs) -> None:
    for version in (1, 2):
        await blobs.put_text(DOCUMENT, version, "x")
    await blobs.put_layout(DOCUMENT, 1, b"x")
    for _ in range(2):
        await blobs.remove_text(DOCUMENT, 1)
    assert await all_names(blobs) == {f"texts/{DOCUMENT}/2.txt"}


async def test_a_document_without_texts_has_nothing_to_remove(blobs: Blobs) -> None:
    await blobs.remove_texts(DOCUMENT)
    assert await all_names(blobs) == set()


async def test_a_local_file_lasts_as_long_as_its_block(blobs: Blobs, tmp_path: Path) -> None:
    blob = await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    before = set(tmp_path.rglob("*"))
    async with blobs.local(blob.sha256) as path:
        assert path.read_bytes() == b"x"
    assert set(tmp_path.rglob("*")) == before


async def test_an_error_in_the_block_of_a_local_file_stays_what_it_is(blobs: Blobs, tmp_path: Path) -> None:
    blob = await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(PermissionError, match="the reader's own"):
        async with blobs.local(blob.sha256):
            raise PermissionError("the reader's own")
    assert set(tmp_path.rglob("*")) == before


async def test_everything_is_named_and_can_be_copied_to_another_storage(blobs: Blobs, tmp_path: Path) -> None:
    data = secrets.token_bytes(9_000_000)
    blob = await blobs.put(io.BytesIO(data), max_bytes=9_000_000)
    await blobs.put_text(DOCUMENT, 3, "text")
    await blobs.put_layout(DOCUMENT, 3, b"layout")
    async with open_blobs(tmp_path / "other", FilesSettings()) as other:
        async for name in blobs.names():
            await other.write(name, blobs.read(name))
        assert await all_names(other) == await all_names(blobs)
        assert await content(other, blob.sha256) == data
        assert (await other.text(DOCUMENT, 3), await other.layout(DOCUMENT, 3)) == ("text", b"layout")
        for name in await all_names(blobs):
            await asyncio.to_thread(blobs._storage.remove, name)
        async for name in other.names():
            await blobs.write(name, other.read(name))
    assert await content(blobs, blob.sha256) == data
    assert await blobs.layout(DOCUMENT, 3) == b"layout"


async def test_names_can_be_asked_for_by_prefix(blobs: Blobs) -> None:
    blob = await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    for version in range(5):
        await blobs.put_text(DOCUMENT, version, "x")
    assert await all_names(blobs, "files/") == {f"files/{blob.sha256}"}
    assert await all_names(blobs, "texts/") == {f"texts/{DOCUMENT}/{version}.txt" for version in range(5)}


async def test_a_file_that_is_not_what_its_name_says_is_refused(blobs: Blobs) -> None:
    name = "files/" + hashlib.sha256(b"right").hexdigest()
    for wrong in ([b"wrong"], [b"x" * 5_000_000] * 4):
        with pytest.raises(BlobDamagedError):
            await blobs.write(name, pieces(*wrong))
    assert await all_names(blobs) == set()


async def test_nothing_is_kept_of_a_stream_that_breaks(blobs: Blobs, tmp_path: Path) -> None:
    async def broken(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size
        yield b"x" * size
        raise ZeroDivisionError

    for size in (1, 9_000_000):
        with pytest.raises(ZeroDivisionError):
            await blobs.write(f"texts/{DOCUMENT}/1.txt", broken(size))
    assert await all_names(blobs) == set()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "name", ["", "files/../../etc/passwd", "files/xyz", "texts/doc_aa/1.exe", "texts/doc_../1.txt", "probe"]
)
async def test_no_other_name_can_be_read_or_written(blobs: Blobs, name: str) -> None:
    with pytest.raises(BlobNameError):
        await blobs.write(name, pieces(b"x"))
    with pytest.raises(BlobNameError):
        blobs.read(name)


async def test_a_name_that_is_gone_cannot_be_read(blobs: Blobs) -> None:
    with pytest.raises(BlobMissingError):
        async with aclosing(blobs.read(f"texts/{DOCUMENT}/1.txt")) as stream:  # type: ignore[type-var]
            await anext(stream)


async def test_a_storage_that_answers_passes_its_check(blobs: Blobs) -> None:
    await blobs.check()
