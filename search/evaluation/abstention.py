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
    """What declining below a threshold would do."""

    threshold: float
    precision: float | None
    """Share of the declined that are unanswerable; None where nothing is declined."""
    recall: float
    """Share of the unanswerable that are declined."""
    answered: float
    """Share of the answerable that are answered."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Declining by confidence, at every threshold."""

    points: Sequence[Point]
    area: float
    """How often an answerable question has more confidence than an unanswerable one; 0.5 is chance (ROC AUC)."""
    suggested: Point | None
    """The threshold that is best on half of the questions, with its figures on the other half. None where a half lacks
    answerable or unanswerable questions."""


@dataclass(frozen=True, slots=True)
class _Half:
    confidence: NDArray[np.float64]
    unanswerable: NDArray[np.bool_]

    @property
    def usable(self) -> bool:
        return bool(self.unanswerable.any() and not self.unanswerable.all())


def curve_of(outcomes: Sequence[Outcome]) -> Curve | None:
    """The curve; None where the service tells no confidence, or one of both kinds of questions is missing."""
    known = [outcome for outcome in outcomes if outcome.reply is not None and outcome.reply.confidence is not None]
    everything = _half(known)
    if not everything.usable:
        return None
    points = [_point(everything, threshold) for threshold in _thresholds(everything)]
    return Curve(points, _area(everything), _suggested(known))


def _half(outcomes: Sequence[Outcome]) -> _Half:
    confidence = [outcome.reply.confidence for outcome in outcomes if outcome.reply is not None]
    unanswerable = [outcome.question.unanswerable for outcome in outcomes]
    return _Half(np.array(confidence, dtype=np.float64), np.array(unanswerable, dtype=np.bool_))


def _thresholds(half: _Half) -> Sequence[float]:
    """Between nothing and everything declined, closest where most questions lie."""
    quantiles = np.quantile(half.confidence, np.linspace(0, 1, _MOST_POINTS - 1))
    return sorted({*(float(value) for value in quantiles), float(np.nextafter(half.confidence.max(), np.inf))})


def _point(half: _Half, threshold: float) -> Point:
    declined = half.confidence < threshold
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


def _suggested(outcomes: Sequence[Outcome]) -> Point | None:
    choosing = _half([outcome for outcome in outcomes if _chooses(outcome.question.id)])
    reporting = _half([outcome for outcome in outcomes if not _chooses(outcome.question.id)])
    if not (choosing.usable and reporting.usable):
        return None
    best = max((_point(choosing, threshold) for threshold in _thresholds(choosing)), key=_balance)
    return _point(reporting, best.threshold)


def _balance(point: Point) -> float:
    return point.recall + point.answered


def _chooses(question_id: str) -> bool:
    """Half of the questions, always the same one."""
    return hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0
