"""Conditions on the attributes of documents, in the form of OpenAI's file search filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vectorstore.chunk import AttributeValue

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]


@dataclass(frozen=True, slots=True)
class Compare:
    """One attribute against a value (or, for `in` and `nin`, several).

    A document without the attribute matches `ne` and `nin` only. Values of another type never compare equal.
    `gt`, `gte`, `lt` and `lte` compare numbers; given anything else they raise `InvalidFilterError` when searched with.
    """

    key: str
    op: Operator
    value: AttributeValue | Sequence[AttributeValue]


@dataclass(frozen=True, slots=True)
class Combine:
    """All (`and`) or at least one (`or`) of several conditions."""

    op: Literal["and", "or"]
    filters: Sequence["Filter"]


Filter = Compare | Combine
