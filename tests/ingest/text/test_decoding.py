import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.decoding import decode
from tests.ingest.text.samples import SAMPLES

CASES = [(name, encoding) for name, (_, encodings) in SAMPLES.items() for encoding in encodings]
LONGER = {"Polish": 140, "French": 140, "German": 120}


@pytest.mark.parametrize(("language", "encoding"), CASES)
@given(data=st.data())
def test_a_few_dozen_characters_are_enough_to_find_the_encoding(
    language: str, encoding: str, data: st.DataObject
) -> None:
    text = SAMPLES[language][0]
    length = LONGER.get(language, 60)
    start = data.draw(st.integers(0, max(0, len(text) - length)))
    piece = text[start : start + length]
    assert decode(piece.encode(encoding)) == piece


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_decides_and_disappears(mark: bytes, encoding: str) -> None:
    assert decode(mark + "Grüße 你好".encode(encoding)) == "Grüße 你好"


@given(st.text())
def test_utf_8_survives_whatever_it_holds(text: str) -> None:
    encoded = text.encode()
    if not encoded.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)) and "\0" not in text:
        assert decode("abc ä ".encode() + encoded) == "abc ä " + text or any(character < " " for character in text)


@given(st.binary(max_size=300))
def test_any_bytes_decode_to_something(data: bytes) -> None:
    assert isinstance(decode(data), str)


@pytest.mark.parametrize("word", ["Ein Café", "naïve", "Müller", "déjà vu", "El Niño"])
def test_one_accent_does_not_make_a_text_chinese(word: str) -> None:
    assert decode(word.encode("cp1252")) == word


def test_a_declared_charset_is_believed_where_it_fits() -> None:
    assert decode("中文".encode("big5"), "big5") == "中文"


def test_a_declared_charset_that_does_not_exist_is_ignored() -> None:
    assert decode("Grüße".encode(), "x-nonsense") == "Grüße"


def test_a_broken_byte_does_not_turn_utf_8_into_something_else() -> None:
    data = "Größe und Länge, überall schöne Töne und süße Äpfel".encode() + b" \xff end"
    assert decode(data).startswith("Größe und Länge")
