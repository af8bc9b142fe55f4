"""From files to searchable chunks: parse, chunk, embed, store."""

from ingest.assembling import MAX_PART_BYTES, Assembly
from ingest.attaching import Attaching, Wanted
from ingest.attributes import change_attributes
from ingest.control import NothingToCancelError, NothingToRetryError, cancel, cancel_all, retry, retry_failed
from ingest.errors import (
    ChangeUnderWayError,
    DuplicateError,
    IngestError,
    NoChangeError,
    SameModelError,
    StillRemovingError,
    StoreExpiredError,
    StoreGoneError,
    UnknownFileError,
    UploadRefusedError,
    WorkerDiedError,
)
from ingest.file_removal import remove_file
from ingest.founding import BM25, new_store
from ingest.keeping import keep_file
from ingest.model_change import ModelChanges, Progress, State
from ingest.removal import remove_document, remove_store
from ingest.submission import Intake, Submission, Upload
from ingest.worker import Worker, open_worker

__all__ = [
    "BM25",
    "MAX_PART_BYTES",
    "Assembly",
    "Attaching",
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
    "StoreExpiredError",
    "StoreGoneError",
    "Submission",
    "UnknownFileError",
    "Upload",
    "UploadRefusedError",
    "Wanted",
    "Worker",
    "WorkerDiedError",
    "cancel",
    "cancel_all",
    "change_attributes",
    "keep_file",
    "new_store",
    "open_worker",
    "remove_document",
    "remove_file",
    "remove_store",
    "retry",
    "retry_failed",
]
