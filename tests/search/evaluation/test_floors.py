import pytest

from search.evaluation import EvaluationError, Interval, floors_of, shortfalls

FIGURES = {"ndcg@10": Interval(0.6, 0.5, 0.7, 100), "mrr@10": Interval(0.7, 0.6, 0.8, 100)}


def test_a_figure_that_falls_short_is_named_and_one_that_reaches_its_floor_is_not() -> None:
    floors = floors_of(["ndcg@10=0.6", "mrr@10=0.75", "token_f1=0"])
    assert shortfalls(floors, FIGURES) == [
        "mrr@10 is 0.7000, below 0.75.",
        "token_f1 was not measured: the set, or --no-answers, does not allow it.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [("ndcg@10", "write it like"), ("ndcg@10=high", "write it like"), ("ndcg@10=nan", "write it"), ("x=1", "'x'")],
)
def test_a_floor_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        floors_of([text])
