import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.confidence import CALIBRATIONS, FEWEST, UNANSWERED_BELOW, Signs, by_words, signs_of
from tests.search.hits import hit
from vectorstore import Hit

E5 = CALIBRATIONS["multilingual-e5-small"]
shares = st.floats(0, 1)


def ranked(*texts: str, best: float = 0.86, others: float = 0.80) -> list[Hit]:
    return [Hit(hit(text).chunk, best if rank == 0 else others) for rank, text in enumerate(texts)]


def signs(question: str, passages: list[Hit]) -> Signs:
    return signs_of(question, passages, E5)


LOANS = "A telescope may be kept for three weeks."
DOME = "The dome is opened one hour before observing."


@settings(max_examples=100)
@given(st.floats(-1, 1), st.floats(-1, 1), shares, st.booleans())
def test_confidence_is_between_0_and_1(closeness: float, lead: float, coverage: float, alike: bool) -> None:
    assert 0 <= E5.confidence(Signs(closeness, lead, coverage, alike)) <= 1


@settings(max_examples=100)
@given(shares, shares, shares, shares, st.booleans())
def test_no_sign_makes_confidence_shrink(
    closeness: float,
    lead: float,
    coverage: float,
    more: float,
    alike: bool,
) -> None:
    least = E5.confidence(Signs(closeness, lead, coverage, alike))
    assert E5.confidence(Signs(closeness + more, lead, coverage, alike)) >= least
    assert E5.confidence(Signs(closeness, lead + more, coverage, alike)) >= least
    assert E5.confidence(Signs(closeness, lead, coverage + more, alike)) >= least


def test_the_best_passage_leads_those_behind_the_first_ten() -> None:
    assert signs("telescope", ranked(LOANS, *[DOME] * 30)).lead == pytest.approx(0.06)


def test_the_best_passage_is_as_close_as_it_is_above_what_is_usual_for_the_script() -> None:
    assert signs("telescope", ranked(LOANS, *[DOME] * 30)).closeness == pytest.approx(0.86 - E5.unrelated["latin"])
    assert signs("望远镜", ranked(LOANS, *[DOME] * 30)).closeness == pytest.approx(0.86 - E5.unrelated["across"])
    chinese = ranked("望远镜可以借三周。", *["圆顶提前一小时打开。"] * 30)
    assert signs("望远镜", chinese).closeness == pytest.approx(0.86 - E5.unrelated["han"])


def test_where_there_are_few_passages_the_best_leads_what_is_usual() -> None:
    few = ranked(LOANS, *[DOME] * (FEWEST - 2))
    assert signs("telescope", few).lead == pytest.approx(0.86 - E5.unrelated["latin"])
    assert signs("望远镜", few).lead == pytest.approx(0.86 - E5.unrelated["across"])
    assert signs("telescope", few).coverage == signs("zebra", few).coverage


def test_the_share_of_the_words_is_that_of_one_passage() -> None:
    passages = ranked(LOANS, DOME, *["Bread is baked at night."] * FEWEST)
    assert signs("telescope kept", passages).coverage == pytest.approx(1)
    assert signs("zebra", passages).coverage == 0
    assert 0 < signs("telescope dome", passages).coverage < 1


def test_words_tell_nothing_across_scripts() -> None:
    assert by_words("望远镜可以借多久？", ranked(LOANS, DOME)) is None
    assert not signs("望远镜可以借多久？", ranked(LOANS, DOME)).alike
    assert by_words("telescope", []) is None


def test_words_alone_tell_what_has_nothing_to_do_with_the_passages() -> None:
    passages = ranked(LOANS, DOME, "Bread is baked at night.")
    related = by_words("How long may a telescope be kept?", passages)
    unrelated = by_words("Who painted the Mona Lisa?", passages)
    assert related is not None
    assert unrelated is not None
    assert unrelated < UNANSWERED_BELOW < related
