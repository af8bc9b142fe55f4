"""What would become of answers and silence if the threshold of confidence lay elsewhere."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.outcomes import Outcome

_MOST_POINTS = 101


@dataclass(frozen=True, slots=True)
class Point:
    """What declining does."""

    threshold: float | None
    """Confidence below which a question is declined; None for what the service did."""
    precision: float | None
    """Share of the declined that are unanswerable; None where nothing is declined."""
    recall: float
    """Share of the unanswerable that are declined."""
    answered: float
    """Share of the answerable that are answered."""


@dataclass(frozen=True, slots=True)
class Halves:
    """One way of declining, on two halves of the questions, always the same ones."""

    choosing: Point
    """On the half that a threshold is chosen by."""
    reporting: Point
    """On the other: what to expect of questions that were not looked at."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Declining by confidence, at every threshold."""

    points: Sequence[Point]
    area: float
    """How often an answerable question has more confidence than an unanswerable one; 0.5 is chance (ROC AUC)."""
    served: Halves | None
    """What the service itself declined, as it is set. None where a half lacks answerable or unanswerable questions."""
    suggested: Halves | None
    """The threshold that is best on the half that chooses: share of the unanswerable that are declined plus share of
    the answerable that are answered."""


@dataclass(frozen=True, slots=True)
class _Half:
    confidence: NDArray[np.float64]
    unanswerable: NDArray[np.bool_]
    declined: NDArray[np.bool_]

    @property
    def usable(self) -> bool:
        return bool(self.unanswerable.any() and not self.unanswerable.all())


def curve_of(outcomes: Sequence[Outcome]) -> Curve | None:
    """The curve; None where the service tells no confidence, or one of both kinds of questions is missing."""
    told = [outcome for outcome in outcomes if outcome.question.known and _confidence(outcome) is not None]
    everything = _half(told)
    if not everything.usable:
        return None
    choosing = _half([outcome for outcome in told if _chooses(outcome.question.id)])
    reporting = _half([outcome for outcome in told if not _chooses(outcome.question.id)])
    served = suggested = None
    if choosing.usable and reporting.usable:
        served = Halves(_served(choosing), _served(reporting))
        suggested = _suggested(choosing, reporting)
    points = [_at(everything, threshold) for threshold in _thresholds(everything)]
    return Curve(points, _area(everything), served, suggested)


def _confidence(outcome: Outcome) -> float | None:
    return outcome.reply.confidence if outcome.reply is not None else None


def _half(outcomes: Sequence[Outcome]) -> _Half:
    confidence = [_confidence(outcome) for outcome in outcomes]
    unanswerable = [outcome.question.unanswerable for outcome in outcomes]
    declined = [outcome.reply is not None and not outcome.reply.answered for outcome in outcomes]
    return _Half(np.array(confidence, np.float64), np.array(unanswerable, np.bool_), np.array(declined, np.bool_))


def _thresholds(half: _Half) -> Sequence[float]:
    """Between nothing and everything declined, closest where most questions lie."""
    quantiles = np.quantile(half.confidence, np.linspace(0, 1, _MOST_POINTS - 1))
    return sorted({*(float(value) for value in quantiles), float(np.nextafter(half.confidence.max(), np.inf))})


def _at(half: _Half, threshold: float) -> Point:
    return _point(half, half.confidence < threshold, threshold)


def _served(half: _Half) -> Point:
    return _point(half, half.declined, None)


def _point(half: _Half, declined: NDArray[np.bool_], threshold: float | None) -> Point:
    right = int((declined & half.unanswerable).sum())
    return Point(
        threshold,
        right / int(declined.sum()) if declined.any() else None,
        right / int(half.unanswerable.sum()),
        float((~declined & ~half.unanswerable).sum() / (~half.unanswerable).sum()),
    )


def _area(half: _Half) -> float:
    """The Mann-Whitney statistic: a tie counts half."""
    positive, negative = half.confidence[~half.unanswerable], np.sort(half.confidence[half.unanswerable])
    below, up_to = np.searchsorted(negative, positive, "left"), np.searchsorted(negative, positive, "right")
    return float((below + up_to).mean() / 2 / negative.size)


def _suggested(choosing: _Half, reporting: _Half) -> Halves:
    threshold = max(_thresholds(choosing), key=lambda each: _balance(_at(choosing, each)))
    return Halves(_at(choosing, threshold), _at(reporting, threshold))


def _balance(point: Point) -> float:
    return point.recall + point.answered


def _chooses(question_id: str) -> bool:
    """Half of the questions, always the same one."""
    return hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0
