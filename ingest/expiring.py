"""What goes when its time has come: files, incomplete uploads, responses, kept answers, what is in unused stores."""

from ingest.assembling import Assembly
from ingest.file_removal import remove_file
from ingest.store_expiry import expire_stores
from records import Connection, Records, answers, files, responses, uploads
from vectorstore import VectorStore

_PAGE = 200
_REMEMBERED_SECONDS = 86_400
"""How long an upload that has ended is still known, so that whoever comes back to it is told what became of it."""


async def expire(records: Records, vectors: VectorStore, *, lease_seconds: float) -> None:
    """Remove what has expired."""
    for file_id in await records.database.read(lambda c: files.expired(c, _PAGE)):
        await remove_file(records, vectors, file_id, lease_seconds=lease_seconds)
    assembly = Assembly(records, vectors)
    for upload in await records.database.read(lambda c: uploads.late(c, _PAGE)):
        await assembly.expire(upload.id)
    await expire_stores(records, vectors, lease_seconds=lease_seconds)
    await records.database.write(_forget)


def _forget(connection: Connection) -> None:
    uploads.forget_ended(connection, _REMEMBERED_SECONDS)
    responses.remove_expired(connection)
    answers.remove_expired(connection)
