"""What is asked with `POST /v1/responses`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.attributes import FilterForm
from api.openai.cleaning import cleaned, text_or


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")


class RankingOptions(_Form):
    """Which hits count."""

    ranker: str | None = None
    """`none` leaves the order as it is where `search.rerank` names a reranker; all else leaves that to the options."""
    score_threshold: Annotated[float, Field(ge=0, le=1)] = 0.0


class FileSearchTool(_Form):
    """Stores to look in."""

    type: Literal["file_search"]
    vector_store_ids: Annotated[list[str], Field(min_length=1, max_length=32)]
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    filters: FilterForm | None = None
    ranking_options: RankingOptions | None = None


class FormatForm(_Form):
    """What the answer is to look like."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> "FormatForm":
        if self.type == "json_schema" and (self.name is None or self.schema_ is None):
            raise PydanticCustomError("missing", "A format of the type json_schema needs name and schema")
        return self


class TextForm(_Form):
    """Options of the answer's text."""

    format: FormatForm = FormatForm()
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningForm(_Form):
    """How much the model is to think."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None


def _only_file_search(tools: Any) -> Any:
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and tool.get("type") != "file_search":
            reason = "Beside file_search in a store of this service no other tools can be used; ask again without them"
            raise PydanticCustomError("unsupported_tool", reason)
    return tools


def _as_items(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


def _none_of_these(value: Any) -> Any:
    if value:
        reason = "It is not supported with stores of this service; leave it out"
        raise PydanticCustomError("unsupported_parameter", reason)
    return value


class ResponseForm(_Form):
    """A question to the stores; fields that mean nothing here are ignored."""

    input: Annotated[list[dict[str, Any]], Field(min_length=1), BeforeValidator(_as_items, str | list[dict[str, Any]])]
    """A question alone, or the messages that lead to it."""
    model: str | None = None
    instructions: str | None = None
    tools: list[FileSearchTool] | None = None
    tool_choice: Annotated[str | dict[str, Any] | None, BeforeValidator(text_or(dict, "an object"))] = None
    include: list[str] | None = None
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    metadata: (
        Annotated[
            dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
        ]
        | None
    ) = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=16, le=10_000_000)] | None = None
    text: TextForm | None = None
    reasoning: ReasoningForm | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None
    background: bool | None = None
    conversation: Any = None
    prompt: Any = None

    @model_validator(mode="before")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        return cleaned(value)

    @field_validator("tools", mode="before")
    @classmethod
    def _known_tools(cls, value: Any) -> Any:
        return _only_file_search(value)

    @field_validator("background", "conversation", "prompt", mode="before")
    @classmethod
    def _not_here(cls, value: Any) -> Any:
        return _none_of_these(value)

    @property
    def searches(self) -> Sequence[FileSearchTool]:
        """The stores to look in, unless no tool is to be used."""
        return [] if self.tool_choice == "none" else self.tools or []

    @property
    def format(self) -> FormatForm:
        """What the answer is to look like."""
        return self.text.format if self.text is not None else FormatForm()

    @property
    def options(self) -> Mapping[str, Any]:
        """Fields of `/chat/completions` that say the same."""
        fields = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "response_format": _response_format(self.format),
            "reasoning_effort": self.reasoning.effort if self.reasoning else None,
            "verbosity": self.text.verbosity if self.text else None,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _response_format(asked: FormatForm) -> Mapping[str, Any] | None:
    if asked.type == "text":
        return None
    if asked.type == "json_object":
        return {"type": "json_object"}
    named = {"name": asked.name, "schema": asked.schema_, "strict": asked.strict, "description": asked.description}
    return {"type": "json_schema", "json_schema": {name: one for name, one in named.items() if one is not None}}
