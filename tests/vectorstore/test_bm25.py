import pytest
import qdrant_edge as edge
from hypothesis import given
from hypothesis import strategies as st

from tests.vectorstore.chunks import make_chunk
from vectorstore.bm25 import Bm25, readable


@pytest.fixture(scope="module")
def bm25() -> Bm25:
    return Bm25()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("2023", "in 2023 we moved"),
        ("4711", "订单4711已发货"),
        ("第3条", "根据第 3 条"),
        ("version 4.2", "since 4.2.1"),
        ("２０２４", "2024"),
        ("ＡＢＣ", "abc"),
        ("running", "he runs"),
        ("Café", "CAFE"),
        ("构建", "知识图谱的构建"),
        ("x86_64", "for x86_64 machines"),
        ("Smith's", "at Smith’s"),
        ("timeout", "timeout=30"),
        ("cooperate", "they co\u00adoperate"),
        ("price", "“price” → €5"),
        ("Preis", "|Preis|Größe|"),
        ("数量", "<数量>"),
    ],
)
def test_a_question_shares_words_with_a_text(bm25: Bm25, question: str, text: str) -> None:
    asked, written = bm25.question(question), bm25.chunk(make_chunk("vs", text))
    assert set(asked.indices) & set(written.indices)


@pytest.mark.parametrize(("question", "text"), [("the of and", "the of and"), ("2023", "12023"), ("cat", "category")])
def test_a_question_shares_no_words_with_a_text(bm25: Bm25, question: str, text: str) -> None:
    asked, written = bm25.question(question), bm25.chunk(make_chunk("vs", text))
    assert not set(asked.indices) & set(written.indices)


def test_headings_weigh_in(bm25: Bm25) -> None:
    bare, headed = make_chunk("vs", "two days"), make_chunk("vs", "two days", headings=("Delivery", "Europe"))
    assert set(bm25.chunk(headed).indices) > set(bm25.chunk(bare).indices)


def test_headings_weigh_half_and_once(bm25: Bm25) -> None:
    chunks = {
        "in the text": make_chunk("vs", "Delivery takes days."),
        "above": make_chunk("vs", "It takes days.", headings=("Delivery",)),
        "above and at its beginning": make_chunk("vs", "# Delivery\n\nIt takes days.", headings=("Delivery",)),
    }
    (word,) = bm25.question("delivery").indices
    found = {name: weights(bm25.chunk(chunk))[word] for name, chunk in chunks.items()}
    assert found["above"] == found["above and at its beginning"]
    assert found["above"] == pytest.approx(found["in the text"] / 2, rel=0.01)


@given(st.text())
def test_any_text_can_be_encoded(bm25: Bm25, text: str) -> None:
    for vector in (bm25.question(text), bm25.chunk(make_chunk("vs", text))):
        assert len(set(vector.indices)) == len(vector.values) == len(vector.indices)
        assert all(value > 0 for value in vector.values)


@given(
    st.text(st.characters(max_codepoint=127)) | st.lists(st.from_regex(r"[!-~]{1,12}", fullmatch=True)).map(" ".join)
)
def test_the_quick_tokenizer_cuts_ascii_as_the_other_does(bm25: Bm25, text: str) -> None:
    text = readable(text)
    for quick, thorough in (
        (bm25._ascii.embed_document, bm25._every_script.embed_document),
        (bm25._ascii.embed_query, bm25._every_script.embed_query),
    ):
        assert weights(quick(text)) == weights(thorough(text))


def weights(vector: edge.SparseVector) -> dict[int, float]:
    return dict(zip(vector.indices, vector.values, strict=True))
