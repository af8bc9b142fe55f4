"""How sure a figure is: the percentile bootstrap over questions (Efron and Tibshirani, 1993)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.scoring import Scores

RESAMPLES = 2_000
_PERCENTILES = (2.5, 97.5)
_AT_ONCE = 50
"""Resamples that are worked out together: what that takes of memory is this times the number of questions."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and where it would lie in 95 of 100 sets of questions like this one."""

    value: float
    low: float
    high: float
    questions: int
    """How many it was measured on."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a figure is better than that of another run over the same questions."""

    value: float
    low: float
    high: float
    p: float
    """How often chance alone makes a difference as large, in either direction."""


def intervals(scores: Scores, seed: int) -> Mapping[str, Interval]:
    """Each figure with its interval of 95 %."""
    drawn = _resampled(scores, seed)
    values = _ratio(scores.parts.sum(axis=0), scores.wholes.sum(axis=0))
    counts = (scores.wholes > 0).sum(axis=0)
    return {
        name: Interval(float(values[i]), *_bounds(drawn[:, i]), int(counts[i])) for i, name in enumerate(scores.names)
    }


def differences(scores: Scores, others: Scores, seed: int) -> Mapping[str, Difference]:
    """The figures that both have, those of `scores` less those of `others`, over the same resamples of questions."""
    drawn, drawn_others = _resampled(scores, seed), _resampled(others, seed)
    values = _ratio(scores.parts.sum(axis=0), scores.wholes.sum(axis=0))
    other_values = _ratio(others.parts.sum(axis=0), others.wholes.sum(axis=0))
    found = {}
    for i, name in enumerate(scores.names):
        if name in others.names:
            j = others.names.index(name)
            spread = drawn[:, i] - drawn_others[:, j]
            found[name] = Difference(float(values[i] - other_values[j]), *_bounds(spread), _p(spread))
    return found


def _resampled(scores: Scores, seed: int) -> NDArray[np.float64]:
    """The figures in each resample: array (resamples, figures); nan where nothing was drawn that counts."""
    return np.concatenate(
        [_ratio(weights @ scores.parts, weights @ scores.wholes) for weights in _weights(len(scores.parts), seed)]
    )


def _weights(questions: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each question is drawn: arrays (resamples, questions), the same for the same seed."""
    generator = np.random.default_rng(seed)
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = generator.integers(questions, size=(_AT_ONCE, questions))
        yield np.stack([np.bincount(row, minlength=questions) for row in drawn]).astype(np.float64)


def _ratio(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.where(wholes > 0, parts / np.where(wholes > 0, wholes, 1.0), np.nan)


def _bounds(drawn: NDArray[np.float64]) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return np.nan, np.nan
    low, high = np.percentile(known, _PERCENTILES).tolist()
    return low, high


def _p(spread: NDArray[np.float64]) -> float:
    """Two-sided: twice the smaller share of resamples on either side of no difference."""
    known = spread[~np.isnan(spread)]
    if not known.size:
        return 1.0
    return min(1.0, 2 * min(float(np.mean(known <= 0)), float(np.mean(known >= 0))))
