"""Keeping files for their own sake: they are there before any document has them, and after the last one has gone."""

from functools import partial
from typing import BinaryIO

from records import Connection, Records, files
from records.blobs import Blob
from records.files import File, Terms


async def keep_file(records: Records, filename: str, content: BinaryIO, terms: Terms, *, max_bytes: int) -> File:
    """Keep a file, read from the current position of `content`; it is on disk when this returns.

    Raises:
        BlobTooLargeError: it holds more than `max_bytes`.
    """
    start = content.tell()
    while True:
        blob = await records.blobs.put(content, max_bytes)
        file = await records.database.write(partial(_record, records, filename, blob, terms))
        if file is not None:
            return file
        content.seek(start)


def record_file(connection: Connection, records: Records, filename: str, blob: Blob, terms: Terms) -> File | None:
    """Record a file whose bytes are there; None when somebody has just removed them with the last file they were of."""
    files.lock_content(connection, blob.sha256)
    if not records.blobs.exists(blob.sha256):
        return None
    file = files.look_up(connection, files.add(connection, filename, blob.bytes, blob.sha256, terms))
    assert file is not None, "it was written in this very transaction"
    return file


def _record(records: Records, filename: str, blob: Blob, terms: Terms, connection: Connection) -> File | None:
    return record_file(connection, records, filename, blob, terms)
