"""Which files a command line means."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


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
