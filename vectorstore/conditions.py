"""The meaning of filters, told once and put into the words of either engine."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

from vectorstore import payload
from vectorstore.chunk import AttributeValue
from vectorstore.errors import InvalidFilterError
from vectorstore.filters import Combine, Compare, Filter

C = TypeVar("C")
F = TypeVar("F")
Bound = Literal["gt", "gte", "lt", "lte"]


class Dialect(Protocol[C, F]):
    """How an engine writes its conditions: on a field (C), or filters (F) made of several, which nest."""

    def words(self, path: str, values: Sequence[str]) -> C:
        """The field holds one of these strings; none given match nothing."""

    def integer(self, path: str, value: int) -> C:
        """The field holds this integer."""

    def bounds(self, path: str, bounds: dict[Bound, float]) -> C:
        """The field holds a number within these bounds."""

    def every(self, conditions: Sequence[C | F]) -> F:
        """All hold; true when there are none."""

    def some(self, conditions: Sequence[C | F]) -> F:
        """At least one holds; there is at least one."""

    def none(self, conditions: Sequence[C | F]) -> F:
        """None holds."""


def scope(
    dialect: Dialect[C, F],
    store_id: str | None,
    document_id: str | None = None,
    version: int | None = None,
) -> F:
    """A store, or one document of it, or one of its versions; None for everything."""
    named = {payload.STORE: store_id, payload.DOCUMENT: document_id}
    conditions: list[C | F] = [dialect.words(path, [name]) for path, name in named.items() if name is not None]
    if version is not None:
        conditions.append(dialect.integer(payload.VERSION, version))
    return dialect.every(conditions)


def searched(dialect: Dialect[C, F], store_id: str, restriction: Filter | None, scripts: Sequence[str] = ()) -> F:
    """What a question may find: a store's chunks that meet the filter and, when given, use one of these scripts."""
    conditions: list[C | F] = [dialect.words(payload.STORE, [store_id])]
    if restriction is not None:
        conditions.append(translate(dialect, restriction))
    if scripts:
        conditions.append(dialect.words(payload.SCRIPT, scripts))
    return dialect.every(conditions)


def foreign(dialect: Dialect[C, F], scripts: Sequence[str]) -> F:
    """The chunk uses none of these scripts; without any, no chunk is meant."""
    if not scripts:
        return dialect.every([dialect.words(payload.SCRIPT, [])])
    return dialect.none([dialect.words(payload.SCRIPT, scripts)])


def translate(dialect: Dialect[C, F], restriction: Filter) -> C | F:
    """A filter in an engine's words. Raises `InvalidFilterError` for a comparison that has no meaning."""
    if isinstance(restriction, Compare):
        return _compare(dialect, restriction)
    if not isinstance(restriction, Combine):
        raise InvalidFilterError
    conditions = [translate(dialect, part) for part in restriction.filters]
    return dialect.every(conditions) if restriction.op == "and" else _some(dialect, conditions)


def _compare(dialect: Dialect[C, F], compare: Compare) -> C | F:
    operators: dict[str, Callable[[], C | F]] = {
        "eq": lambda: _equals(dialect, compare.key, [_single(compare)]),
        "ne": lambda: dialect.none([_equals(dialect, compare.key, [_single(compare)])]),
        "in": lambda: _equals(dialect, compare.key, _several(compare)),
        "nin": lambda: dialect.none([_equals(dialect, compare.key, _several(compare))]),
    }
    operator = operators.get(compare.op)
    return operator() if operator else _ordered(dialect, compare)


def _equals(dialect: Dialect[C, F], key: str, values: Sequence[AttributeValue]) -> C | F:
    texts = [value for value in values if isinstance(value, str)]
    flags = [payload.flag(value) for value in values if isinstance(value, bool)]
    conditions: list[C | F] = [
        dialect.words(payload.attribute_path(key, kind), words)
        for kind, words in (("text", texts), ("flag", flags))
        if words
    ]
    path = payload.attribute_path(key, "number")
    numbers = (value for value in values if not isinstance(value, str | bool))
    conditions += [dialect.bounds(path, {"gte": number, "lte": number}) for number in map(_finite, numbers)]
    return _some(dialect, conditions)


def _ordered(dialect: Dialect[C, F], compare: Compare) -> C | F:
    value = _single(compare)
    if isinstance(value, str | bool) or compare.op not in {"gt", "gte", "lt", "lte"}:
        raise InvalidFilterError
    path = payload.attribute_path(compare.key, "number")
    return dialect.bounds(path, {compare.op: _finite(value)})


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise InvalidFilterError from None
    if not math.isfinite(number):
        raise InvalidFilterError
    return number


def _some(dialect: Dialect[C, F], conditions: Sequence[C | F]) -> C | F:
    return dialect.some(conditions) if conditions else dialect.words(payload.STORE, [])


def _single(compare: Compare) -> AttributeValue:
    if isinstance(compare.value, str | float | int):
        return compare.value
    raise InvalidFilterError


def _several(compare: Compare) -> Sequence[AttributeValue]:
    if isinstance(compare.value, Sequence) and not isinstance(compare.value, str):
        return compare.value
    raise InvalidFilterError
