"""The tools: what each takes, gives and is told to be for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel

from api.mcp.asking import AskArguments, Written, ask
from api.mcp.fetching import FetchArguments, Fetched, fetch
from api.mcp.finding import Found, SearchArguments, search
from api.mcp.wanting import Wanting


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    run: Callable[[Wanting, Any], Awaitable[BaseModel]]


TOOLS: Mapping[str, _Kind] = {
    "search": _Kind(
        "Search documents",
        "Find the passages of the documents that match a question or words, best first, each with its exact text.",
        SearchArguments,
        Found,
        search,
    ),
    "fetch": _Kind(
        "Fetch a document",
        "Get the text of a document, by the id of a result of `search` or of a document.",
        FetchArguments,
        Fetched,
        fetch,
    ),
    "ask": _Kind(
        "Ask the documents",
        "Get an answer to a question, written from the documents alone, with the exact quotes it stands on.",
        AskArguments,
        Written,
        ask,
    ),
}


def described() -> list[Tool]:
    """The tools as clients are told of them."""
    return [
        Tool(
            name=name,
            title=kind.title,
            description=kind.description,
            input_schema=kind.takes.model_json_schema(),
            output_schema=kind.gives.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        )
        for name, kind in TOOLS.items()
    ]
