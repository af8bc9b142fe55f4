"""Joined passages hold exactly what their document holds."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.ids import DocumentId
from search.neighbours import join_neighbours
from search.passages import passages_of
from vectorstore import Chunk, Hit

TEXT = "One may borrow a telescope.\n\n It must come back\nin three weeks.  Or six. 二十一天之内归还。"
PAGES = (1, 30, 50)
"""Where pages 1, 2 and 3 start; the first characters stand on no page of their own."""


def chunk(index: int, start: int, end: int, *, headings: tuple[str, ...] = (), document_id: str = "doc_1") -> Chunk:
    return Chunk(
        store_id="vs_1",
        document_id=document_id,
        version=1,
        index=index,
        text=TEXT[start:end],
        start=start,
        end=end,
        filename="loans.pdf",
        page=max(sum(place <= start for place in PAGES), 1),
        page_starts=tuple(place for place in PAGES[1:] if start < place < end),
        headings=headings,
    )


def joined(*chunks: Chunk, text: str | None = TEXT) -> Sequence[Hit]:
    async def texts(*_: DocumentId | int) -> str | None:
        return text

    hits = [Hit(one, 1 / (rank + 1)) for rank, one in enumerate(chunks)]
    return asyncio.run(join_neighbours(hits, texts))


def spans(hits: Sequence[Hit]) -> list[tuple[int, int]]:
    return [(hit.chunk.start, hit.chunk.end) for hit in hits]


def trimmed(start: int, end: int) -> tuple[int, int]:
    """As chunks are cut: without white space at either end."""
    piece = TEXT[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


@st.composite
def cut_documents(draw: st.DrawFn) -> list[Chunk]:
    """Some of the chunks of the text, overlapping or not, in any order."""
    cuts = sorted(draw(st.sets(st.integers(1, len(TEXT) - 1), max_size=6)))
    overlap = draw(st.integers(0, 8))
    edges = zip([0, *cuts], [*cuts, len(TEXT)], strict=True)
    places = [trimmed(max(start - overlap, 0), end) for start, end in edges]
    chunks = [chunk(index, start, end) for index, (start, end) in enumerate(places) if start < end]
    return list(draw(st.permutations(draw(st.lists(st.sampled_from(chunks), unique_by=lambda one: one.index)))))


@settings(max_examples=50)
@given(cut_documents())
def test_a_passage_is_the_text_of_its_document_with_the_right_pages(chunks: list[Chunk]) -> None:
    for hit in joined(*chunks):
        one = hit.chunk
        assert TEXT[one.start : one.end] == one.text
        for place in (place for place in range(one.start, one.end) if not TEXT[place].isspace()):
            assert one.page_at(place) == max(sum(start <= place for start in PAGES), 1)


@settings(max_examples=50)
@given(cut_documents())
def test_every_chunk_is_in_one_passage_and_the_best_stand_first(chunks: list[Chunk]) -> None:
    passages = joined(*chunks)
    found = [
        next(n for n, hit in enumerate(passages) if hit.chunk.start <= one.start and one.end <= hit.chunk.end)
        for one in chunks
    ]
    assert list(dict.fromkeys(found)) == list(range(len(passages)))
    assert [hit.score for hit in passages] == sorted((hit.score for hit in passages), reverse=True)


def test_neighbours_are_one_passage_under_the_name_of_the_best() -> None:
    last, first, far = chunk(1, 30, 62), chunk(0, 0, 27), chunk(3, 74, len(TEXT))
    (passage, other) = joined(last, far, first)
    assert passage.chunk.text == TEXT[:62]
    assert (passage.chunk.page, passage.chunk.page_starts) == (1, (30, 50))
    assert (passage.chunk.id, passage.score) == (last.id, 1.0)
    assert other.chunk == far


def test_what_overlaps_comes_once() -> None:
    assert [hit.chunk.text for hit in joined(chunk(0, 0, 40), chunk(1, 18, 62))] == [TEXT[:62]]


@pytest.mark.parametrize(
    "second",
    [
        chunk(2, 30, 62),
        chunk(1, 30, 62, headings=("Loans",)),
        chunk(1, 30, 62, document_id="doc_2"),
    ],
)
def test_chunks_that_do_not_follow_each_other_stay_apart(second: Chunk) -> None:
    assert [hit.chunk for hit in joined(chunk(0, 0, 27), second)] == [chunk(0, 0, 27), second]


@pytest.mark.parametrize("text", [None, "", TEXT.replace("telescope", "microscope"), TEXT[:40]])
def test_chunks_stay_apart_where_the_text_between_them_is_not_known(text: str | None) -> None:
    assert spans(joined(chunk(0, 0, 27), chunk(1, 30, 62), text=text)) == [(0, 27), (30, 62)]


def test_each_text_is_read_once() -> None:
    read = []

    async def texts(document_id: DocumentId, version: int) -> str | None:
        read.append((document_id, version))
        return TEXT

    hits = [Hit(chunk(index, *place), 0.5) for index, place in enumerate([(0, 27), (30, 46), (47, 62), (64, 71)])]
    passages = asyncio.run(passages_of(hits, limit=5, max_tokens=1000, per_document=None, texts=texts))
    assert spans(passages) == [(0, 71)]
    assert read == [("doc_1", 1)]
