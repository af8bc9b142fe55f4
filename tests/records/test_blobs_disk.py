import errno
import fcntl
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.blobs import Blobs, Disk, StorageError
from records.ids import DocumentId

pytestmark = pytest.mark.anyio
DOCUMENT = DocumentId("doc_00aa")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Failing(io.BytesIO):
    """A source whose disk fails."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error", "/secret/path")


async def test_a_disk_that_fails_is_an_error_of_ours_without_paths(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        await Blobs(Disk(tmp_path)).put(Failing(), max_bytes=4)
    assert "secret" not in str(caught.value)
    assert files(tmp_path) == []


async def test_a_text_that_cannot_be_kept_leaves_nothing_behind(tmp_path: Path) -> None:
    blobs, obstacle = Blobs(Disk(tmp_path)), tmp_path / "texts" / "aa"
    obstacle.write_text("")
    with pytest.raises(StorageError):
        await blobs.put_text(DOCUMENT, 1, "x")
    with pytest.raises(StorageError):
        await blobs.write(f"texts/{DOCUMENT}/1.txt", _one(b"x"))
    with pytest.raises(UnicodeEncodeError):
        await blobs.put_text(DOCUMENT, 1, "\ud800")
    assert files(tmp_path) == [obstacle]


async def test_a_text_that_cannot_be_read_or_removed_is_an_error_of_ours(tmp_path: Path) -> None:
    blobs = Blobs(Disk(tmp_path))
    (tmp_path / "texts" / "aa" / "doc_00aa.1.txt").mkdir(parents=True)
    with pytest.raises(StorageError):
        await blobs.text(DOCUMENT, 1)
    with pytest.raises(StorageError):
        await blobs.remove_texts(DOCUMENT)


async def test_what_a_killed_process_was_writing_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    await Blobs(Disk(tmp_path)).put_text(DOCUMENT, 1, "kept")
    leftover, written = tmp_path / "files" / "tmp1", tmp_path / "files" / "tmp2"
    leftover.write_text("half")
    with written.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        blobs = Blobs(Disk(tmp_path))
        assert not leftover.exists()
        assert written.exists()
        assert [name async for name in blobs.names()] == [f"texts/{DOCUMENT}/1.txt"]
    assert await blobs.text(DOCUMENT, 1) == "kept"


async def test_what_is_being_written_outlasts_the_start_of_another_process(tmp_path: Path) -> None:
    async def while_another_starts() -> AsyncIterator[bytes]:
        yield b"first, "
        Disk(tmp_path)
        yield b"second"

    blobs = Blobs(Disk(tmp_path))
    await blobs.write(f"texts/{DOCUMENT}/1.txt", while_another_starts())
    assert await blobs.text(DOCUMENT, 1) == "first, second"


@pytest.mark.parametrize("damage", [b"", b"\0" * 10, b"\0"])
async def test_a_layout_that_a_power_cut_has_damaged_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    blobs = Blobs(Disk(tmp_path))
    await blobs.put_layout(DOCUMENT, 1, b"layout")
    (path,) = files(tmp_path)
    path.write_bytes(damage)
    assert await blobs.layout(DOCUMENT, 1) is None


async def test_strange_files_have_no_names(tmp_path: Path) -> None:
    blobs = Blobs(Disk(tmp_path))
    for strange in ("files/ab/notes.txt", "texts/aa/doc_00aa.txt", "texts/aa/.hidden"):
        (tmp_path / strange).parent.mkdir(exist_ok=True)
        (tmp_path / strange).write_text("x")
    assert [name async for name in blobs.names()] == []


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Disk(tmp_path / "file")


async def test_folder_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    blobs = Blobs(Disk(tmp_path / "data"))
    await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    await blobs.put_layout(DOCUMENT, 1, b"x")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in files(tmp_path)} == {0o600}


async def test_a_folder_that_is_gone_does_not_pass_the_check(tmp_path: Path) -> None:
    blobs = Blobs(Disk(tmp_path / "data"))
    (tmp_path / "data").rename(tmp_path / "gone")
    with pytest.raises(StorageError):
        await blobs.check()


async def _one(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
