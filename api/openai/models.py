"""`/v1/models` where no upstream is asked: the models that answer from stores."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from api.errors import not_found
from api.permissions import Anybody, GuardedRoute
from api.services import Opened
from api.store_model_list import store_model, store_models

router = APIRouter(tags=["openai: models"], route_class=GuardedRoute)


class ModelBody(BaseModel):
    """A model that answers from one or more stores."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models that the caller may ask."""

    object: Literal["list"] = "list"
    data: list[ModelBody]


@router.get("/v1/models")
async def list_models(services: Opened, caller: Anybody) -> ModelList:
    """The models there are: those of the upstreams, and `store/NAME` for each store."""
    found = await store_models(services.records.database, services.settings, caller)
    return ModelList(data=[ModelBody(**model) for model in found])


@router.get("/v1/models/{model:path}")
async def retrieve_model(model: str, services: Opened, caller: Anybody) -> ModelBody:
    """One model; of models of the upstreams, what they say."""
    found = await store_model(services.records.database, services.settings, caller, model)
    if found is None:
        raise not_found("model", model, "GET /v1/models lists those there are.")
    return ModelBody(**found)
