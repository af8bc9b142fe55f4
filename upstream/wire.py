"""The parts of the upstream's JSON that we read; unknown fields are ignored.

Follows https://platform.openai.com/docs/api-reference (embeddings and chat completions); for `/rerank`, which OpenAI
does not have, https://docs.cohere.com/reference/rerank and https://api.jina.ai/redoc.
"""

from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from upstream.errors import UpstreamInvalidResponseError


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Embedding(_Read):
    """One vector: little-endian 32-bit floats in base64, or a list of numbers."""

    model_config = ConfigDict(val_json_bytes="base64")

    index: int
    embedding: bytes | list[float]


class EmbeddingsAnswer(_Read):
    """The answer of `/embeddings`."""

    data: list[Embedding]


class Ranked(_Read):
    """How relevant a passage is; the higher, the more."""

    index: int
    relevance_score: float


class RerankAnswer(_Read):
    """The answer of `/rerank`."""

    results: list[Ranked] = Field(validation_alias=AliasChoices("results", "data"))
    """Called `data` by Voyage."""
    usage: Any = None
    meta: Any = None
    """Where Cohere says what was used."""


class Delta(_Read):
    """What a chunk adds to the answer."""

    content: str | None = None


class ChunkChoice(_Read):
    """One of the answers that are streamed side by side; there is only one."""

    delta: Delta | None = None
    finish_reason: str | None = None


class ChatChunk(_Read):
    """One event of a streamed `/chat/completions`; chunks that only report usage have no choices."""

    choices: list[ChunkChoice] = []
    error: Any = None
    """Some servers report a failure beside the choices, most instead of them."""
    usage: Any = None


_Model = TypeVar("_Model", bound=_Read)


def parse(
    model: type[_Model], body: bytes | str, failure: type[UpstreamInvalidResponseError] = UpstreamInvalidResponseError
) -> _Model:
    """The body as `model`. Raises `failure`, whose message shows none of the body."""
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "its JSON"
        raise failure(
            f"The upstream's answer is not what the OpenAI API describes ({place}: {first['type']})."
        ) from exc
