"""Qdrant's REST interface: https://api.qdrant.tech/api-reference."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pydantic
from aiohttp import web
from pydantic_core import to_json
from qdrant_client import models

from tests.fakes.qdrant.collection import FakeCollection
from tests.fakes.qdrant.faults import Handler
from tests.fakes.qdrant.refusals import ExistsError, MissingError, RefusedError

B = TypeVar("B")
_Selector: pydantic.TypeAdapter[models.PointsSelector] = pydantic.TypeAdapter(models.PointsSelector)


class Collections:
    """All collections of the stand-in, one folder each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._opened = {path.parent.name: FakeCollection.load(path.parent) for path in folder.glob("*/definition.json")}

    def routes(self) -> list[web.RouteDef]:
        """Every endpoint the vector store calls."""
        named = "/collections/{name}"
        return [
            web.get("/healthz", _alive),
            web.get("/readyz", _alive),
            web.get("/", _version),
            web.get("/collections", answering(self._list)),
            web.get(named, answering(lambda request, _: self._find(request).info())),
            web.get(f"{named}/exists", answering(self._exists)),
            web.put(named, answering(self._create)),
            web.delete(named, answering(self._remove)),
            web.put(f"{named}/index", self._calling(models.CreateFieldIndex, FakeCollection.create_index)),
            web.put(f"{named}/points", self._calling(models.PointsList, FakeCollection.upsert)),
            web.post(f"{named}/points/delete", self._calling(_Selector, FakeCollection.delete)),
            web.post(f"{named}/points/payload", self._calling(models.SetPayload, FakeCollection.set_payload)),
            web.post(f"{named}/points/count", self._calling(models.CountRequest, FakeCollection.count)),
            web.post(f"{named}/points/scroll", self._calling(models.ScrollRequest, FakeCollection.scroll)),
            web.post(f"{named}/points/query", self._calling(models.QueryRequest, FakeCollection.query)),
        ]

    def flush(self) -> None:
        """Bring what was written to disk."""
        for collection in self._opened.values():
            if not collection.is_flushed:
                collection.flush()

    def close(self) -> None:
        """Let go of all folders."""
        for collection in self._opened.values():
            collection.close()
        self._opened.clear()

    def _calling(
        self, model: type[B] | pydantic.TypeAdapter[B], act: Callable[[FakeCollection, B], dict[str, Any] | None]
    ) -> Handler:
        adapter = model if isinstance(model, pydantic.TypeAdapter) else pydantic.TypeAdapter(model)

        def answer(request: web.Request, body: bytes) -> object:
            collection = self._find(request)
            result = act(collection, adapter.validate_json(body))
            return {"operation_id": 0, "status": "completed"} if result is None else result

        return answering(answer)

    def _find(self, request: web.Request) -> FakeCollection:
        name = request.match_info["name"]
        if name not in self._opened:
            raise MissingError(name)
        return self._opened[name]

    def _list(self, _request: web.Request, _body: bytes) -> object:
        return {"collections": [{"name": name} for name in sorted(self._opened)]}

    def _exists(self, request: web.Request, _body: bytes) -> object:
        return {"exists": request.match_info["name"] in self._opened}

    def _create(self, request: web.Request, body: bytes) -> object:
        name, definition = request.match_info["name"], models.CreateCollection.model_validate_json(body)
        if name in self._opened:
            raise ExistsError(name)
        self._opened[name] = FakeCollection(self._folder / name, definition)
        return True

    def _remove(self, request: web.Request, _body: bytes) -> object:
        collection = self._opened.pop(request.match_info["name"], None)
        if collection is not None:
            collection.close()
            shutil.rmtree(self._folder / request.match_info["name"])
        return collection is not None


def answering(answer: Callable[[web.Request, bytes], object]) -> Handler:
    """A handler that answers in Qdrant's form and refuses as Qdrant does."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            return _json({"result": answer(request, body), "status": "ok"})
        except RefusedError as refusal:
            return _json({"status": {"error": str(refusal)}}, refusal.status)
        except pydantic.ValidationError as error:
            return _json({"status": {"error": f"Format error in JSON body: {error}"}}, 400)
        except Exception as error:
            return _json({"status": {"error": f"Wrong input: {error}"}}, 400)

    return handle


def _json(content: dict[str, object], status: int = 200) -> web.Response:
    return web.Response(body=to_json(content | {"time": 0.0}), status=status, content_type="application/json")


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="all shards are ready")


async def _version(_: web.Request) -> web.Response:
    return web.json_response({"title": "qdrant - vector search engine", "version": "1.17.0"})
