"""The names of all options: dotted in the file, upper case in the environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

PREFIX = "FOOTNOTE_"
CONFIG_VARIABLE = "FOOTNOTE_CONFIG"
"""Names the TOML file to read; without it `footnote.toml` in the working folder is read if it exists."""

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
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from all_options(group, (*above, name))
        else:
            yield _option((*above, name), field)


def option_at(model: type[BaseModel], path: Path) -> Option | None:
    """The option of that name, if there is one."""
    return next((option for option in all_options(model) if option.path == path), None)


def _option(path: Path, field: FieldInfo) -> Option:
    written = repr(field.annotation)
    meaning = " ".join((field.description or "").split())
    return Option(path, field.default, meaning, "None" in written, SecretStr.__name__ in written)
