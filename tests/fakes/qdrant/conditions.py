"""Filters of a request in the engine's words."""

from collections.abc import Sequence
from typing import Any

import qdrant_edge as edge
from qdrant_client import models

from tests.fakes.qdrant.refusals import UnknownError

_Condition = edge.FieldCondition | edge.HasIdCondition | edge.IsEmptyCondition | edge.IsNullCondition | edge.Filter


def filter_of(given: models.Filter | None) -> edge.Filter | None:
    """The filter; None lets everything through."""
    if given is None:
        return None
    if given.min_should is not None:
        raise UnknownError(given.min_should)
    return edge.Filter(must=_all(given.must), should=_all(given.should), must_not=_all(given.must_not))


def _all(conditions: Sequence[models.Condition] | models.Condition | None) -> list[Any] | None:
    if conditions is None:
        return None
    return [_condition(each) for each in (conditions if isinstance(conditions, Sequence) else [conditions])]


def _condition(given: models.Condition) -> _Condition:
    match given:
        case models.Filter():
            return filter_of(given) or edge.Filter()
        case models.FieldCondition():
            return _field(given)
        case models.HasIdCondition():
            return edge.HasIdCondition(set(given.has_id))
        case models.IsEmptyCondition():
            return edge.IsEmptyCondition(given.is_empty.key)
        case models.IsNullCondition():
            return edge.IsNullCondition(given.is_null.key)
    raise UnknownError(given)


def _field(given: models.FieldCondition) -> edge.FieldCondition:
    if isinstance(given.range, models.Range):
        bounds = given.range.model_dump(exclude_none=True)
        return edge.FieldCondition(given.key, range=edge.RangeFloat(**bounds))
    match given.match:
        case models.MatchValue(value=value):
            return edge.FieldCondition(given.key, match=edge.MatchValue(value))
        case models.MatchAny(any=values):
            return edge.FieldCondition(given.key, match=edge.MatchAny(values))
        case models.MatchExcept(except_=values):
            return edge.FieldCondition(given.key, match=edge.MatchExcept(values))
    raise UnknownError(given.match or given)
