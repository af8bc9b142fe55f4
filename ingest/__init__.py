"""From files to searchable chunks: parse, chunk, embed, store."""

from ingest.attributes import change_attributes
from ingest.control import NothingToCancelError, NothingToRetryError, cancel, retry, retry_failed
from ingest.errors import (
    ChangeUnderWayError,
    DuplicateError,
    IngestError,
    NoChangeError,
    SameModelError,
    StillRemovingError,
    StoreGoneError,
    WorkerDiedError,
)
from ingest.founding import BM25, new_store
from ingest.model_change import ModelChanges, Progress, State
from ingest.removal import remove_document, remove_store
from ingest.submission import Intake, Submission, Upload
from ingest.worker import Worker, open_worker

__all__ = [
    "BM25",
    "ChangeUnderWayError",
    "DuplicateError",
    "IngestError",
    "Intake",
    "ModelChanges",
    "NoChangeError",
    "NothingToCancelError",
    "NothingToRetryError",
    "Progress",
    "SameModelError",
    "State",
    "StillRemovingError",
    "StoreGoneError",
    "Submission",
    "Upload",
    "Worker",
    "WorkerDiedError",
    "cancel",
    "change_attributes",
    "new_store",
    "open_worker",
    "remove_document",
    "remove_store",
    "retry",
    "retry_failed",
]
