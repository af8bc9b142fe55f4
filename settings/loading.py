"""Reading the configuration: built-in defaults, then the TOML file, then the environment."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from settings.names import (
    CONFIG_VARIABLE,
    PREFIX,
    Option,
    Path,
    all_options,
    environment_name,
    option_at,
    option_from_environment,
)
from settings.options import Settings
from settings.problems import SettingsError, explain, unknown_option

DEFAULT_FILE = FilePath("footnote.toml")
_OPENAI_NAMES = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The configuration that `environ` and the TOML file it names describe.

    An empty variable counts as unset; `none` unsets an option that has a default.

    Raises:
        SettingsError: a name or a value is wrong; the message names each, what was read and what is allowed.
    """
    values = _read_file(environ)
    _merge_environment(values, environ)
    _merge_openai_names(values, environ)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise explain(error) from None


def _read_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(CONFIG_VARIABLE)
    path = FilePath(named) if named else DEFAULT_FILE
    if not named and not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{CONFIG_VARIABLE}: the file {path} cannot be read ({error.strerror})"]) from error
    except ValueError as error:
        raise SettingsError([f"{path}: not a TOML file in UTF-8 ({error})"]) from error
    _refuse_unknown_options(values)
    return values


def _refuse_unknown_options(values: Mapping[str, Any]) -> None:
    unknown = [path for path in _paths(values, ()) if option_at(Settings, path) is None]
    if unknown:
        known = {".".join(option.path) for option in all_options(Settings)}
        raise SettingsError([unknown_option(".".join(path), known) for path in sorted(unknown)])


def _paths(table: Mapping[str, Any], above: Path) -> Iterator[Path]:
    """Every option that a table sets; a table that is an option itself is not looked into."""
    for name, value in table.items():
        path = (*above, name)
        if isinstance(value, dict) and option_at(Settings, path) is None:
            yield from _paths(value, path)
        else:
            yield path


def _merge_environment(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    unknown = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE:
            continue
        found = option_from_environment(Settings, name)
        if found is None:
            unknown.append(name)
        elif text := environ[name]:
            _place(values, *found, text)
    if unknown:
        known = {CONFIG_VARIABLE, *(environment_name(option.path) for option in all_options(Settings))}
        raise SettingsError([unknown_option(name, known) for name in unknown])


def _place(values: dict[str, Any], option: Option, path: Path, text: str) -> None:
    *groups, name = path
    for group in groups:
        values = values.setdefault(group, {})
    values[name] = None if option.optional and text.lower() == "none" else text


def _merge_openai_names(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """The two variables that every OpenAI client reads, where Footnote's own are not set."""
    upstream = values.setdefault("upstream", {})
    for option, name in _OPENAI_NAMES.items():
        if environ.get(name):
            upstream.setdefault(option, environ[name])
