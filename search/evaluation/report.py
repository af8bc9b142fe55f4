"""The report on a run: figures for each way of searching, over the same questions."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from search.evaluation.abstention import Curve, curve_of
from search.evaluation.intervals import RESAMPLES, Difference, Interval, differences, intervals
from search.evaluation.outcomes import Outcome
from search.evaluation.questions import Question
from search.evaluation.scoring import Scores, scores_of

_VERSION = 1
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Context:
    """What was measured, and how."""

    set_name: str
    store: str
    embedding_model: str
    documents: int
    """Searchable ones in the store."""
    failed: Mapping[str, str]
    """Documents of the set that cannot be searched, with reasons: what they would have answered counts as not found."""
    method: str | None
    """What wrote the answers: `chat` or `extractive`; None when nothing was asked."""
    chat_model: str | None
    seed: int
    command: str
    created_at: str
    """Time in UTC, as ISO 8601 writes it."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took, one after the other, as the client saw it."""

    p50_seconds: float
    p95_seconds: float
    requests: int


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one way of searching."""

    name: str
    settings: Mapping[str, Any]
    """What was sent with each request, beside the question."""
    metrics: Mapping[str, Interval]
    differences: Mapping[str, Difference] | None
    """From the first row; None for that row itself."""
    search: Latency
    answers: Latency | None
    answers_failed: int
    curve: Curve | None
    outcomes: Sequence[Outcome]
    scores: Scores


@dataclass(frozen=True, slots=True)
class Report:
    """All rows; the first is what the others are compared with."""

    context: Context
    rows: Sequence[Row]

    @property
    def questions(self) -> Sequence[Question]:
        """What every row was asked."""
        return [outcome.question for outcome in self.rows[0].outcomes]

    @property
    def expecting_failed(self) -> int:
        """Questions that expect a document which cannot be searched."""
        failed = self.context.failed
        return sum(
            any(grade > 0 and name in failed for name, grade in question.relevant.items())
            for question in self.questions
        )


def evaluate(
    context: Context, runs: Sequence[tuple[str, Mapping[str, Any], Sequence[Outcome]]], *, asked: bool
) -> Report:
    """The report on runs over the same questions in the same order.

    Args:
        context: what was measured.
        runs: name, settings and outcomes of each.
        asked: whether answers were asked for, so that those that are missing have failed.
    """
    rows: list[Row] = []
    for name, settings, outcomes in runs:
        scores = scores_of(outcomes)
        compared = differences(scores, rows[0].scores, context.seed) if rows else None
        row = Row(
            name,
            settings,
            intervals(scores, context.seed),
            compared,
            _latency([outcome.seconds for outcome in outcomes]),
            _latency([outcome.reply.seconds for outcome in outcomes if outcome.reply]) if asked else None,
            sum(outcome.reply is None for outcome in outcomes) if asked else 0,
            curve_of(outcomes),
            outcomes,
            scores,
        )
        rows.append(row)
    return Report(context, rows)


def as_json(report: Report) -> str:
    """The report for programs; `version` changes when a field changes its meaning or goes away."""
    questions = report.questions
    found = {
        "version": _VERSION,
        **asdict(report.context),
        "resamples": RESAMPLES,
        "counts": {
            "questions": len(questions),
            "judged": sum(question.judged for question in questions),
            "with_answers": sum(bool(question.answers) for question in questions),
            "unanswerable": sum(question.unanswerable for question in questions),
            "expecting_failed": report.expecting_failed,
        },
        "rows": [_row(row) for row in report.rows],
        "questions": [{"id": q.id, "text": q.text, **_of_question(report, i)} for i, q in enumerate(questions)],
    }
    return json.dumps(_without_nan(found), ensure_ascii=False, indent=1)


def _latency(seconds: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(seconds, [50, 95]).tolist() if seconds else (math.nan, math.nan)
    return Latency(p50, p95, len(seconds))


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "settings": dict(row.settings),
        "metrics": {name: asdict(interval) for name, interval in row.metrics.items()},
        "differences": row.differences and {name: asdict(each) for name, each in row.differences.items()},
        "search": asdict(row.search),
        "answers": row.answers and asdict(row.answers),
        "answers_failed": row.answers_failed,
        "abstention": row.curve and asdict(row.curve),
    }


def _of_question(report: Report, number: int) -> dict[str, Any]:
    """The figures of one question, row by row, null where one does not apply to it; and what was found first."""
    return {
        "found": [row.outcomes[number].ranking[:_SHOWN] for row in report.rows],
        "values": [
            {
                name: (row.scores.parts[number, i] / whole if (whole := row.scores.wholes[number, i]) else None)
                for i, name in enumerate(row.scores.names)
            }
            for row in report.rows
        ],
    }


def _without_nan(value: Any) -> Any:
    """JSON has no nan; what could not be measured is null."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
