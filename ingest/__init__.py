"""From files to searchable chunks: parse, chunk, embed, store."""

from ingest.errors import StoreGoneError
from ingest.founding import new_store
from ingest.removal import remove_document, remove_store
from ingest.submission import Submission, Upload, submit
from ingest.worker import Worker, open_worker

__all__ = [
    "StoreGoneError",
    "Submission",
    "Upload",
    "Worker",
    "new_store",
    "open_worker",
    "remove_document",
    "remove_store",
    "submit",
]
