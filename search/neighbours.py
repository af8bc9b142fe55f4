"""Neighbouring chunks joined into one passage, so that a quote may go on from one into the next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from records.ids import DocumentId
from search.proving import Texts
from vectorstore import Chunk, Hit


async def join_neighbours(hits: Sequence[Hit], texts: Texts) -> Sequence[Hit]:
    """The hits, where chunks of a document that overlap or follow each other, under the same headings, are one.

    It stands where the best of them stood, with the score of that one, and its text is that of the document from
    `start` to `end`: what overlaps comes once, and the white space between chunks, which is in none of them, is taken
    from the document's text. Where that is not as it was, chunks stay apart.

    Raises:
        StorageError: the text of a document cannot be read.
    """
    kept = _once(texts)
    joined: list[_Joined] = []
    for rank, hit in sorted(enumerate(hits), key=lambda one: _place(one[1].chunk)):
        chunk = await _both(joined[-1].chunk, hit.chunk, kept) if joined else None
        if chunk is not None:
            joined[-1].take(chunk, rank, hit)
        else:
            joined.append(_Joined(hit.chunk, rank, hit))
    return [one.passage() for one in sorted(joined, key=lambda one: one.rank)]


@dataclass(slots=True)
class _Joined:
    """Neighbours found so far; `chunk` has the number of the last of them."""

    chunk: Chunk
    rank: int
    best: Hit

    def take(self, chunk: Chunk, rank: int, hit: Hit) -> None:
        """One more hit makes it that chunk."""
        self.chunk = chunk
        if rank < self.rank:
            self.rank, self.best = rank, hit

    def passage(self) -> Hit:
        """All of them, under the name of the best."""
        return Hit(replace(self.chunk, index=self.best.chunk.index), self.best.score)


def _once(texts: Texts) -> Texts:
    """Reads each text once."""
    found: dict[tuple[DocumentId, int], str | None] = {}

    async def read(document_id: DocumentId, version: int) -> str | None:
        if (document_id, version) not in found:
            found[document_id, version] = await texts(document_id, version)
        return found[document_id, version]

    return read


def _place(chunk: Chunk) -> tuple[str, str, int, int]:
    return chunk.store_id, chunk.document_id, chunk.start, chunk.end


async def _both(first: Chunk, second: Chunk, texts: Texts) -> Chunk | None:
    """The two as one, with the number of the second; None where they do not belong together."""
    if _document(first) != _document(second) or first.headings != second.headings:
        return None
    between = await _between(first, second, texts)
    if between is None:
        return None
    text = first.text + between + second.text[max(first.end - second.start, 0) :]
    return replace(
        first, index=second.index, text=text, end=max(first.end, second.end), page_starts=_page_starts(first, second)
    )


def _document(chunk: Chunk) -> tuple[str, str, int]:
    return chunk.store_id, chunk.document_id, chunk.version


async def _between(first: Chunk, second: Chunk, texts: Texts) -> str | None:
    """What stands between them in the document, empty where they overlap; None where they are no neighbours."""
    shared = first.end - second.start
    if shared >= 0:
        return "" if first.text[len(first.text) - shared :].startswith(second.text[:shared]) else None
    if second.index != first.index + 1:
        return None
    text = await texts(DocumentId(first.document_id), first.version)
    if text is None or not text.startswith(second.text, second.start) or not text.endswith(first.text, 0, first.end):
        return None
    return text[first.end : second.start]


def _page_starts(first: Chunk, second: Chunk) -> tuple[int, ...]:
    """Where pages start within both, those between them included."""
    if first.page is None or second.page is None:
        return ()
    known = first.page_starts
    missing = second.page - (first.page_at(second.start) or second.page)
    later = (start for start in second.page_starts if start >= first.end)
    return tuple(sorted((*known, *[second.start] * missing, *later)))
