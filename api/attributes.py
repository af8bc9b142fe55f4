"""Attributes of documents and filters on them, in OpenAI's form."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from api.errors import ApiError
from vectorstore import AttributeValue, Combine, Compare, Filter

_MAX_INTEGER = 2**53
"""Beyond it not every integer is a double, which is what numbers are compared as."""


def _exact(value: AttributeValue) -> AttributeValue:
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "Numbers must be finite")
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        raise PydanticCustomError("exact_number", f"Integers must lie between -{_MAX_INTEGER} and {_MAX_INTEGER}")
    return value


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("text", "Texts must not contain the character NUL")
    return text


def _each_exact(value: AttributeValue | list[AttributeValue]) -> AttributeValue | list[AttributeValue]:
    return [_exact(one) for one in value] if isinstance(value, list) else _exact(value)


def _kept(value: AttributeValue) -> AttributeValue:
    return _storable(value) if isinstance(value, str) else _exact(value)


# Checked after the union has found its type: within it, the reason would be lost among those of the other types.
_Plain = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=512)]
Value = Annotated[_Plain, AfterValidator(_kept)]
Values = Annotated[_Plain | list[_Plain], AfterValidator(_each_exact)]
_Key = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_storable)]
Attributes = Annotated[dict[_Key, Value], Field(max_length=16)]
"""At most 16 pairs; keys of at most 64 characters, texts of at most 512 (OpenAI's limits)."""

_ATTRIBUTES: TypeAdapter[dict[str, Any]] = TypeAdapter(Attributes)


def parse_attributes(text: str | None) -> Mapping[str, AttributeValue]:
    """The attributes of a form field, written as a JSON object.

    Raises:
        ApiError: 400, saying what is wrong with them.
    """
    if not text:
        return {}
    try:
        return _ATTRIBUTES.validate_python(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][:1])
        raise _refused(f"{where + ': ' if where else ''}{first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _refused("it is not JSON") from error


def _refused(reason: str) -> ApiError:
    message = (
        "attributes must be a JSON object of at most 16 pairs, with keys of at most 64 characters and values that are "
        f"texts of at most 512 characters, numbers or booleans: {reason}."
    )
    return ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_attributes", param="attributes")


_MAX_DEPTH = 16


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComparisonFilter(_Form):
    """One attribute against a value."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: Annotated[str, Field(min_length=1)]
    value: Values


class CompoundFilter(_Form):
    """All or at least one of several filters."""

    type: Literal["and", "or"]
    filters: Annotated[list["FilterForm"], Field(min_length=1, max_length=100)]


def _kind(form: Any) -> str:
    kind = form.get("type") if isinstance(form, dict) else getattr(form, "type", None)
    return "compound" if kind in {"and", "or"} else "comparison"


FilterForm = Annotated[
    Annotated[ComparisonFilter, Tag("comparison")] | Annotated[CompoundFilter, Tag("compound")], Discriminator(_kind)
]
"""A filter as it stands in a request."""


def to_filter(form: ComparisonFilter | CompoundFilter, depth: int = 0) -> Filter:
    """The filter as the vector store understands it.

    Raises:
        ApiError: 400, it is nested too deeply.
    """
    if depth == _MAX_DEPTH:
        message = f"The filter is nested more than {_MAX_DEPTH} levels deep. Write it flatter."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_filter", param="filter")
    if isinstance(form, CompoundFilter):
        return Combine(form.type, [to_filter(part, depth + 1) for part in form.filters])
    return Compare(form.key, form.type, form.value)
