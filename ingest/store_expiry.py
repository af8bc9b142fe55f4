"""The end of stores that nobody used for as long as was said: their documents go, the stores stay to say so."""

from ingest.removal import remove_documents
from records import Records, activity
from vectorstore import VectorStore

_PAGE = 20


async def expire_stores(records: Records, vectors: VectorStore, *, lease_seconds: float) -> None:
    """Remove the documents of stores whose time has come, and those that were left over."""
    if not await records.database.read(activity.are_expiring):
        return
    for store in await records.database.write(lambda c: activity.expire(c, _PAGE)):
        await remove_documents(records, vectors, store, lease_seconds=lease_seconds)
