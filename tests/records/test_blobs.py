import errno
import fcntl
import hashlib
import io
from pathlib import Path

import pytest

from records.blobs import Blobs, BlobTooLargeError, StorageError
from records.ids import DocumentId

pytestmark = pytest.mark.anyio
DOCUMENT = DocumentId("doc_00aa")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_bytes_are_kept_under_their_hash(tmp_path: Path) -> None:
    blobs, data = Blobs(tmp_path), b"x" * 3_000_000
    blob = await blobs.put(io.BytesIO(data), max_bytes=10_000_000)
    assert (blob.sha256, blob.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert blobs.path(blob.sha256).read_bytes() == data


async def test_a_file_beyond_the_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BlobTooLargeError):
        await Blobs(tmp_path).put(io.BytesIO(b"12345"), max_bytes=4)
    assert files(tmp_path) == []


async def test_a_text_comes_back_to_the_letter(tmp_path: Path) -> None:
    blobs, text = Blobs(tmp_path), "一行\r\nline\u2028\ufeff"
    await blobs.put_text(DOCUMENT, "earlier")
    await blobs.put_text(DOCUMENT, text)
    assert await blobs.text(DOCUMENT) == text


async def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    await blobs.put_text(DOCUMENT, "x")
    for _ in range(2):
        await blobs.remove_text(DOCUMENT)
    assert await blobs.text(DOCUMENT) is None
    assert files(tmp_path) == []


class Failing(io.BytesIO):
    """A source whose disk fails."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error", "/secret/path")


async def test_a_disk_that_fails_is_an_error_of_ours_without_paths(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        await Blobs(tmp_path).put(Failing(), max_bytes=4)
    assert "secret" not in str(caught.value)
    assert files(tmp_path) == []


async def test_a_text_that_cannot_be_kept_leaves_nothing_behind(tmp_path: Path) -> None:
    blobs, obstacle = Blobs(tmp_path), tmp_path / "texts" / "aa"
    obstacle.write_text("")
    with pytest.raises(StorageError):
        await blobs.put_text(DOCUMENT, "x")
    with pytest.raises(UnicodeEncodeError):
        await blobs.put_text(DOCUMENT, "\ud800")
    assert files(tmp_path) == [obstacle]


async def test_a_text_that_cannot_be_read_or_removed_is_an_error_of_ours(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    (tmp_path / "texts" / "aa" / "doc_00aa.txt").mkdir(parents=True)
    with pytest.raises(StorageError):
        await blobs.text(DOCUMENT)
    with pytest.raises(StorageError):
        await blobs.remove_text(DOCUMENT)


async def test_what_a_killed_process_was_writing_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    await Blobs(tmp_path).put_text(DOCUMENT, "kept")
    leftover, written = tmp_path / "files" / "tmp1", tmp_path / "files" / "tmp2"
    leftover.write_text("half")
    with written.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        blobs = Blobs(tmp_path)
        assert not leftover.exists()
        assert written.exists()
    assert await blobs.text(DOCUMENT) == "kept"


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Blobs(tmp_path / "file")


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    Blobs(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
