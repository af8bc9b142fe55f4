import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking import Span, split
from ingest.parsing import Extracted, Heading, Page, pack_layout, unpack_layout
from tests.ingest.parsing.files import pdf, read

NUMBERS = st.integers(0, 1_000_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = st.lists(TEXTS, max_size=3).map(tuple)
DOCUMENTS = st.builds(
    Extracted,
    text=TEXTS,
    headings=st.lists(st.builds(Heading, st.integers(1, 9), TEXTS, NUMBERS), max_size=5).map(tuple),
    pages=st.lists(st.builds(Page, NUMBERS, NUMBERS), max_size=5).map(tuple),
    media_type=TEXTS,
    title=st.none() | TEXTS,
)
SPANS = st.lists(st.builds(Span, NUMBERS, NUMBERS, st.none() | NUMBERS, PATHS), max_size=5)


@given(DOCUMENTS, SPANS)
def test_a_document_comes_back_from_its_layout_and_its_text(document: Extracted, spans: list[Span]) -> None:
    assert unpack_layout(pack_layout(document, spans), document.text) == (document, spans)


def test_a_layout_does_not_hold_the_text_and_is_small() -> None:
    document = read(pdf([["A line of words number {index}."] * 50] * 200, title="T"), "x.pdf")
    spans = split(document, max_tokens=100, overlap_tokens=50)
    data = pack_layout(document, spans)
    assert len(spans) > 1_000
    assert len(data) < 20 * len(spans)


@pytest.mark.parametrize("data", [b"", b"nonsense", pack_layout(Extracted("", (), (), "", None), [])[:-6]])
def test_bytes_that_are_no_layout_are_told_apart(data: bytes) -> None:
    with pytest.raises(ValueError, match="no layout"):
        unpack_layout(data, "text")
