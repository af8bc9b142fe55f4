"""Exceptions as the log may show them: where they were raised, and of other people's only their kind.

What somebody else's exception says may hold what people wrote: a validator quotes its input, a codec the text.
"""

import traceback
from collections.abc import Iterator

OURS = frozenset(
    {"cli", "api", "ingest", "search", "backup", "vectorstore", "upstream", "records", "language", "settings"}
)
"""Packages of this program, whose errors say nothing that must not be logged."""


def described(error: BaseException) -> str:
    """The exception, and those that led to it, the first of them first."""
    return "\nwhich led to:\n".join(_one(link) for link in reversed(list(_chain(error))))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    parts = [_one(part) for part in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    return "\nbeside\n".join([f"{frames}{_named(error)}", *parts])


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__.partition(".")[0] in OURS:
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"  # without the file's name
    return name
