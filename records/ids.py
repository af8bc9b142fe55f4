"""Identifiers, each of a type of its own."""

import secrets
import time
from typing import NewType

StoreId = NewType("StoreId", str)
FileId = NewType("FileId", str)
UploadId = NewType("UploadId", str)
PartId = NewType("PartId", str)
DocumentId = NewType("DocumentId", str)
BatchId = NewType("BatchId", str)
ResponseId = NewType("ResponseId", str)
JobId = NewType("JobId", str)
KeyId = NewType("KeyId", str)
CallId = NewType("CallId", str)


def new_store_id() -> StoreId:
    """A store's id in OpenAI's form; those made later sort behind, as files do."""
    return StoreId(f"vs_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}")


def new_file_id() -> FileId:
    """A file's id in OpenAI's form; those made later sort behind, so that lists keep their order within a second."""
    return FileId(f"file-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}")


def new_upload_id() -> UploadId:
    """An upload's id in OpenAI's form."""
    return UploadId("upload_" + secrets.token_hex(12))


def new_part_id() -> PartId:
    """The id of a part of an upload in OpenAI's form."""
    return PartId("part_" + secrets.token_hex(12))


def new_document_id() -> DocumentId:
    """A document's id; those made later sort behind, so that the queue keeps its order within a second."""
    return DocumentId(f"doc_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}")


def new_batch_id() -> BatchId:
    """The id of a batch of files in OpenAI's form."""
    return BatchId("vsfb_" + secrets.token_hex(12))


def new_response_id() -> ResponseId:
    """The id of an answer in OpenAI's form."""
    return ResponseId("resp_" + secrets.token_hex(12))


def new_job_id() -> JobId:
    """A job's id."""
    return JobId("job_" + secrets.token_hex(12))


def new_key_id() -> KeyId:
    """The id of an API key, which is no secret."""
    return KeyId("key_" + secrets.token_hex(12))


def new_call_id() -> CallId:
    """The id of a row of the ledger; those made later sort behind."""
    return CallId(f"call_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}")
