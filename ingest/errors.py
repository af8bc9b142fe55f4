"""What can go wrong on the way from a file to searchable chunks."""

from collections.abc import Mapping
from typing import Any

from vectorstore import Collection

_ROUND_SECONDS = 30.0
"""What is due is done within about as long."""


class IngestError(Exception):
    """The document could not be made searchable."""

    code = "internal_error"
    """Stands in the document's error; short and stable."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class WorkerDiedError(IngestError):
    """The ingest worker has died; the log says why. Start the service again: work goes on where it was."""


class StoreGoneError(IngestError):
    """The store was deleted meanwhile."""

    code = "store_not_found"


class StoreExpiredError(IngestError):
    """The store has expired, since nobody used it for as long as its `expires_after` says: make another one."""

    code = "vector_store_expired"


class UnknownFileError(IngestError):
    """There is no such file."""

    code = "file_not_found"

    def __init__(self, file_id: str) -> None:
        super().__init__(
            f"There is no file {file_id!r}. POST /v1/files makes one, GET /v1/files lists those there are."
        )
        self.file_id = file_id


class IncompleteError(IngestError):
    """The vector store does not hold every chunk that was written to it; retry the document."""

    code = "incomplete"


class DuplicateError(IngestError):
    """Another document of the store has the same content: delete one of them, or replace this one with another file."""

    code = "duplicate"


class StoreChangedError(IngestError):
    """The store has changed to another embedding model meanwhile; the document is embedded with that one."""

    code = "store_changed"

    def __init__(self, collection: Collection | None = None) -> None:
        super().__init__()
        self.collection = collection
        """Where chunks were written that are of no use any more."""


class AttributesChangedError(IngestError):
    """The attributes were changed while the chunks were written with the earlier ones."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        super().__init__()
        self.attributes = attributes


class SameModelError(IngestError):
    """The store has this embedding model already."""

    code = "same_model"


class ChangeUnderWayError(IngestError):
    """The store is changing to another embedding model: wait for the end of it, or give it up."""

    code = "change_under_way"

    def __init__(self, model: str) -> None:
        super().__init__(f"The store is changing to {model!r}: wait for the end of it, or give it up.")
        self.model = model


class NoChangeError(IngestError):
    """The store is not changing to another embedding model, so there is nothing to give up."""

    code = "no_change"


class StillRemovingError(IngestError):
    """What the store had with this embedding model before is still being removed; try again in a moment."""

    code = "still_removing"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "What the store had with this embedding model before is still being removed; try again in"
            f" {seconds + _ROUND_SECONDS:.0f} seconds."
        )
        self.seconds = seconds


class UploadRefusedError(IngestError):
    """A file that comes in parts is not what was announced."""

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        """What in the request is wrong."""


class UploadEndedError(UploadRefusedError):
    """Nothing can be done with the upload any more."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The upload is {status}; make another one.", code=f"upload_{status}", param="upload_id")
