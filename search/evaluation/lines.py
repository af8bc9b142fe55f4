"""Files of a set, line by line, with messages that name the line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from search.evaluation.errors import SetError


def text_of(path: Path, *encodings: str) -> str:
    """What a file says, in the first of the encodings that fits. Raises SetError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SetError(f"{path} cannot be read: {error.strerror}.") from error
    for encoding in encodings or ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SetError(f"{path} is not text in {' or '.join(encodings or ('UTF-8',))}; save it as UTF-8.")


def objects_in(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every JSON object of a file with one a line, and the place where it stands. Raises SetError."""
    for number, line in enumerate(text_of(path).split("\n"), 1):
        place = f"{path}, line {number}"
        if line.strip():
            yield place, _object(line, place)


def id_of(found: Mapping[str, Any], place: str) -> str:
    """The field `_id`. Raises SetError."""
    value = found.get("_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise SetError(f"{place}: `_id` must be a text that is not empty.")
    return value


def words_of(found: Mapping[str, Any], name: str, place: str, *, default: str | None = None) -> str:
    """A field that is text. Raises SetError."""
    value = found.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise SetError(f"{place}: `{name}` must be a text.")
    return value


def _object(line: str, place: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SetError(f"{place}: this is not JSON. Each line must be an object of its own.") from error
    if not isinstance(found, dict):
        raise SetError(f'{place}: this is not a JSON object, such as {{"_id": "1", "text": "…"}}.')
    return found
