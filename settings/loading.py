"""Reading the configuration: built-in defaults, then the TOML file, then the environment."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from settings.names import CONFIG_VARIABLE, PREFIX, Option, all_options, environment_name
from settings.options import Settings
from settings.problems import SettingsError, explain, unknown_option

DEFAULT_FILE = Path("footnote.toml")
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
    path = Path(named) if named else DEFAULT_FILE
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
    known = {".".join(option.path) for option in all_options(Settings)}
    given = {
        f"{group}.{name}" if isinstance(table, dict) else group
        for group, table in values.items()
        for name in (table if isinstance(table, dict) else ("",))
    }
    if unknown := sorted(given - known):
        raise SettingsError([unknown_option(name, known) for name in unknown])


def _merge_environment(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    options = {environment_name(option.path): option for option in all_options(Settings)}
    known = {*options, CONFIG_VARIABLE}
    if unknown := sorted(name for name in environ if name.startswith(PREFIX) and name not in known):
        raise SettingsError([unknown_option(name, known) for name in unknown])
    for name, option in options.items():
        if text := environ.get(name):
            _place(values, option, text)


def _place(values: dict[str, Any], option: Option, text: str) -> None:
    *groups, name = option.path
    for group in groups:
        values = values.setdefault(group, {})
    values[name] = None if option.optional and text.lower() == "none" else text


def _merge_openai_names(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """The two variables that every OpenAI client reads, where Footnote's own are not set."""
    upstream = values.setdefault("upstream", {})
    for option, name in _OPENAI_NAMES.items():
        if environ.get(name):
            upstream.setdefault(option, environ[name])
