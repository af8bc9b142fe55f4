"""How likely what was found answers a question, judged before anything is written.

Three things tell, of the passages nearest to the question: how near the best one is (cosine), how far it is ahead of
the others, and which share of the question's telling words one of them holds. They tell questions that the documents
are about from others, and hardly more: a passage on the same matter that lacks the answer is as near as one that has
it. Their weights are measured for an embedding model; `docs/decisions/0015-silence.md` says how, and
`python -m benchmarks.silence` does it again.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from records.stores import Store
from search.inquiry import Inquiry
from search.searcher import Request, Searcher
from search.similarity import Rarity
from search.terms import terms
from vectorstore import Hit
from vectorstore.scripts import comparable_scripts, scripts_of

NEAREST = 50
"""Passages that are looked at; those behind the first ten are what the best one is compared with."""
_AHEAD_OF = 10
FEWEST = 20
"""Passages without which nothing can be told of the others, nor of which words are rare."""
_READ = 8
"""Passages among which one is to hold the question's words: as many as an answer is written from."""
UNANSWERED_BELOW = 0.25
"""Confidence below which sentences of the passages are no answer. In none of three collections it cost more than one
answer in twenty; of questions about something else, in the same script, it declined three in four and more."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What the nearest passages tell."""

    closeness: float
    """Cosine of question and best passage, above what is usual for those that have nothing to do with each other."""
    lead: float
    """Cosine of question and best passage, above that of those behind the first ten."""
    coverage: float
    """Share of the question's words, weighted by rarity, that one passage holds."""
    alike: bool
    """Whether question and passages are in the same script, and so can share words."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model of the signs: confidence = 1 / (1 + exp(-(weights x signs + bias)))."""

    closeness: float
    lead: float
    coverage: float
    bias: float

    def confidence(self, signs: Signs) -> float:
        """From 0 to 1."""
        return _logistic(
            self.closeness * signs.closeness + self.lead * signs.lead + self.coverage * signs.coverage + self.bias
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured for an embedding model."""

    alike: Weights
    across: Weights
    """Where question and passages are in different scripts."""
    unrelated: Mapping[str, float]
    """Cosine of a question and a passage that has nothing to do with it, by their script; `across` is any two."""
    usual_coverage: float
    """Stands in where there are too few passages to tell which words are rare."""

    def confidence(self, signs: Signs) -> float:
        """From 0 to 1."""
        return (self.alike if signs.alike else self.across).confidence(signs)

    def usual(self, question: str, *, alike: bool) -> float:
        """Cosine of the question and a passage that has nothing to do with it."""
        script = next(iter(scripts_of(question)), "") if alike else "across"
        return self.unrelated.get(script, self.unrelated["latin"])


CALIBRATIONS: Mapping[str, Calibration] = {
    "multilingual-e5-small": Calibration(
        alike=Weights(65.0, 10.0, 11.0, -9.3),
        across=Weights(0.0, 60.0, 0.0, -2.3),
        unrelated={"latin": 0.75, "han": 0.80, "across": 0.735},
        usual_coverage=0.4,
    ),
}
_COVERAGE_ALONE, _BIAS_ALONE = 6.0, -1.8
"""Weights where nobody has measured the model, or there is none."""


async def confidence(searcher: Searcher, inquiry: Inquiry, query: str, passages: Sequence[Hit]) -> float | None:
    """The confidence that one of the stores has the answer, 0 to 1; None where nothing tells.

    Without a calibrated model, the words of the passages alone tell, where these share a script with the question.

    Raises:
        UpstreamError, VectorStoreError, RecordsError
    """
    # Nobody is to pay for another embedding of the question where its cosine says nothing.
    calibrated = [store for store in inquiry.stores if store.embedding_model in CALIBRATIONS]
    if not calibrated or inquiry.mode == "bm25":
        return await asyncio.to_thread(by_words, query, passages)
    return max([await _in_store(searcher, inquiry, store, query) for store in calibrated])


async def _in_store(searcher: Searcher, inquiry: Inquiry, store: Store, query: str) -> float:
    nearest = await searcher.search(Request(store, query, NEAREST, inquiry.filter, "dense"))
    if not nearest:
        return 0.0
    calibration = CALIBRATIONS[store.embedding_model]
    return calibration.confidence(await asyncio.to_thread(signs_of, query, nearest, calibration))


def signs_of(question: str, nearest: Sequence[Hit], calibration: Calibration) -> Signs:
    """What passages tell that are sorted by their cosine with the question; at least one."""
    best, others = nearest[0].score, [hit.score for hit in nearest[_AHEAD_OF:]]
    alike = _can_share_words(question, nearest)
    closeness = best - calibration.usual(question, alike=alike)
    if len(nearest) < FEWEST:
        return Signs(closeness, closeness, calibration.usual_coverage, alike)
    coverage = _coverage(question, nearest) if alike else 0.0
    return Signs(closeness, best - sum(others) / len(others), coverage, alike)


def by_words(question: str, passages: Sequence[Hit]) -> float | None:
    """The confidence that words alone give; None where question and passages cannot share any."""
    if not passages or not _can_share_words(question, passages):
        return None
    return _logistic(_COVERAGE_ALONE * _coverage(question, passages) + _BIAS_ALONE)


def _coverage(question: str, nearest: Sequence[Hit]) -> float:
    texts = [hit.chunk.words for hit in nearest]
    rarity, wanted = Rarity(texts), terms(question)
    return max(rarity.overlap(wanted, text) for text in texts[:_READ])


def _can_share_words(question: str, nearest: Sequence[Hit]) -> bool:
    scripts = set(comparable_scripts(question))
    return not scripts or any(scripts.intersection(scripts_of(hit.chunk.words)) for hit in nearest[:_READ])


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
