"""Proof that quotes stand in their documents: against the text that was kept, not against the index's copy of it."""

from collections.abc import Awaitable, Callable, Sequence

from records.ids import DocumentId
from search.citation import Citation

Texts = Callable[[DocumentId, int], Awaitable[str | None]]
"""The extracted text of a version of a document; None where it is gone. `records.Blobs.text` is one."""


async def proven(citations: Sequence[Citation], texts: Texts) -> Sequence[bool]:
    """Of each citation, whether the document's kept text from `start` to `end` is the quote.

    Raises:
        RecordsError: the texts cannot be read.
    """
    versions = dict.fromkeys((one.hit.chunk.document_id, one.hit.chunk.version) for one in citations)
    kept = {version: await texts(DocumentId(version[0]), version[1]) for version in versions}
    return [_stands(one, kept[one.hit.chunk.document_id, one.hit.chunk.version]) for one in citations]


def _stands(citation: Citation, text: str | None) -> bool:
    return text is not None and citation.quote != "" and text[citation.start : citation.end] == citation.quote
