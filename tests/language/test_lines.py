import pytest

from language.lines import goes_on
from language.sentences import ends_sentence, sentence_ends


@pytest.mark.parametrize(
    ("before", "line", "expected"),
    [
        ("The loan of a telescope to a member of the observatory", "Lindenau ends after three weeks.", True),
        ("A short line", "and its rest", True),
        ("A short line", "Another", False),
        ("It ends here.", "and here begins another", False),
        ("The loan of a telescope to a member of the observatory", "- an item", False),
        ("The loan of a telescope to a member of the observatory", "2. an item", False),
    ],
)
def test_a_line_goes_on_where_a_full_line_stops_in_the_middle(before: str, line: str, expected: bool) -> None:
    assert goes_on(before, line) is expected


@pytest.mark.parametrize("line", ["Done.", "“Done!”", "完了。", "「是。」", "As follows:", "تم؟"])
def test_ends_of_sentences_are_known_in_many_scripts(line: str) -> None:
    assert ends_sentence(line)


def test_abbreviations_and_numbers_do_not_end_a_sentence() -> None:
    text = "Dr. Lin paid 3.5 euros, cf. Fig. 2 below. She left."
    assert [text[:end] for end in sentence_ends(text, 0, len(text))] == ["Dr. Lin paid 3.5 euros, cf. Fig. 2 below."]
