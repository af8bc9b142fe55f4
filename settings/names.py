"""The names of all options: dotted in the file, upper case in the environment."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

PREFIX = "FOOTNOTE_"
CONFIG_VARIABLE = "FOOTNOTE_CONFIG"
"""Names the TOML file to read; without it `footnote.toml` in the working folder is read if it exists."""

ANY_NAME = "NAME"
"""Stands for the name that people choose in a group of which there may be several."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the configuration."""

    path: Path
    """Group and name, or the name alone."""
    default: Any
    meaning: str
    """Its documentation, on one line; empty when it has none."""
    optional: bool
    """Whether it may be unset."""
    secret: bool


def environment_name(path: Path) -> str:
    """`("server", "port")` is read from `FOOTNOTE_SERVER_PORT`."""
    return PREFIX + "_".join(path).upper()


def all_options(model: type[BaseModel], above: Path = ()) -> Iterator[Option]:
    """Every option, depth first, in the order they are written."""
    for name, field in model.model_fields.items():
        if group := _group(field.annotation):
            yield from all_options(group, (*above, name))
        elif group := _named_group(field):
            yield from all_options(group, (*above, name, ANY_NAME))
        else:
            yield _option((*above, name), field)


def option_at(model: type[BaseModel], path: Path) -> Option | None:
    """The option of that name, if there is one."""
    return next((option for option in all_options(model) if _fits(option.path, path)), None)


def option_from_environment(model: type[BaseModel], variable: str) -> tuple[Option, Path] | None:
    """The option that a variable sets, and its path with the name that people chose, if there is one."""
    for option in all_options(model):
        pattern = re.escape(environment_name(option.path)).replace(f"_{ANY_NAME}_", "_([A-Z][A-Z0-9]*)_")
        if found := re.fullmatch(pattern, variable):
            name = next(iter(found.groups()), "").lower()
            return option, tuple(name if part == ANY_NAME else part for part in option.path)
    return None


def _fits(option: Path, path: Path) -> bool:
    return len(option) == len(path) and all(part in {ANY_NAME, given} for part, given in zip(option, path, strict=True))


def _group(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _named_group(field: FieldInfo) -> type[BaseModel] | None:
    """The group of which there may be any number, by name; a table with a reader of its own is one option."""
    arguments = () if field.metadata else get_args(field.annotation)
    return _group(arguments[-1]) if arguments else None


def _option(path: Path, field: FieldInfo) -> Option:
    written = repr(field.annotation)
    meaning = " ".join((field.description or "").split())
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return Option(path, default, meaning, "None" in written, SecretStr.__name__ in written)
