"""All figures of a run, question by question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.outcomes import Cited, Outcome, Reply
from search.evaluation.questions import Question
from search.evaluation.ranking import METRICS as RANKING_METRICS
from search.evaluation.ranking import measured
from search.evaluation.wording import contains, token_f1

ANSWER_METRICS = {
    "citation_precision": "cited documents that are expected ones",
    "citation_recall": "expected documents that are cited",
    "quote_exactness": "quotes that stand in the document word for word",
    "grounded": "sentences that the cited passages bear out",
    "answered": "answerable questions that are answered",
    "abstention_precision": "declined questions that are unanswerable",
    "abstention_recall": "unanswerable questions that are declined",
    "token_f1": "words shared with the right answer",
    "contains": "answers that hold the right one",
}
METRICS = (*RANKING_METRICS, *ANSWER_METRICS)

_Share = tuple[float, float]
"""A part and what it is a part of: each figure is the sum of the parts by the sum of the wholes."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Every figure of a run, in parts and wholes: two arrays (questions, figures)."""

    names: Sequence[str]
    parts: NDArray[np.float64]
    wholes: NDArray[np.float64]


def scores_of(outcomes: Sequence[Outcome]) -> Scores:
    """The figures that the outcomes allow, in the order of METRICS; those that nothing is known of are left out."""
    relevant = {outcome.question.id: outcome.question.relevant for outcome in outcomes if outcome.question.judged}
    rankings = {outcome.question.id: outcome.ranking for outcome in outcomes}
    ranked = measured(relevant, rankings) if relevant else {}
    rows = [_ranking_shares(ranked.get(outcome.question.id)) | _reply_shares(outcome) for outcome in outcomes]
    names = [name for name in METRICS if any(row.get(name, (0.0, 0.0))[1] for row in rows)]
    table = np.array([[row.get(name, (0.0, 0.0)) for name in names] for row in rows], dtype=np.float64)
    table = table.reshape(len(rows), len(names), 2)
    return Scores(names, table[:, :, 0], table[:, :, 1])


def _ranking_shares(measures: Mapping[str, float] | None) -> dict[str, _Share]:
    return {} if measures is None else {name: (value, 1.0) for name, value in measures.items()}


def _reply_shares(outcome: Outcome) -> dict[str, _Share]:
    question, reply = outcome.question, outcome.reply
    if reply is None:
        return {}
    exact = sum(citation.exact for citation in reply.citations)
    found: dict[str, _Share] = {"quote_exactness": (float(exact), float(len(reply.citations)))}
    if reply.claims is not None and reply.answered:
        found["grounded"] = (float(reply.grounded_claims), float(reply.claims))
    return found | _abstention(question, reply) | _citations(question, reply) | _words(question, reply)


def _abstention(question: Question, reply: Reply) -> dict[str, _Share]:
    if not question.known:
        return {}
    declined = float(not reply.answered)
    if question.unanswerable:
        return {"abstention_precision": (declined, declined), "abstention_recall": (declined, 1.0)}
    return {"abstention_precision": (0.0, declined), "answered": (1.0 - declined, 1.0)}


def _citations(question: Question, reply: Reply) -> dict[str, _Share]:
    """Each question counts alike, however many documents it has; one without citations has no precision."""
    expected = {name for name, grade in question.relevant.items() if grade > 0}
    if not expected:
        return {}
    cited = {tuple(citation.documents): citation for citation in reply.citations}.values()
    right = [citation for citation in cited if expected.intersection(citation.documents)]
    precision = (len(right) / len(cited), 1.0) if cited else (0.0, 0.0)
    return {"citation_precision": precision, "citation_recall": (_covered(right, expected), 1.0)}


def _covered(right: Sequence[Cited], expected: set[str]) -> float:
    named = {name for citation in right for name in citation.documents}
    return len(named & expected) / len(expected)


def _words(question: Question, reply: Reply) -> dict[str, _Share]:
    if not question.answers:
        return {}
    text = reply.text if reply.answered else ""
    return {
        "token_f1": (token_f1(text, question.answers), 1.0),
        "contains": (float(contains(text, question.answers)), 1.0),
    }
