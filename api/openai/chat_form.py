"""What is asked with `POST /v1/chat/completions` of a store model."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.openai.cleaning import cleaned, text_or

_Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
_SENT_ON = (
    "temperature",
    "top_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "reasoning_effort",
    "verbosity",
)


class StreamOptions(BaseModel):
    """Options of a streamed answer."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """What the answer is to look like."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class ChatForm(BaseModel):
    """A conversation with a store; fields that mean nothing here are ignored."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=2_048)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop: Annotated[str | list[str] | None, BeforeValidator(text_or(list, "a list of texts"))] = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _can_be_sent_on(cls, value: Any) -> Any:
        return cleaned(value)

    @field_validator("n")
    @classmethod
    def _one_answer(cls, n: int | None) -> int | None:
        if n not in {None, 1}:
            raise PydanticCustomError("unsupported_value", "A store gives one answer at a time; leave n out")
        return n

    @field_validator("tools", "functions", "logprobs")
    @classmethod
    def _not_here(cls, value: Any) -> Any:
        if value:
            raise PydanticCustomError("unsupported_parameter", "It is not supported by store models; leave it out")
        return value

    @property
    def limit_tokens(self) -> int | None:
        """Longest answer, in the model's tokens."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def is_data(self) -> bool:
        """Whether the answer is to be JSON."""
        return self.response_format is not None and self.response_format.type != "text"

    @property
    def options(self) -> Mapping[str, Any]:
        """Fields that the chat model is told as they are."""
        fields = {name: getattr(self, name) for name in _SENT_ON}
        if self.is_data and self.response_format is not None:
            fields["response_format"] = self.response_format.model_dump(exclude_none=True)
        return {name: value for name, value in fields.items() if value is not None}
