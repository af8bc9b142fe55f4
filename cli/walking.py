"""Which files a command line means."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_BATCH_FILES = 16
_BATCH_BYTES = 4_194_304


@dataclass(frozen=True, slots=True)
class Found:
    """A file to add, and the name it goes by."""

    path: Path
    name: str
    """Path below the folder that was named, so that pages of the same name can be told apart."""


def files_in(paths: Iterable[Path]) -> Iterator[Found]:
    """The files named, and those in the folders named, sorted; hidden ones only when named themselves."""
    for path in paths:
        if path.is_dir():
            yield from _files_below(path)
        else:
            yield Found(path, _readable(path.name))


def _files_below(folder: Path) -> Iterator[Found]:
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in below.parts):
            yield Found(path, _readable(below.as_posix()))


def _readable(name: str) -> str:
    """A file's name can be any bytes; those that are not UTF-8 cannot be sent or shown."""
    return os.fsencode(name).decode(errors="replace")


def batches(files: Iterable[Found]) -> Iterator[Sequence[Found]]:
    """The files in groups of a size that is handed in at once: a request costs as much as reading a small file."""
    batch: list[Found] = []
    size_bytes = 0
    for found in files:
        size_bytes += _size_bytes(found.path)
        if batch and (len(batch) == _BATCH_FILES or size_bytes > _BATCH_BYTES):
            yield batch
            batch, size_bytes = [], _size_bytes(found.path)
        batch.append(found)
    if batch:
        yield batch


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it will be reported when it is read
        return 0
