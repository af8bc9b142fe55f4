"""Conditions in the words of the embedded engine."""

from collections.abc import Sequence

import qdrant_edge as edge

from vectorstore.conditions import Bound


class EdgeDialect:
    """Conditions for `qdrant_edge`."""

    def words(self, path: str, values: Sequence[str]) -> edge.FieldCondition:
        """The field holds one of these strings; none given match nothing."""
        return edge.FieldCondition(path, match=edge.MatchAny(list(values)))

    def integer(self, path: str, value: int) -> edge.FieldCondition:
        """The field holds this integer."""
        return edge.FieldCondition(path, match=edge.MatchValue(value))

    def bounds(self, path: str, bounds: dict[Bound, float]) -> edge.FieldCondition:
        """The field holds a number within these bounds."""
        return edge.FieldCondition(path, range=edge.RangeFloat(**bounds))

    def every(self, conditions: Sequence[edge.FieldCondition | edge.Filter]) -> edge.Filter:
        """All hold; true when there are none."""
        return edge.Filter(must=list(conditions))

    def some(self, conditions: Sequence[edge.FieldCondition | edge.Filter]) -> edge.Filter:
        """At least one holds; there is at least one."""
        return edge.Filter(should=list(conditions))

    def none(self, conditions: Sequence[edge.FieldCondition | edge.Filter]) -> edge.Filter:
        """None holds."""
        return edge.Filter(must_not=list(conditions))
