import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evaluation.wording import contains, token_f1, tokens


def test_case_punctuation_articles_and_markers_do_not_count() -> None:
    assert tokens("The price was nearly $12, [1] a Barrel [23].") == ["price", "was", "nearly", "12", "barrel"]


def test_chinese_goes_by_characters_and_foreign_words_in_it_whole() -> None:
    assert tokens("光荣和ω-force，2009年。") == ["光", "荣", "和", "ω", "force", "2009", "年"]


def test_an_answer_of_articles_alone_still_counts() -> None:
    assert tokens("The A") == ["the", "a"]
    assert token_f1("The", ["the"]) == 1.0


def test_the_best_of_several_answers_counts() -> None:
    assert token_f1("in October 1973", ["1979", "October 1973"]) == pytest.approx(2 * 2 / 5)
    assert token_f1("", ["October"]) == token_f1("October", []) == 0.0


def test_an_answer_is_contained_word_by_word() -> None:
    assert contains("It began in October, 1973. [1]", ["October 1973"])
    assert contains("可以借三个星期。", ["三个星期"])
    assert not contains("It began in 1973.", ["97", "1973 October"])
    assert not contains("anything", ["...", ""])


@settings(max_examples=80)
@given(st.text(max_size=40), st.text(max_size=40))
def test_the_measure_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= token_f1(one, [other]) <= 1
    assert token_f1(one, [other]) == token_f1(other, [one])
    assert token_f1(one, [one]) == float(bool(tokens(one)))
    assert (
        contains(f"{other} {one}", [one])
        or not tokens(one)
        or tokens(f"{other} {one}") != [*tokens(other), *tokens(one)]
    )
