from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evaluation import Outcome, Question
from search.evaluation.abstention import curve_of
from tests.search.evaluation.outcomes import outcome, reply


def asked(number: int, confidence: float | None, *, unanswerable: bool) -> Outcome:
    question = Question(f"q{number}", "?", {} if unanswerable else {"d": 1}, unanswerable=unanswerable)
    return outcome(question, [], reply(confidence=confidence))


def test_confidence_that_tells_them_apart_gives_a_perfect_curve() -> None:
    outcomes = [asked(n, 0.2 if n % 3 else 0.8, unanswerable=bool(n % 3)) for n in range(60)]
    curve = curve_of(outcomes)
    assert curve is not None
    assert curve.suggested is not None
    assert curve.area == 1.0
    for half in (curve.suggested.choosing, curve.suggested.reporting):
        assert half.threshold is not None
        assert 0.2 < half.threshold <= 0.8
        assert (half.precision, half.recall, half.answered) == (1.0, 1.0, 1.0)


def test_what_the_service_declined_is_told_for_both_halves() -> None:
    declining = [
        replace(each, reply=reply(confidence=n / 60, answered=n % 4 != 0))
        for n, each in enumerate(asked(n, 0.5, unanswerable=bool(n % 2)) for n in range(60))
    ]
    curve = curve_of(declining)
    assert curve is not None
    assert curve.served is not None
    for half in (curve.served.choosing, curve.served.reporting):
        assert (half.threshold, half.precision, half.recall) == (None, 0.0, 0.0)
        assert 0 < half.answered < 1


def test_questions_of_which_nothing_is_known_are_left_out() -> None:
    known = [asked(n, 0.2 if n % 2 else 0.8, unanswerable=bool(n % 2)) for n in range(40)]
    unknown = [outcome(Question(f"x{n}", "?", {"d": 0}), [], reply(confidence=0.1)) for n in range(40)]
    assert curve_of([*known, *unknown]) == curve_of(known)


def test_confidence_that_is_always_the_same_is_chance() -> None:
    curve = curve_of([asked(n, 0.5, unanswerable=bool(n % 2)) for n in range(40)])
    assert curve is not None
    assert curve.area == 0.5


def test_without_confidence_or_without_both_kinds_of_questions_there_is_no_curve() -> None:
    assert curve_of([asked(n, None, unanswerable=bool(n % 2)) for n in range(4)]) is None
    assert curve_of([asked(n, 0.5, unanswerable=False) for n in range(4)]) is None
    assert curve_of([]) is None


def test_a_threshold_is_suggested_only_where_it_can_be_tried_on_other_questions() -> None:
    curve = curve_of([asked(1, 0.1, unanswerable=True), asked(2, 0.9, unanswerable=False)])
    assert curve is not None
    assert curve.suggested is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_the_curve_goes_from_declining_nothing_to_declining_everything(values: list[tuple[float, bool]]) -> None:
    curve = curve_of([asked(n, confidence, unanswerable=kind) for n, (confidence, kind) in enumerate(values)])
    if len({kind for _, kind in values}) == 1:
        assert curve is None
        return
    assert curve is not None
    assert (curve.points[0].precision, curve.points[0].recall, curve.points[0].answered) == (None, 0.0, 1.0)
    assert (curve.points[-1].recall, curve.points[-1].answered) == (1.0, 0.0)
    for one, following in zip(curve.points, curve.points[1:], strict=False):
        assert one.threshold is not None
        assert following.threshold is not None
        assert one.threshold < following.threshold
        assert one.recall <= following.recall
        assert one.answered >= following.answered
    pairs = [(a, b) for a, kind in values if not kind for b, other in values if other]
    assert curve.area == pytest.approx(sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs))
