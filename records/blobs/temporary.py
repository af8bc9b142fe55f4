"""Files that are being written: deleted when writing fails, and found at the next start when the process is killed."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from records.blobs.errors import StorageError


@dataclass(frozen=True, slots=True)
class Temporary:
    """A file to write and then move away."""

    path: Path
    file: BinaryIO

    def settle(self, path: Path) -> None:
        """Move the finished file to its place, so that it is there whole or not at all, also after a power cut."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.path.replace(path)
        sync_folder(path.parent)

    def settle_hastily(self, path: Path) -> None:
        """The same without waiting for the disk: a power cut may leave nothing of it, or a damaged file."""
        self.file.flush()
        self.path.replace(path)

    def discard(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self.file.close()


@contextmanager
def temporary(folder: Path) -> Iterator[Temporary]:
    """A file in that folder; it is deleted when the block fails."""
    target = create(folder)
    with target.file:
        try:
            yield target
        except BaseException:
            target.path.unlink(missing_ok=True)
            raise


def create(folder: Path) -> Temporary:
    """A new file, locked; another when a process that starts has taken it for a leftover before that."""
    while True:
        path = folder / secrets.token_hex(8)
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return Temporary(path, file)
        file.close()


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that no process writes any more: the lock on a file ends with its process."""
    for path in folder.iterdir():
        if path.is_file():
            # Other processes may finish or remove it at any moment.
            with suppress(BlockingIOError, FileNotFoundError), path.open("rb") as leftover:
                fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def sync_folder(folder: Path) -> None:
    """Bring to disk which names a folder has; without it a power cut can undo a rename."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the operating system raises into an error of ours, without paths."""
    try:
        yield
    except OSError as error:
        raise StorageError from error
