"""How files are cut, as requests ask for it and as answers tell it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from records.store_files import Chunking


class Sizes(BaseModel):
    """Of chunks, in tokens."""

    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)]
    chunk_overlap_tokens: Annotated[int, Field(ge=0)]
    """At most half of `max_chunk_size_tokens`."""

    @model_validator(mode="after")
    def _repeat_at_most_half(self) -> Self:
        if 2 * self.chunk_overlap_tokens > self.max_chunk_size_tokens:
            raise PydanticCustomError(
                "chunk_overlap_tokens", "chunk_overlap_tokens must be at most half of max_chunk_size_tokens"
            )
        return self


class AutoChunking(BaseModel):
    """As the store is cut."""

    type: Literal["auto"]


class StaticChunking(BaseModel):
    """In chunks of a given size."""

    type: Literal["static"]
    static: Sizes


ChunkingForm = Annotated[AutoChunking | StaticChunking, Field(discriminator="type")]


class SizesBody(BaseModel):
    """Of chunks, in tokens."""

    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class ChunkingBody(BaseModel):
    """How a file is cut."""

    type: Literal["static"] = "static"
    static: SizesBody


def chunking_from(form: AutoChunking | StaticChunking | None) -> Chunking | None:
    """What was asked for; None leaves it to the store."""
    if not isinstance(form, StaticChunking):
        return None
    return Chunking(form.static.max_chunk_size_tokens, form.static.chunk_overlap_tokens)


def chunking_body(chunking: Chunking) -> ChunkingBody:
    """Sizes of chunks as they are sent."""
    sizes = SizesBody(max_chunk_size_tokens=chunking.max_tokens, chunk_overlap_tokens=chunking.overlap_tokens)
    return ChunkingBody(static=sizes)
