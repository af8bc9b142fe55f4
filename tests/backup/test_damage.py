"""A file that is not a whole backup is refused before anything is written."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backup import BackupError, DamagedBackupError, ForeignBackupError, check
from backup.filing import draft
from tests.backup.installation import Installation, installation

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup of a small installation."""
    folder = tmp_path_factory.mktemp("source")
    async with installation(folder) as source:
        store = await source.store("s")
        await source.completed(store, "one")
        await source.completed(store, "two")
        return (await source.backed_up(folder / "backup.tar")).read_bytes()


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "target") as opened:
        yield opened


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def without(data: bytes, *names: str) -> bytes:
    """The tar without some entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for entry in old:
            if not entry.name.startswith(names):
                new.addfile(entry, old.extractfile(entry))
    return out.getvalue()


DAMAGES: dict[str, tuple[type[BackupError], Callable[[bytes], bytes]]] = {
    "a byte of a file": (DamagedBackupError, lambda data: flipped(data, data.rindex(b"files/") + 513)),
    "a byte of the rows": (DamagedBackupError, lambda data: flipped(data, data.index(b"one.txt"))),
    "a byte of the vectors": (DamagedBackupError, lambda data: flipped(data, data.rindex(b".f32") + 520)),
    "half of it is missing": (DamagedBackupError, lambda data: data[: len(data) // 2]),
    "half, at the end of a block": (DamagedBackupError, lambda data: data[: len(data) // 1024 * 512]),
    "the manifest is missing": (DamagedBackupError, lambda data: without(data, "manifest.json")),
    "a file is missing": (DamagedBackupError, lambda data: without(data, "files/")),
    "rows are missing": (DamagedBackupError, lambda data: without(data, "rows/documents")),
    "a header": (DamagedBackupError, lambda data: flipped(data, data.index(b"chunks/") + 1)),
    "another tar": (ForeignBackupError, lambda data: without(data, "footnote.json")),
    "no tar": (ForeignBackupError, lambda _: b"PK\3\4" * 500),
    "nothing": (ForeignBackupError, lambda _: b""),
    "a later form": (ForeignBackupError, lambda data: retold(data, b'"format": 1', b'"format": 2')),
    "half of a compressed one": (DamagedBackupError, lambda data: gzip.compress(data)[:-2000]),
    "a compressed text": (ForeignBackupError, lambda _: gzip.compress(b"x")),
}


def retold(data: bytes, old: bytes, new: bytes) -> bytes:
    """The tar with something else in its first entry, and its checksum made right."""
    start = data.index(b'{"format"')
    end = data.index(b"\0", start)
    first, second = data[start:end], data[start:end].replace(old, new)
    assert first != second
    sums = [hashlib.sha256(content).hexdigest().encode() for content in (first, second)]
    return data.replace(first, second).replace(sums[0], sums[1])


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_refused_and_nothing_is_written(
    backup: bytes, target: Installation, tmp_path: Path, damage: str
) -> None:
    kind, spoil = DAMAGES[damage]
    path = tmp_path / "backup.tar"
    path.write_bytes(spoil(backup))
    with pytest.raises(kind) as caught:
        await target.restored(path)
    assert str(tmp_path) not in str(caught.value)
    assert not any((await target.rows()).values())
    assert await target.contents() == {}
    assert not (target.folder / "restoring").exists()


async def test_rows_of_a_later_schema_are_refused(backup: bytes, target: Installation, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    data = retold(backup, b'"schema": "0001"', b'"schema": "9999"')
    path.write_bytes(data)
    with pytest.raises(BackupError):
        await target.restored(path)
    assert not any((await target.rows()).values())


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_a_file_gets_its_name_once_it_is_whole(backup: bytes, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with draft(path) as new:
        new.write(backup[:1000])
        new.write(backup[1000:])
        assert not path.exists()
        manifest = new.settle()
    assert check(path) == manifest
    assert manifest.documents == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert (path.read_bytes()[:2] == b"\x1f\x8b") is name.endswith(".gz")


def test_half_a_backup_leaves_the_older_one_in_place(backup: bytes, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(b"the older one")
    with draft(path) as new:
        new.write(backup[:20_000])
        with pytest.raises(DamagedBackupError):
            new.settle()
    assert path.read_bytes() == b"the older one"
    assert list(tmp_path.iterdir()) == [path]
