"""The models that answer from stores, as they are listed."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.callers import Caller
from records import Database, stores
from records.stores import Store
from settings import Settings

_OWNER = "footnote"


async def store_models(database: Database, settings: Settings, caller: Caller) -> Sequence[dict[str, Any]]:
    """Those that the caller may ask, in the form of OpenAI's models."""
    visible = await _visible(database, caller)
    return [_model(f"store/{store.name}", store.created_at) for store in visible] + _configured(settings, visible)


async def store_model(database: Database, settings: Settings, caller: Caller, name: str) -> dict[str, Any] | None:
    """One of them; stores go by their ids too."""
    visible = await _visible(database, caller)
    configured = next((model for model in _configured(settings, visible) if model["id"] == name), None)
    named = (store for store in visible if name in {f"store/{store.name}", f"store/{store.id}"})
    return configured or next((_model(name, store.created_at) for store in named), None)


async def _visible(database: Database, caller: Caller) -> Sequence[Store]:
    if not caller.may("search"):
        return []
    found = await database.read(stores.list_all)
    return [store for store in found if caller.sees(store.id) and store.expired_at is None]


def _configured(settings: Settings, visible: Sequence[Store]) -> list[dict[str, Any]]:
    """Models of the settings all of whose stores are there for the caller."""
    by_name: Mapping[str, Store] = {store.name: store for store in visible} | {store.id: store for store in visible}
    models = []
    for name, model in settings.models.items():
        used = [by_name.get(store) for store in model.stores]
        if all(used):
            models.append(_model(name, max((store.created_at for store in used if store), default=0)))
    return models


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": _OWNER}
