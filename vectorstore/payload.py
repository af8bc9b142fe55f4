"""How a chunk is laid down in a Qdrant payload, and read back."""

from collections.abc import Mapping
from typing import Any

from vectorstore.chunk import AttributeValue, Chunk
from vectorstore.scripts import scripts_of

STORE = "store_id"
DOCUMENT = "document_id"
VERSION = "version"
SCRIPT = "script"
ATTRIBUTES = "attributes"


def payload_of(chunk: Chunk) -> dict[str, Any]:
    """The payload of a chunk; `script` lists the scripts it is written in."""
    return {
        STORE: chunk.store_id,
        DOCUMENT: chunk.document_id,
        VERSION: chunk.version,
        SCRIPT: list(scripts_of(chunk.words)),
        ATTRIBUTES: pack(chunk.attributes),
        "index": chunk.index,
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
        "filename": chunk.filename,
        "page": chunk.page,
        "page_starts": list(chunk.page_starts),
        "headings": list(chunk.headings),
    }


def chunk_of(payload: Mapping[str, Any]) -> Chunk:
    """The chunk that a payload holds."""
    return Chunk(
        store_id=payload[STORE],
        document_id=payload[DOCUMENT],
        version=payload[VERSION],
        index=payload["index"],
        text=payload["text"],
        start=payload["start"],
        end=payload["end"],
        filename=payload["filename"],
        page=payload.get("page"),
        page_starts=tuple(payload["page_starts"]),
        headings=tuple(payload["headings"]),
        attributes=unpack(payload[ATTRIBUTES]),
    )


def pack(attributes: Mapping[str, AttributeValue]) -> dict[str, dict[str, str | float]]:
    """Attributes sorted by type, so that no value is ever compared with one of another type.

    Booleans are kept as words: not every engine tells `true` from 1.
    """
    packed: dict[str, dict[str, str | float]] = {}
    for key, value in attributes.items():
        packed.setdefault(kind_of(value), {})[_escape(key)] = flag(value) if isinstance(value, bool) else value
    return packed


def unpack(packed: Mapping[str, Mapping[str, Any]]) -> dict[str, AttributeValue]:
    """The attributes that `pack` sorted, by name."""
    attributes: dict[str, AttributeValue] = {}
    for kind, values in packed.items():
        for key, value in values.items():
            attributes[_unescape(key)] = value == "true" if kind == "flag" else value
    return dict(sorted(attributes.items()))


def kind_of(value: AttributeValue) -> str:
    """The part of the packed attributes where values of this type are."""
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"


def flag(value: bool) -> str:
    """A boolean as it is kept in a payload."""
    return "true" if value else "false"


def attribute_path(key: str, kind: str) -> str:
    """Where an attribute of a kind is, as a Qdrant JSON path."""
    return f'{ATTRIBUTES}.{kind}."{_escape(key)}"'


# A quoted part of a JSON path may hold anything but quotes and backslashes, for which it knows no escape.
_ESCAPES = str.maketrans({"%": "%25", '"': "%22", "\\": "%5C"})


def _escape(key: str) -> str:
    return key.translate(_ESCAPES)


def _unescape(key: str) -> str:
    return key.replace("%22", '"').replace("%5C", "\\").replace("%25", "%")
