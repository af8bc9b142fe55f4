import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.markers import MarkerFilter, numbers_in, without_code, without_markers

PIECES = st.lists(
    st.sampled_from(["[", "]", "1", "2", "99", ",", "，", " ", "【", "】", "`", "```", "\n", "a", "句。"])
)


def whole(text: str, passages: int = 3) -> str:
    markers = MarkerFilter(passages)
    return markers.feed(text) + markers.finish()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Three weeks [1].", "Three weeks [1]."),
        ("Three weeks[1, 3].", "Three weeks[1][3]."),
        ("三个星期【2】。", "三个星期[2]。"),
        ("三个星期【1，2】。", "三个星期[1][2]。"),
        ("Never [4].", "Never ."),
        ("Never [0].", "Never ."),
        ("Partly [1, 4].", "Partly [1]."),
        ("Use `row[1]` and `row[9]` [2].", "Use `row[1]` and `row[9]` [2]."),
        ("```\nrow[9]\n```\n[9]", "```\nrow[9]\n```\n"),
        ("An open bracket [", "An open bracket ["),
        ("A list [a] and [12345]", "A list [a] and [12345]"),
    ],
)
def test_only_markers_that_name_a_passage_get_through(written: str, shown: str) -> None:
    assert whole(written) == shown


@given(PIECES)
def test_a_text_cut_anywhere_gives_what_the_whole_text_gives(pieces: list[str]) -> None:
    markers = MarkerFilter(3)
    streamed = "".join(markers.feed(piece) for piece in pieces) + markers.finish()
    assert streamed == whole("".join(pieces))


@given(PIECES)
def test_no_shown_number_is_without_a_passage(pieces: list[str]) -> None:
    assert set(numbers_in(without_code(whole("".join(pieces))))) <= {1, 2, 3}


def test_text_is_not_held_back_without_need() -> None:
    markers = MarkerFilter(2)
    assert markers.feed("Three weeks") == "Three weeks"
    assert markers.feed(" [1") == " "
    assert markers.feed("]") == "[1]"


def test_numbers_are_in_the_order_of_the_text_each_where_it_comes_first() -> None:
    assert list(numbers_in("a [2] b [1] c [2]").items()) == [(2, 2), (1, 8)]


def test_markers_can_be_taken_out() -> None:
    text = "Three weeks [1][2]."
    assert without_markers(text, text) == "Three weeks."


def test_code_is_not_searched_for_markers_but_stays_in_the_text() -> None:
    text = "Read `rows[1]` first [2]."
    assert numbers_in(without_code(text)) == {2: text.index("[2]")}
    assert without_markers(text, without_code(text)) == "Read `rows[1]` first."


@given(PIECES)
def test_a_text_without_code_has_the_same_length_and_lines(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert [len(line) for line in without_code(text).split("\n")] == [len(line) for line in text.split("\n")]
    assert "`" not in without_code(text)
