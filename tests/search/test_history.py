from search.history import recent
from upstream import Message, count_tokens


def test_footnotes_of_earlier_answers_are_left_out_and_code_is_left_alone() -> None:
    (kept,) = recent([Message("assistant", "Read `row[1]` first [2].")])
    assert kept.content == "Read `row[1]` first."


def test_only_the_last_turns_are_kept_in_their_order() -> None:
    history = [Message("user", f"turn {number}") for number in range(100)]
    kept = recent(history)
    assert kept == history[-len(kept) :]
    assert 1 < len(kept) < 100


def test_a_long_turn_is_cut_and_ends_what_is_kept() -> None:
    kept = recent([Message("user", "first"), Message("user", "word " * 50_000), Message("user", "last")])
    assert [one.content[:4] for one in kept] == ["word", "last"]
    assert sum(count_tokens(one.content) for one in kept) <= 4_000


def test_turns_without_text_are_left_out() -> None:
    assert recent([Message("assistant", "  "), Message("assistant", "[1]")]) == []
