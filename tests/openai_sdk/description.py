"""What OpenAI's description says of answers, and what is wrong with one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

SHARED = Path(__file__).parents[3] / "shared" / "openai" / "openapi.json"
"""OpenAI's own, which is not part of the project."""
_WHOLE_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_EXTRA_OF_CLOSED: Mapping[str, Mapping[str, Any]] = {
    "VectorStoreSearchResultItem": {
        "quote": {"type": "string"},
        "page": {"type": ["integer", "null"], "minimum": 1},
        "start": _WHOLE_NUMBER,
        "end": _WHOLE_NUMBER,
        "chunk_id": {"type": "string"},
        "document_id": {"type": "string"},
        "headings": {"type": "array", "items": {"type": "string"}},
    },
    "VectorStoreSearchResultsPage": {"reranked": {"type": ["boolean", "null"]}},
}
"""Fields of ours in objects that OpenAI's description closes; all others are open."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a path, with the names of what varies in place of it."""

    method: str
    path: str
    schema: Any
    """Of the answer when all goes well; None where it is not JSON or not described."""

    def is_of(self, method: str, path: str) -> bool:
        """Whether a request is one of these."""
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path))
        return method == self.method and re.fullmatch(pattern, path) is not None


@dataclass(frozen=True)
class Description:
    """OpenAI's description of its API."""

    described: Any
    _validators: dict[str, Draft202012Validator] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Description":
        """The description in a file."""
        return cls(_with_nulls(json.loads(path.read_text(encoding="utf-8"))))

    @cached_property
    def operations(self) -> Sequence[Operation]:
        """All of them, those of older or newer forms of the API left out."""
        return [
            Operation(method.upper(), path, _schema_of(details["responses"].get("200", {})))
            for path, methods in self.described["paths"].items()
            for method, details in methods.items()
            if "responses" in details and "?" not in path
        ]

    def operation(self, method: str, path: str) -> Operation | None:
        """The one that a request is of; paths without parameters come first."""
        fitting = [each for each in self.operations if each.is_of(method, path)]
        return min(fitting, key=lambda each: each.path.count("{"), default=None)

    def problems(self, name: str, schema: Any, value: Any) -> list[str]:
        """What is wrong with a value of a schema; `name` stands for the schema and must be its own."""
        if name not in self._validators:
            self._validators[name] = Draft202012Validator({"allOf": [schema], "components": self._components})
        found = self._validators[name].iter_errors(value)
        return [f"{name} {'/'.join(str(step) for step in each.instance_path)}: {each.message[:300]}" for each in found]

    def event_problems(self, event: Any) -> list[str]:
        """What is wrong with an event of a streamed response."""
        kind = event.get("type")
        schema = self._events.get(kind)
        return [f"{kind} is no event"] if schema is None else self.problems(f"event {kind}", schema, event)

    @cached_property
    def _components(self) -> Any:
        components = self.described["components"]
        for name, extra in _EXTRA_OF_CLOSED.items():
            components["schemas"][name]["properties"] |= extra
        return components

    @cached_property
    def _events(self) -> Mapping[str, Any]:
        schemas = self.described["components"]["schemas"]
        names = [each["$ref"].rpartition("/")[2] for each in schemas["ResponseStreamEvent"]["anyOf"]]
        return {schemas[name]["properties"]["type"]["enum"][0]: schemas[name] for name in names}


def reference(name: str) -> Mapping[str, str]:
    """A schema of the description by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _schema_of(answer: Mapping[str, Any]) -> Any:
    schema: Any = answer.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _with_nulls(value: Any) -> Any:
    """The same with `nullable`, which this version of the standard does not know, said in its words."""
    if isinstance(value, list):
        return [_with_nulls(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = dict(_members(value))
    if inner.pop("nullable", False) is True:
        return {"anyOf": [inner, {"type": "null"}]}
    return inner


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        yield name, _with_nulls(each)
