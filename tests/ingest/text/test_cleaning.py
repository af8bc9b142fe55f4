import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.text.cleaning import clean, has_content

ANY_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from(" \t\n\r\f\v\x00\x85\xa0\xad\u2028\u200b\ufeff\u3000\u0301e가ᄀ\ud800")
    ),
    max_size=200,
)


@given(ANY_TEXT)
@example("a\r\n \r\n\x0b\u2028b \t")
@example("x" + " " * 500 + "y")
def test_clean_text_is_canonical(text: str) -> None:
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u2028\ufeff\ud800-\udfff]", cleaned)
    assert not re.search(r"[^\S\n]\n|\n{3}|[^\S\n]\Z", cleaned)
    cleaned.encode()


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.lists(st.text(alphabet="abc ä中\t", min_size=1).map(str.rstrip).filter(bool)))
def test_clean_lines_stay_as_they_are(lines: list[str]) -> None:
    assert clean("\n".join(lines)) == "\n".join(lines)


def test_a_letter_of_any_script_is_content_and_punctuation_is_not() -> None:
    assert has_content("…ა")
    assert has_content("—٣")
    assert not has_content(" •—…!?\n🙂")
