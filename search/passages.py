"""Which hits become the numbered passages of an answer."""

from collections.abc import Sequence

from upstream import count_tokens
from vectorstore import Hit


def choose(hits: Sequence[Hit], *, limit: int, max_tokens: int) -> Sequence[Hit]:
    """The best hits that say something new and fit, best first.

    Neighbouring chunks overlap by design; one whose text is mostly in a better one already is left out.
    """
    chosen: list[Hit] = []
    tokens = 0
    for hit in hits:
        if len(chosen) == limit:
            break
        if any(_mostly_inside(hit, better) for better in chosen):
            continue
        tokens += count_tokens(hit.chunk.text)
        if tokens > max_tokens and chosen:
            break
        chosen.append(hit)
    return chosen


def _mostly_inside(hit: Hit, other: Hit) -> bool:
    here, there = hit.chunk, other.chunk
    if here.document_id != there.document_id:
        return False
    shared = min(here.end, there.end) - max(here.start, there.start)
    return shared * 2 > here.end - here.start
