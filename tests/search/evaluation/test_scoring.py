from dataclasses import replace

import pytest

from search.evaluation import Cited, Interval, Outcome, Question, Reply
from search.evaluation.intervals import intervals
from search.evaluation.scoring import scores_of
from tests.search.evaluation.outcomes import ANSWERABLE, UNANSWERABLE, outcome, reply


def figures(*outcomes: Outcome) -> dict[str, float]:
    return {name: interval.value for name, interval in intervals(scores_of(outcomes), 0).items()}


def test_what_nothing_is_known_of_is_left_out() -> None:
    assert set(figures(outcome(ANSWERABLE, ["loans"]))) == {"ndcg@10", "recall@10", "recall@100", "mrr@10"}
    assert figures(outcome(UNANSWERABLE, ["loans"])) == {}


def test_cited_documents_are_counted_once_and_against_those_expected() -> None:
    found = figures(outcome(ANSWERABLE, [], reply(cited=[("loans", True), ("loans", True), ("dome", False)])))
    assert found["citation_precision"] == 0.5
    assert found["citation_recall"] == 0.5
    assert found["quote_exactness"] == pytest.approx(2 / 3)


def test_a_document_that_the_set_holds_twice_is_right_by_either_name() -> None:
    cited = Reply("text", answered=True, citations=[Cited(("copy", "loans"), exact=True)], seconds=0.1)
    found = figures(outcome(ANSWERABLE, [], cited))
    assert (found["citation_precision"], found["citation_recall"]) == (1.0, 0.5)


def test_an_answer_without_citations_lowers_recall_alone() -> None:
    without, with_both = reply(), reply(cited=[("loans", True), ("rules", True)])
    found = figures(outcome(ANSWERABLE, [], without), outcome(ANSWERABLE, [], with_both))
    assert (found["citation_precision"], found["citation_recall"]) == (1.0, 0.5)


def test_declining_is_right_where_the_documents_do_not_say() -> None:
    declined, answered = reply("It does not say.", answered=False), reply()
    found = figures(
        outcome(UNANSWERABLE, [], declined),
        outcome(UNANSWERABLE, [], answered),
        outcome(UNANSWERABLE, [], answered),
        outcome(ANSWERABLE, [], declined),
    )
    assert found["abstention_precision"] == 0.5
    assert found["abstention_recall"] == pytest.approx(1 / 3)
    assert found["answered"] == 0.0


def test_a_question_of_which_nothing_is_known_says_nothing_of_silence() -> None:
    beside_the_point = Question("x", "?", {"dome": 0})
    assert figures(outcome(beside_the_point, ["dome"], reply()), outcome(beside_the_point, [], None)) == {}


def test_words_are_compared_for_questions_with_an_answer_and_declining_earns_nothing() -> None:
    found = figures(
        outcome(ANSWERABLE, [], reply("three weeks")),
        outcome(ANSWERABLE, [], reply("three weeks", answered=False)),
        outcome(UNANSWERABLE, [], reply("three weeks")),
        outcome(Question("d", "?", {"loans": 1}), [], reply("three weeks")),
    )
    assert (found["token_f1"], found["contains"]) == (0.5, 0.5)


def test_grounded_sentences_are_counted_in_answers_alone() -> None:
    found = figures(
        outcome(ANSWERABLE, [], reply(claims=3, grounded=1)),
        outcome(ANSWERABLE, [], reply(claims=1, grounded=1)),
        outcome(ANSWERABLE, [], reply(claims=5, grounded=0, answered=False)),
    )
    assert found["grounded"] == 0.5
    assert "grounded" not in figures(outcome(ANSWERABLE, [], reply()))


def test_a_figure_says_on_how_many_questions_it_stands() -> None:
    other = replace(ANSWERABLE, id="b")
    scores = scores_of([outcome(ANSWERABLE, ["loans"]), outcome(UNANSWERABLE), outcome(other, [])])
    interval = intervals(scores, 0)["recall@10"]
    assert interval == Interval(0.25, 0.0, 0.5, 2)
