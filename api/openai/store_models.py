"""Models that answer from stores: `store/NAME` for each store, and those of the options."""

from collections.abc import Sequence
from http import HTTPStatus

from api.callers import Caller
from api.errors import ApiError
from api.relay.permissions import no_such_model
from api.services import Services
from api.store_use import use_store
from api.stores import resolve
from records.stores import Store
from settings import Settings, StoreModel
from upstream import Chat

_PREFIX = "store/"


def find(settings: Settings, name: str) -> StoreModel | None:
    """What a name stands for; None where it is no store model's. Whether its stores are there is not looked at."""
    if configured := settings.models.get(name):
        return configured
    store = name.removeprefix(_PREFIX)
    # Not checked: any text may stand there, and who has no store of that name is told so.
    return StoreModel.model_construct(stores=(store,)) if store and store != name else None


async def stores_of(services: Services, caller: Caller, model: str, found: StoreModel) -> Sequence[Store]:
    """The stores that a model answers from, which are used thereby.

    Raises:
        ApiError: 404, one of them is not there for this caller; 400, it has expired.
    """
    try:
        stores = [await resolve(services, caller, name) for name in found.stores]
    except ApiError as error:
        if error.status is HTTPStatus.NOT_FOUND:
            raise no_such_model(model) from error
        raise
    for store in stores:
        await use_store(services, store)
    return stores


def writer_of(services: Services, found: StoreModel) -> Chat | None:
    """The chat model that writes for a store model; None leaves it to the service.

    Raises:
        ApiError: 503, no upstream has the model that the options name.
    """
    if found.model is None or services.upstream.relay is None:
        return None
    writer = services.upstream.writer(found.model)
    if writer is None:
        message = f"No upstream serves {found.model!r}, which the options name under `models`; set another."
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, message, code="model_unavailable", param="model")
    return writer


def named_writer(services: Services, caller: Caller, model: str | None) -> Chat | None:
    """The chat model that a caller names; None leaves it to the service, which may have none.

    Without any upstream every name will do, for answers are extracted then.

    Raises:
        ApiError: 403 or 404, there is no such model for this caller.
    """
    upstream = services.upstream
    if model is None or upstream.relay is None:
        return None
    if not caller.may_use_model(model):
        raise no_such_model(model)
    if upstream.chat is not None and upstream.chat.model == model:
        return None
    if not caller.may("relay"):
        message = "This key may not choose among the models: it needs the permission `relay`. An admin can add it."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied", param="model")
    writer = upstream.writer(model)
    if writer is None:
        raise no_such_model(model)
    return writer
