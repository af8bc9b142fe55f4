"""Operations of an OpenAPI description."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL = Path(__file__).parent / "small_openapi.json"
SHARED = Path(__file__).parents[3] / "shared" / "openai" / "openapi.json"
"""OpenAI's own, which is not part of the project."""
_METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a request's body."""

    name: str
    is_file: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a path, with what they take and give."""

    method: str
    path: str
    """With `{names}` in place of what varies."""
    content_type: str | None
    """Of the request's body; None where there is none."""
    answer_types: Sequence[str]
    """Of the answer when all goes well."""
    fields: Sequence[Field]

    @property
    def name(self) -> str:
        """What people call it, with the content type where it can have several."""
        return " ".join(filter(None, (self.method, self.path, self.content_type)))

    @property
    def is_answered_here(self) -> bool:
        """Whether Footnote answers it itself, whatever it is about, unless it is told which upstream to ask."""
        return self.path.split("/")[1] == "vector_stores" or (self.method, self.path) == ("GET", "/files")

    def takes(self, field: str) -> bool:
        """Whether the body has this property."""
        return any(each.name == field for each in self.fields)


def operations(path: Path) -> list[Operation]:
    """All of them, one with several content types once for each."""
    described = json.loads(path.read_text(encoding="utf-8"))
    return [
        operation
        for template, methods in described["paths"].items()
        for method, details in methods.items()
        if method in _METHODS
        for operation in _variants(described, method.upper(), template, details)
    ]


def _variants(described: Any, method: str, path: str, details: Mapping[str, Any]) -> Iterator[Operation]:
    answers = list(_answer_types(described, details)) or ["application/json"]
    content = _resolved(described, details.get("requestBody", {})).get("content", {})
    for content_type, media in content.items():
        yield Operation(method, path, content_type, answers, list(_fields(described, media.get("schema", {}))))
    if not content:
        yield Operation(method, path, None, answers, ())


def _answer_types(described: Any, details: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in details["responses"].items():
        if status.startswith("2"):
            yield from _resolved(described, answer).get("content", {})


def _fields(described: Any, schema: Any) -> Iterator[Field]:
    resolved = _resolved(described, schema)
    for part in (*resolved.get("allOf", ()), *resolved.get("anyOf", ())[:1], *resolved.get("oneOf", ())[:1]):
        yield from _fields(described, part)
    for name, value in resolved.get("properties", {}).items():
        yield Field(name, _resolved(described, value).get("format") == "binary")


def _resolved(described: Any, value: Any) -> Any:
    while "$ref" in value:
        target = described
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value
