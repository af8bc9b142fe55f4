"""Where the words of an answer stand, in OpenAI's shapes and with more than those hold."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from records import Database, documents
from search import Citation
from vectorstore import Hit

FileIds = Mapping[str, str]
"""The file of each document."""


async def file_ids_of(database: Database, hits: Iterable[Hit]) -> FileIds:
    """The files of the documents that the hits are from; those that are gone by now stand for themselves."""
    ids = list({hit.chunk.document_id for hit in hits})
    found = await database.read(lambda c: documents.file_ids(c, ids)) if ids else {}
    return {one: found.get(one, one) for one in ids}


def file_citation(citation: Citation, files: FileIds) -> dict[str, Any]:
    """The annotation of an answer of `/v1/responses`.

    `index` is the place of its marker, in characters; where `marked` is false there is none, and the claim ends there.
    """
    return {
        "type": "file_citation",
        "file_id": files[citation.hit.chunk.document_id],
        "filename": citation.hit.chunk.filename,
        "index": citation.index,
        **_place(citation),
    }


def url_citation(citation: Citation, files: FileIds, address: str) -> dict[str, Any]:
    """The annotation of an answer of `/v1/chat/completions`, which knows addresses alone.

    It spans the marker; where `marked` is false there is none, and it is an empty span at the end of the claim.
    """
    marker = f"[{citation.number}]" if citation.marked else ""
    chunk = citation.hit.chunk
    page = f"#page={citation.page}" if citation.page is not None else ""
    cited = {
        "start_index": citation.index,
        "end_index": citation.index + len(marker),
        "url": f"{address}/documents/{quote(chunk.document_id)}/content{page}",
        "title": chunk.filename,
        "file_id": files[chunk.document_id],
    }
    return {"type": "url_citation", "url_citation": cited | _place(citation)}


def result(hit: Hit, files: FileIds) -> dict[str, Any]:
    """A hit among the results of a file search."""
    chunk = hit.chunk
    return {
        "file_id": files[chunk.document_id],
        "filename": chunk.filename,
        "score": hit.score,
        "text": chunk.text,
        "attributes": dict(chunk.attributes),
        "quote": chunk.text,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "headings": list(chunk.headings),
    }


def _place(citation: Citation) -> dict[str, Any]:
    chunk = citation.hit.chunk
    return {
        "marked": citation.marked,
        "quote": citation.quote,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "headings": list(chunk.headings),
    }
