"""The list of all options as documents: Markdown for people, a commented `.env` to start from."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from settings.names import Option, all_options, environment_name
from settings.options import Settings


def as_markdown() -> str:
    """A section a group, a row an option."""
    lines = ["# Options", "", _INTRODUCTION, ""]
    for title, options in _by_group().items():
        lines += [f"## {title}", "", "| option | environment | default | meaning |", "|---|---|---|---|"]
        lines += [_row(option) for option in options] + [""]
    return "\n".join(lines).rstrip() + "\n"


def as_env_file() -> str:
    """Every option commented out with its default, to copy to `.env`."""
    lines = [
        "# Copy to .env and change what you need. A line that starts with # is the default.",
        "# Docker Compose reads .env by itself; before `footnote serve`, run: set -a; . ./.env; set +a",
        "",
    ]
    for option in all_options(Settings):
        lines += [fill(option.meaning, width=116, initial_indent="# ", subsequent_indent="# ")]
        lines += [f"#{environment_name(option.path)}={_shown(option.default)}", ""]
    return "\n".join(lines)


_INTRODUCTION = """
Options are read from a TOML file and from the environment; the environment wins. The file is the one that
`FOOTNOTE_CONFIG` names, else `footnote.toml` in the working folder. `server.port` is `port` under `[server]` in the
file. Where a name has `NAME` in it, you choose the name: `[upstreams.azure]` in the file,
`FOOTNOTE_UPSTREAMS_AZURE_BASE_URL` in the environment. An empty variable counts as unset; `none` unsets an option that
has a default. `OPENAI_API_KEY` and `OPENAI_BASE_URL` are read where `upstream.api_key` and `upstream.base_url` are not
set. A wrong name or value stops the process before it listens, and the message names it.
""".strip()


def _by_group() -> dict[str, list[Option]]:
    groups: dict[str, list[Option]] = {}
    for option in all_options(Settings):
        groups.setdefault(option.path[0] if len(option.path) > 1 else "general", []).append(option)
    return groups


def _row(option: Option) -> str:
    meaning = option.meaning.replace("|", "\\|")
    default = f"`{shown}`" if (shown := _shown(option.default)) else "unset"
    return f"| `{'.'.join(option.path)}` | `{environment_name(option.path)}` | {default} | {meaning} |"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | Mapping):
        return ",".join(value)
    return value.as_posix() if isinstance(value, Path) else str(value)
