"""Files in stores as OpenAI's clients name them, and as they are told of them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.attributes import Attributes
from api.openai.chunking import ChunkingBody, ChunkingForm, chunking_body, chunking_from
from api.openai.progress import LastError, Progress, last_error, progress_of
from ingest import Wanted
from records.documents import Document
from records.store_files import chunking_of
from records.stores import Store


class StoreFileForm(BaseModel):
    """A file that is to be in a store."""

    file_id: str
    attributes: Attributes | None = None
    chunking_strategy: ChunkingForm | None = None

    @property
    def wanted(self) -> Wanted:
        """What is to be done."""
        return Wanted(self.file_id, self.attributes, chunking_from(self.chunking_strategy))


class AttributesForm(BaseModel):
    """What takes the place of a file's attributes."""

    attributes: Attributes | None
    """Null takes them away."""


class StoreFileBody(BaseModel):
    """A file in a store."""

    id: str
    object: Literal["vector_store.file"] = "vector_store.file"
    created_at: int
    vector_store_id: str
    status: Progress
    last_error: LastError | None
    usage_bytes: int = Field(description="Of the file, once it can be found.")
    attributes: dict[str, Any]
    chunking_strategy: ChunkingBody


class StoreFileList(BaseModel):
    """One page of files in a store."""

    object: Literal["list"] = "list"
    data: list[StoreFileBody]
    first_id: str
    """Empty where there is none, as is `last_id`."""
    last_id: str
    has_more: bool


def store_file_body(store: Store, document: Document) -> StoreFileBody:
    """A file in a store as it is sent."""
    return StoreFileBody(
        id=document.file_id,
        created_at=document.created_at,
        vector_store_id=store.id,
        status=progress_of(document.status),
        last_error=last_error(document.error),
        usage_bytes=document.bytes if document.version else 0,
        attributes=dict(document.attributes),
        chunking_strategy=chunking_body(chunking_of(store, document)),
    )
