"""Responses as they are sent."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.openai.responses.asked import Asked
from upstream.metering import Use

RESULTS = "file_search_call.results"
"""What `include` names when the hits are wanted too."""

Status = Literal["in_progress", "completed", "incomplete", "failed"]


class UsageBody(BaseModel):
    """Tokens of the chat model."""

    input_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens: int
    output_tokens_details: dict[str, int]
    total_tokens: int


class ResponseBody(BaseModel):
    """An answer as one of OpenAI's responses.

    Annotations and results hold quote, page and offsets besides; the whole says `answered`, `grounded`, `confidence`,
    `cached`, and `sentences` as `POST /ask` does.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["response"]
    created_at: int
    status: Status
    model: str
    output: list[dict[str, Any]]
    """A `file_search_call`, where stores were searched, and a `message`."""
    error: dict[str, Any] | None
    incomplete_details: dict[str, Any] | None
    instructions: str | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: str | None
    temperature: float
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_p: float
    usage: UsageBody | None = None


def body_of(asked: Asked, status: Status, output: Sequence[Mapping[str, Any]], **facts: Any) -> dict[str, Any]:
    """The response at some point; `facts` are the fields that are known by then."""
    form = asked.form
    body = {
        "id": asked.id,
        "object": "response",
        "created_at": asked.created_at,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": form.instructions,
        "max_output_tokens": form.max_output_tokens,
        "metadata": form.metadata or {},
        "model": asked.model,
        "output": list(output),
        "parallel_tool_calls": True if form.parallel_tool_calls is None else form.parallel_tool_calls,
        "previous_response_id": form.previous_response_id,
        "temperature": form.temperature or 0.0,
        "text": {"format": form.format.model_dump(by_alias=True, exclude_none=True)},
        "tool_choice": form.tool_choice or "auto",
        "tools": [tool.model_dump(exclude_none=True) for tool in form.tools or []],
        "top_p": 1.0 if form.top_p is None else form.top_p,
        "truncation": form.truncation or "disabled",
    }
    return body | ({"user": form.user} if form.user is not None else {}) | facts


def usage_of(uses: Sequence[Use]) -> dict[str, Any]:
    """What the chat model's calls took, all together."""
    read, written = sum(use.input_tokens for use in uses), sum(use.output_tokens for use in uses)
    cached = sum(use.cached_tokens for use in uses)
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }


def presented(value: Mapping[str, Any], include: Collection[str]) -> dict[str, Any]:
    """A response, or an item of its output, with no more than was asked for."""
    if "output" in value:
        return {**value, "output": [presented(item, include) for item in value["output"]]}
    if value.get("type") == "file_search_call" and RESULTS not in include:
        return {**value, "results": None}
    return dict(value)
