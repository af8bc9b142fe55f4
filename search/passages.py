"""Which hits become the numbered passages of an answer."""

from collections import Counter
from collections.abc import Sequence

from search.neighbours import join_neighbours
from search.proving import Texts
from upstream import count_tokens
from vectorstore import Hit


async def passages_of(
    hits: Sequence[Hit], *, limit: int, max_tokens: int, per_document: int | None, texts: Texts
) -> Sequence[Hit]:
    """The best hits that say something new and fit, best first; neighbours among them are one passage.

    Raises:
        StorageError: the text of a document cannot be read.
    """
    chosen = choose(hits, limit=limit, max_tokens=max_tokens, per_document=per_document)
    return await join_neighbours(chosen, texts)


def choose(hits: Sequence[Hit], *, limit: int, max_tokens: int, per_document: int | None = None) -> Sequence[Hit]:
    """The best hits that say something new and fit, in their order.

    Neighbouring chunks overlap by design; one whose text is mostly in a better one already is left out. A document has
    no more than `per_document` of them unless the others have not enough to say.
    """
    chosen: dict[int, Hit] = {}
    tokens = 0
    for place, hit in _turns(hits, per_document):
        if len(chosen) == limit:
            break
        if any(_mostly_inside(hit, better) for better in chosen.values()):
            continue
        tokens += count_tokens(hit.chunk.text)
        if tokens > max_tokens and chosen:
            break
        chosen[place] = hit
    return [chosen[place] for place in sorted(chosen)]


def _turns(hits: Sequence[Hit], per_document: int | None) -> Sequence[tuple[int, Hit]]:
    """The hits and their ranks, those of which their document has had enough behind all others."""
    seen: Counter[str] = Counter()
    first: list[tuple[int, Hit]] = []
    later: list[tuple[int, Hit]] = []
    for place, hit in enumerate(hits):
        seen[hit.chunk.document_id] += 1
        enough = per_document is not None and seen[hit.chunk.document_id] > per_document
        (later if enough else first).append((place, hit))
    return first + later


def _mostly_inside(hit: Hit, other: Hit) -> bool:
    here, there = hit.chunk, other.chunk
    if here.document_id != there.document_id:
        return False
    shared = min(here.end, there.end) - max(here.start, there.start)
    return shared * 2 > here.end - here.start
