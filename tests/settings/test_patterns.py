import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.patterns import fits


@pytest.mark.parametrize(
    ("name", "pattern", "is_one"),
    [
        ("gpt-4o", "gpt-*", True),
        ("gpt-4o", "*", True),
        ("", "*", True),
        ("gpt-4o-mini", "gpt-4o", False),
        ("my-gpt-4o", "gpt-*", False),
        ("gpt-4o", "*4?", False),
        ("a\nb", "a*", True),
    ],
)
def test_a_star_stands_for_any_characters(name: str, pattern: str, is_one: bool) -> None:
    assert fits(name, pattern) is is_one


@given(st.text(st.characters(exclude_characters="*")))
def test_nothing_else_has_a_meaning_of_its_own(name: str) -> None:
    assert fits(name, name)
