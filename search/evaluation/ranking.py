"""How good rankings are, question by question."""

from collections.abc import Mapping, Sequence

from ir_measures import RR, R, iter_calc, nDCG

DEPTH = 100
"""Documents of a ranking that a measure looks at, at most."""
_MEASURES = {"ndcg@10": nDCG @ 10, "recall@10": R @ 10, "recall@100": R @ DEPTH, "mrr@10": RR @ 10}
METRICS = tuple(_MEASURES)


def measured(
    relevant: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Sequence[str]]
) -> Mapping[str, Mapping[str, float]]:
    """The measures of each question, as trec_eval defines them; a question without a ranking has 0 in all.

    Args:
        relevant: grade of each document that is judged, by question.
        rankings: documents, best first, by question; one that is there again counts where it came first.
    """
    names = {measure: name for name, measure in _MEASURES.items()}
    found = {question: dict.fromkeys(METRICS, 0.0) for question in relevant}
    # Ranks as scores: with the scores themselves equal ones would be ordered anew, by name.
    scored = {
        question: {document: float(-rank) for rank, document in enumerate(dict.fromkeys(rankings.get(question, ())))}
        for question in relevant
    }
    for metric in iter_calc(list(names), relevant, {question: run for question, run in scored.items() if run}):
        found[metric.query_id][names[metric.measure]] = float(metric.value)
    return found
