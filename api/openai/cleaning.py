"""JSON as it can be kept and sent back, whatever it held."""

import math
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

_MAX_DEPTH = 64


def cleaned(value: Any, depth: int = 0) -> Any:
    """The value without NUL and halves of characters in texts, which Postgres and UTF-8 refuse.

    Numbers that are none, and what is nested too deeply, become null.
    """
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if depth == _MAX_DEPTH or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, list):
        return [cleaned(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(one, depth + 1) for name, one in value.items()}
    return value


def text_or(kind: type, name: str) -> Callable[[Any], Any]:
    """A check that a value is a text or of that kind; a union by itself would blame its first branch for all others."""

    def check(value: Any) -> Any:
        if value is not None and not isinstance(value, (str, kind)):
            raise PydanticCustomError("text_or", f"Input should be a text or {name}")
        return value

    return check
