"""Looks at every answer that a client gets and remembers what is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.openai_sdk.description import Description, reference

_BINARY = "/files/{file_id}/content"


class Asked(Protocol):
    """A request, of whichever HTTP library."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> Any: ...


class Answered(Protocol):
    """An answer that has been read."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Any: ...

    @property
    def request(self) -> Any: ...

    @property
    def text(self) -> str: ...


@dataclass
class Witness:
    """What was asked, and which answers are not as OpenAI describes them."""

    description: Description | None
    """None sees nothing wrong with anything."""
    problems: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    """Method and path (as described) of what was answered well."""

    def see(self, answer: Answered) -> None:
        """Judge an answer."""
        if self.description is None:
            return
        request: Asked = answer.request
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/v1")
        found = list(self._problems(self.description, request.method, path, answer))
        self.problems += [f"{request.method} {path}: {each}" for each in found]

    def _problems(self, description: Description, method: str, path: str, answer: Answered) -> Iterator[str]:
        operation = description.operation(method, path)
        if operation is None:
            yield "no such operation is described"
        elif answer.status_code >= 400:
            yield from description.problems("ErrorResponse", reference("ErrorResponse"), json.loads(answer.text))
        else:
            self.seen.add((method, operation.path))
            if answer.headers["content-type"].startswith("text/event-stream"):
                yield from _event_problems(description, path, answer.text)
            elif operation.schema is not None and operation.path != _BINARY:
                name = f"{method} {operation.path}"
                yield from description.problems(name, operation.schema, json.loads(answer.text))


def _event_problems(description: Description, path: str, text: str) -> Iterator[str]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    events = [json.loads(line) for line in lines if line != "[DONE]"]
    if path != "/responses":
        chunk = "CreateChatCompletionStreamResponse"
        for event in events:
            yield from description.problems(chunk, reference(chunk), event)
        return
    if [event["sequence_number"] for event in events] != list(range(len(events))):
        yield "the sequence numbers are not 0, 1, 2, …"
    for event in events:
        yield from description.event_problems(event)
