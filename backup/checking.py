"""Seeing whether a backup file is whole, before anything of it is used."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from backup.errors import DamagedBackupError, ForeignBackupError
from backup.manifest import MANIFEST, ORIGIN, Manifest, unpacked_manifest, unpacked_origin
from backup.reading import Entry, entries
from backup.writing import line

ROWS, LATER = "rows/", "later/"


def check(path: Path) -> Manifest:
    """Read the whole file and compare it with its checksums; returns what it holds.

    Raises:
        ForeignBackupError: it is no backup, or one of a later version.
        DamagedBackupError: something is missing or damaged.
        OSError: it cannot be read.
    """
    found = entries(path)
    origin = next(found, None)
    if origin is None or origin.name != ORIGIN:
        raise ForeignBackupError
    unpacked_origin(origin.whole())
    return _checked(origin, found)


def _checked(origin: Entry, others: Iterator[Entry]) -> Manifest:
    digest = hashlib.sha256(line(origin.name, origin.size_bytes, origin.sha256))
    count, rows = 1, Counter[str]()
    for entry in others:
        if entry.name == MANIFEST:
            manifest = unpacked_manifest(entry.whole())
            if (manifest.entries, manifest.digest, manifest.rows) != (count, digest.hexdigest(), rows):
                raise DamagedBackupError
            return manifest
        ends = sum(piece.count(b"\n") for piece in entry.pieces())
        if entry.name.startswith(ROWS):
            rows[table_of(entry.name)] += ends
        digest.update(line(entry.name, entry.size_bytes, entry.sha256))
        count += 1
    message = "The backup is incomplete: its end is missing. Nothing was restored; take another copy of it."
    raise DamagedBackupError(message)


def table_of(name: str) -> str:
    """The table that an entry has rows of."""
    return name.split("/")[1]
