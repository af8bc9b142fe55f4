"""One collection of the stand-in: a folder, a definition and an engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client import models

from tests.fakes.qdrant.conditions import filter_of
from tests.fakes.qdrant.definitions import description, engine_config, engine_index
from tests.fakes.qdrant.queries import payload_wanted, query_of
from tests.fakes.qdrant.refusals import UnknownError

_DEFINITION = "definition.json"
_PAGE = 10


class FakeCollection:
    """Not thread-safe: all calls come from the server's one thread, so each has the engine to itself."""

    def __init__(self, folder: Path, definition: models.CreateCollection) -> None:
        self._definition = definition
        shard = folder / "shard"
        if (folder / _DEFINITION).exists():
            self._shard = edge.EdgeShard.load(str(shard))
        else:
            shard.mkdir(parents=True)
            self._shard = edge.EdgeShard.create(str(shard), engine_config(definition))
            (folder / _DEFINITION).write_text(definition.model_dump_json(exclude_none=True))
        self.is_flushed = True

    @classmethod
    def load(cls, folder: Path) -> "FakeCollection":
        """The collection that an earlier server left."""
        return cls(folder, models.CreateCollection.model_validate_json((folder / _DEFINITION).read_text()))

    def flush(self) -> None:
        """Bring what was written to disk."""
        self._shard.flush()
        self.is_flushed = True

    def close(self) -> None:
        """Flush and let go of the folder."""
        self.flush()
        self._shard.close()

    def info(self) -> dict[str, Any]:
        """Definition and counts."""
        return description(self._definition, self._shard.info()).model_dump(mode="json", exclude_none=True)

    def create_index(self, given: models.CreateFieldIndex) -> None:
        """Index a payload field, also of the points that are there."""
        index = engine_index(given.field_schema)
        self._update(edge.UpdateOperation.create_field_index(given.field_name, index))

    def upsert(self, given: models.PointsList) -> None:
        """Write points, over those with the same ids."""
        points = [edge.Point(each.id, _vectors(each.vector), each.payload or {}) for each in given.points]
        self._update(edge.UpdateOperation.upsert_points(points))

    def delete(self, given: models.PointsSelector) -> None:
        """Remove points."""
        if isinstance(given, models.PointIdsList):
            self._update(edge.UpdateOperation.delete_points(given.points))
        else:
            self._update(edge.UpdateOperation.delete_points_by_filter(filter_of(given.filter) or edge.Filter()))

    def set_payload(self, given: models.SetPayload) -> None:
        """Change parts of payloads."""
        if given.points is not None:
            self._update(edge.UpdateOperation.set_payload(given.points, given.payload, given.key))
        else:
            scoped = filter_of(given.filter) or edge.Filter()
            self._update(edge.UpdateOperation.set_payload_by_filter(scoped, given.payload, given.key))

    def count(self, given: models.CountRequest) -> dict[str, Any]:
        """How many points a filter lets through, always exactly."""
        return {"count": self._shard.count(edge.CountRequest(filter=filter_of(given.filter), exact=True))}

    def scroll(self, given: models.ScrollRequest) -> dict[str, Any]:
        """A page of points in the order of their ids."""
        if given.order_by is not None:
            raise UnknownError(given.order_by)
        request = edge.ScrollRequest(
            limit=given.limit or _PAGE,
            offset=given.offset,
            filter=filter_of(given.filter),
            with_payload=payload_wanted(given.with_payload, default=True),
            with_vector=given.with_vector or False,
        )
        records, following = self._shard.scroll(request)
        page = {"points": [_record(each) for each in records]}
        return page | {"next_page_offset": None if following is None else _id(following)}

    def query(self, given: models.QueryRequest) -> dict[str, Any]:
        """The best points, best first."""
        found = self._shard.query(query_of(given))
        return {"points": [_record(each) | {"score": each.score, "version": each.version} for each in found]}

    def _update(self, operation: edge.UpdateOperation) -> None:
        self.is_flushed = False
        self._shard.update(operation)


def _vectors(given: models.VectorStruct) -> Any:
    if isinstance(given, Mapping):
        return {name: _vector(each) for name, each in given.items()}
    return _vector(given)


def _vector(given: object) -> Any:
    if isinstance(given, models.SparseVector):
        return edge.SparseVector(given.indices, given.values)
    if isinstance(given, list):
        return given
    raise UnknownError(given)


def _record(given: edge.Record | edge.ScoredPoint) -> dict[str, Any]:
    return {"id": _id(given.id), "payload": given.payload, "vector": _json(given.vector)}


def _json(vector: object) -> Any:
    if isinstance(vector, Mapping):
        return {name: _json(each) for name, each in vector.items()}
    if isinstance(vector, edge.SparseVector):
        return {"indices": list(vector.indices), "values": list(vector.values)}
    return vector


def _id(given: object) -> int | str:
    return given if isinstance(given, int) else str(given)
