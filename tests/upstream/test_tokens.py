"""Token counts agree with the tokenizer, for texts of any size and kind."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream import count_tokens, cut_to_tokens
from upstream.tokens import at_most_tokens

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "open_binary is deprecated", DeprecationWarning)
    from bpe_openai import get_encoding

    ENCODING = get_encoding("cl100k_base")
TEXTS = st.text(max_size=200)


@given(TEXTS)
def test_counts_are_those_of_the_tokenizer(text: str) -> None:
    assert count_tokens(text) == len(ENCODING.encode_ordinary(text))


@pytest.mark.parametrize(
    "unit",
    ["The quick brown fox, aged 7, jumps.\n", "文档检索，附带脚注。", "naïve — “quoted” 🙂 it's\t\n  ", "x1_y2; "],
)
def test_long_texts_are_counted_exactly(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert count_tokens(text) == len(ENCODING.encode_ordinary(text))


@pytest.mark.parametrize("unit", ["a", " ", "\n", "!", "1", "雨", "🙂", "qzxj"])
def test_long_texts_without_words_are_counted_exactly(unit: str) -> None:
    text = unit * (40_000 // len(unit))
    assert count_tokens(text) == len(ENCODING.encode_ordinary(text))


@given(st.one_of(TEXTS, st.text(st.characters(categories=["Cs", "Lo"]))))
def test_no_text_has_more_tokens_than_the_bound(text: str) -> None:
    assert count_tokens(text) <= at_most_tokens(text)


def test_lone_surrogates_are_counted() -> None:
    assert count_tokens("\ud83d" * 100_000) > 0


def test_a_huge_line_without_spaces_is_counted() -> None:
    assert count_tokens("abcdefghij" * 500_000) > 500_000


@given(TEXTS, st.integers(1, 30))
def test_a_cut_is_the_beginning_of_the_text_within_the_limit(text: str, limit: int) -> None:
    cut = cut_to_tokens(text, limit)
    assert text.startswith(cut)
    assert count_tokens(cut) <= limit


@given(TEXTS, st.integers(1, 30))
def test_a_cut_loses_at_most_the_pieces_of_one_character(text: str, limit: int) -> None:
    cut = cut_to_tokens(text, limit)
    assert cut == text or count_tokens(cut) > limit - 4


def test_a_huge_text_is_cut() -> None:
    cut = cut_to_tokens("one two three " * 400_000, 100_000)
    assert count_tokens(cut) == 100_000
