"""What every use of a store asks of it, and leaves behind."""

from api.services import Services
from ingest import StoreExpiredError
from records import activity
from records.stores import Store


async def use_store(services: Services, store: Store) -> None:
    """Note that a store is in use, which keeps it from expiring; written once a minute at most.

    Raises:
        StoreExpiredError: nobody used it for too long.
    """
    if store.is_expired:
        raise StoreExpiredError
    if activity.is_due(store):
        await services.records.database.write(lambda c: activity.touch(c, store.id))
