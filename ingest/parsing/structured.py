"""JSON, JSON Lines and Jupyter notebooks."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.parsing.composing import Composer
from ingest.parsing.errors import CorruptError
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.markdown import find_headings
from ingest.text.cleaning import clean
from ingest.text.decoding import decode

_MAX_DEPTH = 64


def read(data: bytes, limits: Limits) -> Extracted:
    """Read JSON as lines of `path: value`, a list item or record a paragraph; a notebook as its cells."""
    text = decode(data)
    composer = Composer(limits)
    try:
        value = json.loads(text)
    except ValueError:
        _add_records(composer, text)
        return composer.finish("application/jsonl")
    if isinstance(value, dict) and isinstance(value.get("cells"), list):
        _add_cells(composer, value["cells"])
        return composer.finish("application/x-ipynb+json")
    for record in value if isinstance(value, list) else [value]:
        composer.paragraph("\n".join(_lines(record, "", 0)))
    return composer.finish("application/json")


def _add_records(composer: Composer, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as exc:
            raise CorruptError(f"Line {number} is not valid JSON: correct it and upload the file again.") from exc
        composer.paragraph("\n".join(_lines(record, "", 0)))


def _lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield f"{path}: …"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _lines(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for item in value:
            yield from _lines(item, path, depth + 1)
    elif value is not None and value not in ("", []):
        shown = ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)
        yield f"{path}: {shown}" if path else shown


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _add_cells(composer: Composer, cells: list[Any]) -> None:
    for cell in cells:
        source = _joined(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            text = clean(source)
            composer.append(Extracted(text, tuple(find_headings(text)), (), "text/markdown", None))
        elif source.strip():
            composer.paragraph(f"```\n{source}\n```")
        for output in cell.get("outputs") or ():
            composer.paragraph(_joined(output.get("text") or output.get("data", {}).get("text/plain", "")))


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
