"""What words cannot tell of claims: compared by meaning, with the model that embeds the store's documents."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.claims import Statement
from search.grounding import Judgement, Support
from search.supporting import Span
from upstream import Embedder, UpstreamError

_SENTENCES = 24
"""Sentences of passages that are embedded for an answer at most: the local model takes some 50 ms for each."""
_PATIENCE_SECONDS = 15.0
"""The text is written by then, and somebody waits for its footnotes."""
_log = logging.getLogger(__name__)

_Meanings = Mapping[str, NDArray[np.float32]]
"""The vector of each text, of length 1."""


@dataclass(frozen=True, slots=True)
class Floors:
    """Cosines of a claim and a sentence from which one says what the other does, once numbers and names agree."""

    alike: float
    """In one script; `docs/decisions/0016-grounding.md` tells what they let through and what they keep out."""
    across: float
    """In scripts that share no words."""
    unrelated: float
    """In scripts that share no words: below it, it says something else, even where numbers agree."""


FLOORS: Mapping[str, Floors] = {"multilingual-e5-small": Floors(alike=0.92, across=0.865, unrelated=0.84)}
"""By embedding model; meaning tells nothing where nobody has measured it."""


async def reconsidered(judged: Sequence[tuple[Statement, Judgement]], embedder: Embedder | None) -> Sequence[Judgement]:
    """The judgements, those that words leave open by meaning, as far as that can be told.

    Where the embedder fails or takes too long, what words told holds.
    """
    floors = FLOORS.get(embedder.model) if embedder is not None else None
    supports = sum(len(judgement.supports) for _, judgement in judged if judgement.is_open)
    if embedder is None or floors is None or not supports:
        return [judgement for _, judgement in judged]
    each = max(1, _SENTENCES // supports)
    undecided = {
        place: _Undecided(one.words, judgement, [_nearest(support, each) for support in judgement.supports])
        for place, (one, judgement) in enumerate(judged)
        if judgement.is_open
    }
    meanings = await _meanings([text for one in undecided.values() for text in one.texts()], embedder)
    if meanings is None:
        return [judgement for _, judgement in judged]
    return [
        undecided[place].decided(meanings, floors) if place in undecided else judgement
        for place, (_, judgement) in enumerate(judged)
    ]


@dataclass(frozen=True, slots=True)
class _Undecided:
    """A claim of which words alone do not tell whether it is borne out."""

    words: str
    judgement: Judgement
    spans: Sequence[Sequence[Span]]
    """The sentences that it is compared with, of each support."""

    def texts(self) -> Iterator[str]:
        """Whatever is to be embedded."""
        yield self.words
        for support, spans in zip(self.judgement.supports, self.spans, strict=True):
            yield from (support.source.text_of(span) for span in spans)

    def decided(self, meanings: _Meanings, floors: Floors) -> Judgement:
        """The judgement by meaning; across languages, words chose the quotes badly, and meaning does it anew."""
        across = not any(support.source.shares_script(self.words) for support in self.judgement.supports)
        pairs = zip(self.judgement.supports, self.spans, strict=True)
        found = [self._closest(support, spans, meanings) for support, spans in pairs]
        best = max(cosine for cosine, _ in found)
        said = best >= (floors.across if across else floors.alike)
        supports = [support for _, support in found] if across or said else self.judgement.supports
        if across and best < floors.unrelated:
            return Judgement(supports, "other_language")
        return Judgement(supports, None if said else self.judgement.reason)

    def _closest(self, support: Support, spans: Sequence[Span], meanings: _Meanings) -> tuple[float, Support]:
        claim = meanings[self.words]
        cosines = [float(meanings[support.source.text_of(span)] @ claim) for span in spans]
        best = int(np.argmax(cosines))
        return cosines[best], replace(support, span=spans[best])


def _nearest(support: Support, count: int) -> Sequence[Span]:
    """The sentences of a passage around the one that words chose."""
    spans = support.source.spans or [support.span]
    return sorted(spans, key=lambda span: abs(span.start - support.span.start))[:count]


async def _meanings(texts: Sequence[str], embedder: Embedder) -> _Meanings | None:
    once = list(dict.fromkeys(texts))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            vectors = await embedder.embed_documents(once, urgent=True)
    except (UpstreamError, TimeoutError) as error:
        _log.warning("claims could not be compared by meaning: %s", type(error).__name__)
        return None
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return dict(zip(once, vectors / lengths, strict=True))
