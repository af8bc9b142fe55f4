"""Stores as OpenAI's clients describe them, and as they are told of them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from api.openai.chunking import ChunkingForm
from api.openai.progress import FileCounts, file_counts
from records.store_files import Usage
from records.stores import Store


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("text", "Texts must not contain the character NUL")
    return text


Label = Annotated[str, Field(max_length=512), AfterValidator(_storable)]
Description = Annotated[str, Field(max_length=4096), AfterValidator(_storable)]
_Key = Annotated[str, Field(max_length=64), AfterValidator(_storable)]
_Text = Annotated[str, Field(max_length=512), AfterValidator(_storable)]
Metadata = Annotated[dict[_Key, _Text], Field(max_length=16)]
"""At most 16 pairs; keys of at most 64 characters, texts of at most 512 (OpenAI's limits)."""


class ExpiresAfter(BaseModel):
    """When a store expires: so many days after it was last in use."""

    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class VectorStoreForm(BaseModel):
    """What a new store is to be."""

    name: Label | None = None
    """Others may have it too. Where it is free, it is the name in the native API and behind `store/` as well."""
    description: Description | None = None
    file_ids: Annotated[list[str], Field(max_length=500)] | None = None
    chunking_strategy: ChunkingForm | None = None
    """For `file_ids` alone."""
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None


class VectorStoreChange(BaseModel):
    """What is to be different about a store; what is left out stays."""

    name: Label | None = None
    """Null leaves it as it is."""
    expires_after: ExpiresAfter | None = None
    """Null: never."""
    metadata: Metadata | None = None
    """In place of the present one."""


class VectorStoreBody(BaseModel):
    """A store."""

    id: str
    object: Literal["vector_store"] = "vector_store"
    created_at: int
    name: str
    description: str | None
    usage_bytes: int = Field(description="Of the files that can be found.")
    file_counts: FileCounts
    status: Literal["expired", "in_progress", "completed"]
    expires_after: ExpiresAfter | None = Field(default=None, exclude_if=lambda value: value is None)
    expires_at: int | None
    last_active_at: int | None
    metadata: dict[str, str]


class VectorStoreList(BaseModel):
    """One page of stores."""

    object: Literal["list"] = "list"
    data: list[VectorStoreBody]
    first_id: str
    """Empty where there is none, as is `last_id`."""
    last_id: str
    has_more: bool


def vector_store_body(store: Store, usage: Usage) -> VectorStoreBody:
    """A store as it is sent."""
    counts = file_counts(usage.counts)
    status: Literal["in_progress", "completed"] = "in_progress" if counts.in_progress else "completed"
    return VectorStoreBody(
        **_as_recorded(store),
        name=store.label if store.label is not None else _name(store),
        usage_bytes=usage.bytes,
        file_counts=counts,
        status="expired" if store.is_expired else status,
        expires_after=_expires_after(store),
        metadata=dict(store.metadata),
    )


def _as_recorded(store: Store) -> dict[str, Any]:
    names = "id", "created_at", "description", "expires_at", "last_active_at"
    return {name: getattr(store, name) for name in names}


def _name(store: Store) -> str:
    return "" if store.name == store.id else store.name


def _expires_after(store: Store) -> ExpiresAfter | None:
    days = store.expires_after_days
    return None if days is None else ExpiresAfter(anchor="last_active_at", days=days)
