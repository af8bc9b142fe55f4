from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.numerals import missing, present, stated


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("1,500 euros", "1500 euros"),
        ("1500 euros", "1.500 Euro"),
        ("14 000 hours", "14,000 hours"),
        ("14,000 hours", "14 000 hours"),
        ("fifteen hundred", "1,500"),
        ("25 days", "twenty-five days"),
        ("3 weeks", "three weeks"),
        ("1.5 million", "1,500,000"),
        ("三周", "3 weeks"),
        ("二十五岁", "25岁"),
        ("25岁", "二十五岁"),
        ("二〇二一年", "2021年"),
        ("３５．６亿元", "35.6亿元"),
        ("2021年3月", "March 2021"),
        ("3/2021", "3 March 2021"),
        ("12,5 %", "12.5 percent"),
        ("version 3.11", "version 3.11.2 of 3.11"),
        ("the mp3 file", "a file"),
    ],
)
def test_a_number_is_found_however_it_is_written(claim: str, passage: str) -> None:
    assert not missing(claim, present(passage))


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("four weeks", "three weeks"),
        ("1.7 euros", "1,700,000 euros and 17"),
        ("1973", "1937"),
        ("35.6亿元", "36.5亿元"),
        ("六十欧元", "五十欧元"),
        ("in May 12", "March 12"),
        ("13 percent", "30 percent"),
    ],
)
def test_another_number_is_missing(claim: str, passage: str) -> None:
    assert missing(claim, present(passage))


@pytest.mark.parametrize("text", ["No one knows.", "十分重要", "万一下雨", "one of them", "第一次", "统一标准"])
def test_words_that_only_look_like_numbers_state_none(text: str) -> None:
    assert [one for one in stated(text) if one != {Decimal(1)}] == []


@pytest.mark.parametrize("unit", ["一", "万", "亿", "9", "9,", "1 000 ", "hundred ", "one hundred ", "million "])
def test_a_document_of_nothing_but_numbers_is_read(unit: str) -> None:
    text = f"one {unit * 5_000}"
    assert not missing(text, present(text))


PIECES = [
    "12",
    "1,500",
    "3.5",
    "2.500",
    "14 000",
    "3.11.2",
    "million",
    "twenty-five",
    "二十",
    "万",
    "2021年",
    "3月",
    "亿",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_a_text_has_every_number_it_states(text: str) -> None:
    assert not missing(text, present(text))
