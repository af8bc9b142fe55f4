"""What is wrong with a configuration, in words that say what to change."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settings.names import ANY_NAME, Option, Path, environment_name, option_at
from settings.options import Settings


class SettingsError(Exception):
    """The configuration has a value that cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The configuration cannot be used:", *(f"  {line}" for line in problems)]))


def unknown_option(name: str, known: Collection[str]) -> str:
    """One line about a name that is no option, with the nearest name that is."""
    known = [_as_named(one, name) for one in known]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `footnote options` lists all options"
    return f"{name}: no such option{hint}"


def explain(error: ValidationError) -> SettingsError:
    """Turn pydantic's findings into lines that name the option, what was read and what is allowed."""
    return SettingsError([_explain_one(details) for details in error.errors()])


def _explain_one(details: ErrorDetails) -> str:
    path, option = _find(tuple(str(part) for part in details["loc"]))
    if details["type"] == "missing":
        return f"{'.'.join(path)} ({environment_name(path)}): it must be set.{' ' + option.meaning if option else ''}"
    name = f"{'.'.join(path)} ({environment_name(path)})"
    read = "a secret" if option is not None and option.secret else repr(details["input"])
    allowed = (
        details["msg"].removeprefix("Input ").removeprefix("Value ").replace("items after validation", "characters")
    )
    meaning = f" {option.meaning}" if option is not None else ""
    return f"{name}: read {read}; the value {allowed}.{meaning}"


def _shown(value: object) -> str:
    """What was read; a table may have secrets in it."""
    return "a table" if isinstance(value, Mapping) else repr(value)


def _find(location: tuple[str, ...]) -> tuple[Path, Option | None]:
    """The option in which the fault is: the longest beginning of the location that is one."""
    for length in range(min(len(location), 3), 0, -1):
        if option := option_at(Settings, location[:length]):
            return location[:length], option
    return location[:2], None


def _as_named(known: str, given: str) -> str:
    """An option of a group that people name, with the name that was given: `upstreams.azure.models`."""
    before, placeholder, after = known.partition(ANY_NAME)
    if not placeholder or not given.startswith(before):
        return known
    name = re.match("[A-Za-z0-9]*", given[len(before) :])
    return f"{before}{name.group() if name else ''}{after}"
