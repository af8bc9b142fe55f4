"""A backup as a file that is there whole or not at all."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backup.checking import check
from backup.manifest import Manifest

_COMPRESSED = {".gz", ".tgz"}


class Draft:
    """A file `NAME.part`, which gets its name once it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._target: BinaryIO | gzip.GzipFile = self._file
        if path.suffix in _COMPRESSED:
            self._target = gzip.GzipFile(filename="", mode="wb", fileobj=self._file)

    def write(self, piece: bytes) -> None:
        """Write some more."""
        self._target.write(piece)

    def settle(self) -> Manifest:
        """Bring it to disk, read it again, and give it its name, in place of an older backup of that name.

        Raises:
            BackupError: it is not a whole backup.
            OSError: it cannot be written.
        """
        if self._target is not self._file:
            self._target.close()  # writes the end of what is compressed
        self._file.flush()
        os.fsync(self._file.fileno())
        manifest = check(self._part)
        self._part.replace(self._path)
        _sync_folder(self._path.parent)
        return manifest

    def discard(self) -> None:
        """Delete what was not settled."""
        self._file.close()
        self._part.unlink(missing_ok=True)


@contextmanager
def draft(path: Path) -> Iterator[Draft]:
    """A new backup file; what is not settled when the block ends is deleted. Raises OSError."""
    new = Draft(path)
    try:
        yield new
    finally:
        new.discard()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
