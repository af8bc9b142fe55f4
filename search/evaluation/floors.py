"""What a run must reach at least, as a check in CI asks for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.evaluation.errors import EvaluationError
from search.evaluation.intervals import Interval
from search.evaluation.scoring import METRICS


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a figure may be."""

    name: str
    least: float


def floors_of(texts: Sequence[str]) -> Sequence[Floor]:
    """Floors as they are written, `ndcg@10=0.6`. Raises EvaluationError."""
    return [_floor(text) for text in texts]


def shortfalls(floors: Sequence[Floor], figures: Mapping[str, Interval]) -> Sequence[str]:
    """A sentence for each floor that is not reached, or whose figure was not measured."""
    return [sentence for floor in floors if (sentence := _shortfall(floor, figures.get(floor.name)))]


def _floor(text: str) -> Floor:
    name, _, number = text.partition("=")
    try:
        least = float(number)
    except ValueError:
        least = math.nan
    if math.isnan(least):
        raise EvaluationError(f"{text!r} is no floor; write it like ndcg@10=0.6.")
    if name not in METRICS:
        raise EvaluationError(f"There is no figure {name!r}. There are {', '.join(METRICS)}.")
    return Floor(name, least)


def _shortfall(floor: Floor, figure: Interval | None) -> str | None:
    if figure is None:
        return f"{floor.name} was not measured: the set, or --no-answers, does not allow it."
    if figure.value < floor.least:
        return f"{floor.name} is {figure.value:.4f}, below {floor.least:g}."
    return None
