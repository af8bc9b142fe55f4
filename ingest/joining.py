"""Joining the parts of a file, without holding it in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

from ingest.errors import UploadRefusedError
from records.blobs import Blob, Blobs, names
from records.uploads import Part, Upload


def chosen_parts(upload: Upload, parts: Mapping[str, Part], part_ids: Sequence[str]) -> Sequence[Part]:
    """The parts of these ids, in this order.

    Raises:
        UploadRefusedError: there is no such part, or they are not as long as was announced.
    """
    unknown = next((part_id for part_id in part_ids if part_id not in parts), None)
    if unknown is not None:
        raise UploadRefusedError(f"The upload has no part {unknown!r}.", code="part_not_found", param="part_ids")
    chosen = [parts[part_id] for part_id in part_ids]
    if (size_bytes := sum(part.bytes for part in chosen)) != upload.bytes:
        message = f"These parts have {size_bytes} bytes, and the upload was announced with {upload.bytes}."
        raise UploadRefusedError(message, code="wrong_size", param="part_ids")
    return chosen


async def join(blobs: Blobs, parts: Sequence[Part], md5: str | None) -> Blob:
    """Keep the parts as one file; they are read twice, for the hash that is its name, and to write it.

    Raises:
        UploadRefusedError: the MD5 checksum of the whole is not the one that is given.
        BlobMissingError: a part is not there any more.
    """
    digest, checksum, size_bytes = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    async for piece in _pieces(blobs, parts):
        await asyncio.to_thread(digest.update, piece)
        if md5 is not None:
            await asyncio.to_thread(checksum.update, piece)
        size_bytes += len(piece)
    if md5 is not None and checksum.hexdigest() != md5.lower():
        message = f"The MD5 checksum of these parts is {checksum.hexdigest()}, not the one that was given."
        raise UploadRefusedError(message, code="wrong_checksum", param="md5")
    blob = Blob(digest.hexdigest(), size_bytes)
    if not await asyncio.to_thread(blobs.exists, blob.sha256):
        await blobs.write(names.file(blob.sha256), _pieces(blobs, parts))
    return blob


async def _pieces(blobs: Blobs, parts: Sequence[Part]) -> AsyncIterator[bytes]:
    for part in parts:
        async for piece in blobs.read(names.file(part.sha256)):
            yield piece
