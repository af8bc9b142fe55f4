"""Backups: everything of an installation in one file, taken while it runs, restored into any kind of storage.

A backup is a tar file (pax) that is written and read as a stream. Its entries, in this order:

    footnote.json           {"format": 1, "version": …, "schema": …, "taken_at": …}; see `backup.manifest.Origin`
    rows/TABLE/N.jsonl      the rows of all tables at one moment, one JSON object a line; bytes are base64
    files/SHA256            uploaded files
    texts/DOCUMENT/VERSION.txt, .layout
                            what was extracted from a document, of its visible version
    chunks/N.jsonl          {"model": …, "dimensions": …}, then one chunk of that collection a line
    chunks/N.f32            the vectors of these chunks, little-endian float32, row by row; not where there are none
    later/TABLE/N.jsonl     rows of documents that changed while the backup was taken, as they were later
    manifest.json           see `backup.manifest.Manifest`: what there is, counted

Each entry has the SHA-256 of its content in the pax header `FOOTNOTE.sha256`, and the manifest the SHA-256 of the lines
`NAME SIZE SHA256` of all others, so that nothing can be missing, damaged or exchanged unnoticed.

The rows are those of one moment; bytes and chunks are copied afterwards. A document of which something has gone
meanwhile, because it was replaced, is read once more and copied as it is then; `changed` in the manifest has its
version. Where chunks are missing even so, it is put down as queued, with its file. One that was deleted meanwhile is
left out. Everything else is as it was at the moment of the rows.
"""

from backup.checking import check
from backup.errors import BackupError, DamagedBackupError, ForeignBackupError, IncompleteRestoreError, NotEmptyError
from backup.manifest import Manifest
from backup.restoring import restore
from backup.taking import take

__all__ = [
    "BackupError",
    "DamagedBackupError",
    "ForeignBackupError",
    "IncompleteRestoreError",
    "Manifest",
    "NotEmptyError",
    "check",
    "restore",
    "take",
]
