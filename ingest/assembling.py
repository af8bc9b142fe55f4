"""Files that come in parts: parts are kept one by one, and joined when somebody says that all are there."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import BinaryIO

from ingest.errors import UploadEndedError, UploadRefusedError
from ingest.joining import chosen_parts, join
from ingest.keeping import record_file
from ingest.removal import discard_contents, finish_or_later
from records import Connection, Records, files, uploads
from records.blobs import Blob, BlobMissingError
from records.files import Terms
from records.ids import FileId, UploadId
from records.removals import Removal
from records.uploads import Part, Status, Upload
from vectorstore import VectorStore

MAX_PART_BYTES = 64 << 20
_MAX_PARTS = 10_000
_TIMES_SENT = 2
"""Parts may be sent again, and those left out in the end; what comes in all is limited all the same."""


class Assembly:
    """Where parts are handed in, and become a file."""

    def __init__(self, records: Records, vectors: VectorStore) -> None:
        self._records = records
        self._database = records.database
        self._vectors = vectors

    async def add(self, upload_id: UploadId, content: BinaryIO, size_bytes: int) -> Part:
        """Keep a part, read from the current position of `content`; it is on disk when this returns.

        Raises:
            UploadRefusedError: the upload has ended, or too much has come.
            BlobTooLargeError: the part has more bytes than it is said to have.
        """
        await self._database.read(lambda c: _require_room(c, upload_id, size_bytes, to_change=False))
        start = content.tell()
        while True:
            blob = await self._records.blobs.put(content, size_bytes)
            try:
                part = await self._database.write(partial(self._record_part, upload_id, blob))
            except UploadRefusedError:
                await self._finish(await self._database.write(partial(discard_contents, hashes=[blob.sha256])))
                raise
            if part is not None:
                return part
            content.seek(start)

    async def complete(self, upload_id: UploadId, part_ids: Sequence[str], md5: str | None) -> Upload:
        """Join the parts, in the order of their ids, to a file; what is completed already is given as it is.

        Raises:
            UploadRefusedError: the upload has ended otherwise, or the parts are not what was announced.
        """
        while True:
            upload, parts = await self._database.read(lambda c: _with_parts(c, upload_id))
            if upload.status is Status.COMPLETED:
                return upload
            _require_open(upload)
            chosen = chosen_parts(upload, parts, part_ids)
            try:
                blob = await join(self._records.blobs, chosen, md5)
            except BlobMissingError:
                if (await self._database.read(lambda c: _with_parts(c, upload_id)))[0].status is Status.PENDING:
                    raise
                continue  # somebody else was quicker
            left = await self._database.write(partial(self._record_file, upload_id, blob))
            await self._finish(left or ())

    async def cancel(self, upload_id: UploadId) -> Upload:
        """Give an upload up, with all parts that have come; one that was given up already is given as it is.

        Raises:
            UploadRefusedError: the upload has ended otherwise.
        """
        await self._finish(await self._database.write(lambda c: _cancel(c, upload_id)))
        return await self._database.read(lambda c: _found(c, upload_id))

    async def expire(self, upload_id: UploadId) -> None:
        """Give up an upload that was not completed in time."""
        await self._finish(await self._database.write(lambda c: _expire(c, upload_id)))

    async def _finish(self, left: Sequence[Removal]) -> None:
        for removal in left:
            await finish_or_later(self._records, self._vectors, removal)

    def _record_part(self, upload_id: UploadId, blob: Blob, connection: Connection) -> Part | None:
        """The part; None when somebody has just removed its bytes with the last file they were of."""
        _require_room(connection, upload_id, blob.bytes, to_change=True)
        files.lock_content(connection, blob.sha256)
        if not self._records.blobs.exists(blob.sha256):
            return None
        return uploads.add_part(connection, upload_id, blob.sha256, blob.bytes)

    def _record_file(self, upload_id: UploadId, blob: Blob, connection: Connection) -> Sequence[Removal] | None:
        """What is left to do; None when nothing was done and `complete` is to look again."""
        upload = _found(connection, upload_id, to_change=True)
        if not upload.is_open:
            return None
        terms = Terms(upload.purpose, upload.key_id, upload.file_expires_after_seconds)
        file = record_file(connection, self._records, upload.filename, blob, terms)
        return None if file is None else _end(connection, upload.id, Status.COMPLETED, file.id)


def _found(connection: Connection, upload_id: UploadId, *, to_change: bool = False) -> Upload:
    upload = uploads.find(connection, upload_id, to_change=to_change)
    if upload is None:
        raise UploadEndedError(Status.EXPIRED)
    return upload


def _with_parts(connection: Connection, upload_id: UploadId) -> tuple[Upload, Mapping[str, Part]]:
    return _found(connection, upload_id), uploads.parts(connection, upload_id)


def _require_open(upload: Upload) -> None:
    if not upload.is_open:
        raise UploadEndedError(Status.EXPIRED if upload.status is Status.PENDING else upload.status)


def _require_room(connection: Connection, upload_id: UploadId, size_bytes: int, *, to_change: bool) -> None:
    upload = _found(connection, upload_id, to_change=to_change)
    _require_open(upload)
    count, received_bytes = uploads.received(connection, upload_id)
    if count >= _MAX_PARTS:
        message = f"An upload has at most {_MAX_PARTS} parts; cancel it, and send larger ones."
        raise UploadRefusedError(message, code="too_many_parts", param="data")
    if received_bytes + size_bytes > _TIMES_SENT * upload.bytes:
        message = (
            f"The upload was announced with {upload.bytes} bytes, and this part would make it more than "
            f"{_TIMES_SENT} times as many; cancel it, and announce as many as there are."
        )
        raise UploadRefusedError(message, code="too_many_bytes", param="data")


def _cancel(connection: Connection, upload_id: UploadId) -> Sequence[Removal]:
    upload = _found(connection, upload_id, to_change=True)
    if upload.status is Status.CANCELLED:
        return ()
    if upload.status is not Status.PENDING:
        raise UploadEndedError(upload.status)
    return _end(connection, upload_id, Status.CANCELLED)


def _expire(connection: Connection, upload_id: UploadId) -> Sequence[Removal]:
    upload = uploads.find(connection, upload_id, to_change=True)
    if upload is None or upload.status is not Status.PENDING or upload.is_open:
        return ()
    return _end(connection, upload_id, Status.EXPIRED)


def _end(
    connection: Connection, upload_id: UploadId, status: Status, file_id: FileId | None = None
) -> Sequence[Removal]:
    """Record the end; returns what of the parts is to go."""
    hashes = {part.sha256 for part in uploads.parts(connection, upload_id).values()}
    uploads.end(connection, upload_id, status, file_id)
    uploads.remove_parts(connection, upload_id)
    return discard_contents(connection, hashes)
