import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("第一句。第二句！「第三句。」第四句", ["第一句。", "第二句！", "「第三句。」", "第四句"]),
        ("Version 3.11 is out. Good.", ["Version 3.11 is out.", "Good."]),
        ("A line\nAnother line", ["A line", "Another line"]),
        ("It is three weeks. [1][2] It is late.", ["It is three weeks. [1][2]", "It is late."]),
        ("三个星期。[1]很久。", ["三个星期。[1]", "很久。"]),
        ("  \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_stop(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


@given(st.text())
def test_offsets_are_exact_and_nothing_but_white_space_is_left_out(text: str) -> None:
    found = list(sentences(text))
    assert all(text[one.start : one.end] == one.text for one in found)
    assert "".join("".join(one.text.split()) for one in found) == "".join(text.split())


def test_a_sentence_goes_on_where_its_line_was_wrapped() -> None:
    text = "A telescope may be kept for three weeks, and binoculars may be\nkept for six weeks. It\nis a rule."
    assert [sentence.text for sentence in sentences(text)] == [
        "A telescope may be kept for three weeks, and binoculars may be\nkept for six weeks.",
        "It\nis a rule.",
    ]


def test_rows_of_a_table_stay_whole_and_apart() -> None:
    text = (
        "item | kept for. How long? | and renewed how many times by post or at the desk\ntelescope | three weeks | once"
    )
    assert [sentence.text for sentence in sentences(text)] == text.split("\n")
