"""Conditions in the words of a Qdrant server."""

from collections.abc import Sequence

from qdrant_client import models

from vectorstore.conditions import Bound


class ServerDialect:
    """Conditions for `qdrant_client`."""

    def words(self, path: str, values: Sequence[str]) -> models.FieldCondition:
        """The field holds one of these strings; none given match nothing."""
        return models.FieldCondition(key=path, match=models.MatchAny(any=list(values)))

    def integer(self, path: str, value: int) -> models.FieldCondition:
        """The field holds this integer."""
        return models.FieldCondition(key=path, match=models.MatchValue(value=value))

    def bounds(self, path: str, bounds: dict[Bound, float]) -> models.FieldCondition:
        """The field holds a number within these bounds."""
        return models.FieldCondition(key=path, range=models.Range(**bounds))

    def every(self, conditions: Sequence[models.FieldCondition | models.Filter]) -> models.Filter:
        """All hold; true when there are none."""
        return models.Filter(must=list(conditions))

    def some(self, conditions: Sequence[models.FieldCondition | models.Filter]) -> models.Filter:
        """At least one holds; there is at least one."""
        return models.Filter(should=list(conditions))

    def none(self, conditions: Sequence[models.FieldCondition | models.Filter]) -> models.Filter:
        """None holds."""
        return models.Filter(must_not=list(conditions))
