"""Bytes on the disk of this machine."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from records.blobs import names
from records.blobs.errors import BlobMissingError, BlobTooLargeError
from records.blobs.storage import Blob
from records.blobs.temporary import remove_leftovers, sync_folder, temporary, translated

_PIECE_BYTES = 1 << 20


class Disk:
    """A folder with a subfolder of files and one of texts, each in 256 parts, so that no folder becomes too long."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready: set[Path] = set()
        with translated():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for kind in (names.FILES, names.TEXTS):
                (folder / kind).mkdir(exist_ok=True)
                remove_leftovers(folder / kind)
            sync_folder(folder)

    def path(self, name: str) -> Path:
        """Where the bytes of a name are, or would be."""
        kind, _, rest = name.partition("/")
        if kind + "/" == names.FILES:
            return self._folder / kind / rest[:2] / rest
        document, _, version = rest.partition("/")
        return self._folder / kind / document[-2:] / f"{document}.{version}"

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Copy `source` to disk, piece by piece."""
        return await asyncio.to_thread(self._put, source, max_bytes)

    async def keep(self, name: str, data: bytes) -> None:
        """Keep a few bytes, in place of earlier ones."""
        await asyncio.to_thread(self._keep, name, data)

    async def get(self, name: str) -> bytes | None:
        """All bytes of a name at once; None when there is no such name."""
        return await asyncio.to_thread(self._get, name)

    @asynccontextmanager
    async def local(self, name: str) -> AsyncIterator[Path]:
        """The file itself."""
        if not self.exists(name):
            raise BlobMissingError
        yield self.path(name)

    def exists(self, name: str) -> bool:
        """Whether there is something of that name."""
        with translated():
            return self.path(name).exists()

    def remove(self, name: str) -> None:
        """Delete what is there under that name, if anything."""
        with translated():
            self.path(name).unlink(missing_ok=True)

    def listed(self, prefix: str) -> Iterator[str]:
        """Names below a prefix, in no particular order."""
        with translated():
            for folder in self._parts(prefix):
                for entry in folder.iterdir():
                    name = _name(entry)
                    if name.startswith(prefix) and names.is_name(name):
                        yield name

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a name in pieces."""
        async with self.local(name) as path:
            with translated(), path.open("rb") as source:
                while piece := await asyncio.to_thread(source.read, _PIECE_BYTES):
                    yield piece

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep the pieces under a name, in place of earlier ones; nothing is kept when the iterator raises."""
        with translated(), temporary(self._part(name).parent) as target:
            async for piece in pieces:
                await asyncio.to_thread(target.file.write, piece)
            await asyncio.to_thread(target.settle, self.path(name))

    async def check(self) -> None:
        """Write and delete a file."""
        await asyncio.to_thread(self._check)

    def _put(self, source: BinaryIO, max_bytes: int) -> Blob:
        with translated(), temporary(self._folder / names.FILES) as target:
            blob = _copy(source, target.file, max_bytes)
            name = names.file(blob.sha256)
            self._part(name)
            target.settle(self.path(name))
        return blob

    def _keep(self, name: str, data: bytes) -> None:
        part = self._part(name)
        with translated(), temporary(part.parent) as target:
            target.file.write(data)
            if name.endswith(names.LAYOUT):  # made anew when a power cut takes it: not worth waiting for the disk
                target.settle_hastily(self.path(name))
            else:
                target.settle(self.path(name))

    def _get(self, name: str) -> bytes | None:
        with translated(), suppress(FileNotFoundError):
            return self.path(name).read_bytes()
        return None

    def _check(self) -> None:
        with translated(), temporary(self._folder / names.FILES) as target:
            target.path.unlink()

    def _part(self, name: str) -> Path:
        """The folder of a name, made durable the first time this process meets it, whoever has made it."""
        part = self.path(name).parent
        if part not in self._ready:
            with translated():
                part.mkdir(exist_ok=True)
                sync_folder(part.parent)
            self._ready.add(part)
        return part

    def _parts(self, prefix: str) -> Iterator[Path]:
        """The folders in which names with that prefix can be."""
        if prefix.startswith(names.TEXTS) and len(prefix) > len(names.TEXTS):
            yield from filter(Path.is_dir, [self.path(prefix).parent])
            return
        for kind in (names.FILES, names.TEXTS):
            if kind.startswith(prefix):
                yield from filter(Path.is_dir, (self._folder / kind).iterdir())


def _name(path: Path) -> str:
    """The name that `Disk.path` put there."""
    kind = path.parts[-3] + "/"
    return kind + (path.name if kind == names.FILES else path.name.replace(".", "/", 1))


def _copy(source: BinaryIO, target: BinaryIO, max_bytes: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE_BYTES):
        size += len(piece)
        if size > max_bytes:
            raise BlobTooLargeError
        digest.update(piece)
        target.write(piece)
    return Blob(digest.hexdigest(), size)
