"""Identifiers, each of a type of its own."""

import secrets
from typing import NewType

StoreId = NewType("StoreId", str)
FileId = NewType("FileId", str)
DocumentId = NewType("DocumentId", str)


def new_store_id() -> StoreId:
    """A store's id in OpenAI's form."""
    return StoreId("vs_" + secrets.token_hex(12))


def new_file_id() -> FileId:
    """A file's id in OpenAI's form."""
    return FileId("file-" + secrets.token_hex(12))


def new_document_id() -> DocumentId:
    """A document's id."""
    return DocumentId("doc_" + secrets.token_hex(12))
