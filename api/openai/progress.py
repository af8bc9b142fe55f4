"""How far files in stores have come, in OpenAI's words."""

import time
from collections.abc import Mapping
from typing import Literal

from fastapi import Response
from pydantic import BaseModel

from records.documents import Failure, Status

Progress = Literal["in_progress", "completed", "cancelled", "failed"]
STATUSES: Mapping[Progress, tuple[Status, ...]] = {
    "in_progress": (Status.QUEUED, Status.IN_PROGRESS),
    "completed": (Status.COMPLETED,),
    "cancelled": (Status.CANCELLED,),
    "failed": (Status.FAILED,),
}
_SERVER_ERRORS = {
    "embedding_failed",
    "embedding_model_unavailable",
    "incomplete",
    "internal_error",
    "parser_unavailable",
    "storage_failed",
    "store_changed",
    "store_not_found",
}
_LEAST_WAIT_MS, _MOST_WAIT_MS = 250, 5000
_WAIT_SHARE = 10
_WAIT_MS_PER_FILE = 10


class FileCounts(BaseModel):
    """How many files there are by how far they have come."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


class LastError(BaseModel):
    """Why a file cannot be found."""

    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str
    reason: str
    """What it is exactly, as in the native API."""


def progress_of(status: Status) -> Progress:
    """The status as it is sent: who waits is in progress."""
    return next(name for name, statuses in STATUSES.items() if status in statuses)


def file_counts(counts: Mapping[Status, int]) -> FileCounts:
    """The counts as they are sent."""
    by_progress = {name: sum(counts.get(status, 0) for status in some) for name, some in STATUSES.items()}
    return FileCounts(**by_progress, total=sum(by_progress.values()))


def last_error(failure: Failure | None) -> LastError | None:
    """The error as it is sent: the file's fault, unless it is known to be ours."""
    if failure is None:
        return None
    code: Literal["server_error", "unsupported_file", "invalid_file"] = "invalid_file"
    if failure.code == "unsupported_type":
        code = "unsupported_file"
    elif failure.code in _SERVER_ERRORS:
        code = "server_error"
    return LastError(code=code, message=failure.message, reason=failure.code)


def say_when_to_ask_again(response: Response, since: int, left: int) -> None:
    """Tell clients that wait when to look again: later, the longer it takes and the more files are left."""
    if left:
        elapsed_ms = (time.time() - since) * 1000
        wait_ms = max(elapsed_ms / _WAIT_SHARE, left * _WAIT_MS_PER_FILE, _LEAST_WAIT_MS)
        response.headers["openai-poll-after-ms"] = str(int(min(wait_ms, _MOST_WAIT_MS)))
