import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunking import Span, split
from ingest.parsing.extracted import Extracted, Heading, Page
from ingest.parsing.markdown import find_headings
from upstream.tokens import count_tokens

WORDS = st.sampled_from(
    [
        "word",
        "Mr. Smith",
        "ends. Next",
        "中文字符",
        "句子。下一句！",
        "かな、",
        "👩‍👩‍👧",
        "e\u0301\u0302",
        "a" * 90,
        "``",
        "| x | y |",
    ]
)
LINES = st.one_of(
    st.lists(WORDS, max_size=12).map(" ".join),
    st.sampled_from(["# Top", "## Second", "### Third", "- item", "```", "", "", "    code()", "1. first"]),
    st.text(max_size=60),
)
TEXTS = st.lists(LINES, max_size=40).map("\n".join)
LIMITS = st.tuples(st.integers(8, 120), st.integers(0, 80))
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def extracted(text: str, pages: tuple[Page, ...] = ()) -> Extracted:
    return Extracted(text, tuple(find_headings(text)), pages, "text/markdown", None)


def texts(document: Extracted, spans: list[Span]) -> list[str]:
    return [document.text[span.start : span.end] for span in spans]


@PATIENT
@given(TEXTS, LIMITS)
def test_every_chunk_is_within_the_limit_trimmed_and_not_empty(text: str, limits: tuple[int, int]) -> None:
    document = extracted(text)
    for chunk in texts(document, split(document, max_tokens=limits[0], overlap_tokens=limits[1])):
        assert 0 < count_tokens(chunk) <= limits[0]
        assert chunk == chunk.strip()


@PATIENT
@given(TEXTS, LIMITS)
def test_chunks_cover_every_word_in_order(text: str, limits: tuple[int, int]) -> None:
    spans = split(extracted(text), max_tokens=limits[0], overlap_tokens=limits[1])
    position = 0
    for span in spans:
        assert not text[position : span.start].strip()
        assert span.end > position
        position = span.end
    assert not text[position:].strip()
    starts = [span.start for span in spans]
    assert starts == sorted(set(starts))


@PATIENT
@given(TEXTS, LIMITS)
def test_the_overlap_is_within_its_limit(text: str, limits: tuple[int, int]) -> None:
    max_tokens, overlap_tokens = limits
    spans = split(extracted(text), max_tokens=max_tokens, overlap_tokens=overlap_tokens)
    for before, after in itertools.pairwise(spans):
        shared = text[after.start : before.end].strip()
        assert count_tokens(shared) <= min(overlap_tokens, max_tokens // 2)


@PATIENT
@given(TEXTS, LIMITS)
def test_the_same_document_always_yields_the_same_chunks(text: str, limits: tuple[int, int]) -> None:
    first, second = (split(extracted(text), max_tokens=limits[0], overlap_tokens=limits[1]) for _ in range(2))
    assert first == second


@PATIENT
@given(TEXTS, LIMITS)
def test_a_chunk_knows_the_headings_above_it(text: str, limits: tuple[int, int]) -> None:
    document = extracted(text)
    for span in split(document, max_tokens=limits[0], overlap_tokens=limits[1]):
        above: list[Heading] = []
        for heading in document.headings:
            if heading.start <= span.start:
                above = [item for item in above if item.level < heading.level] + [heading]
        path = tuple(item.title for item in above)
        assert span.headings[: len(path)] == path
        if len(span.headings) > len(path):  # only headings that directly follow the one it begins with
            assert above
            assert above[-1].start == span.start


def test_a_page_is_the_one_the_chunk_starts_on() -> None:
    first = "One sentence on the first page. " * 20
    text = f"{first.strip()}\n\n{'Another on the second page. ' * 20}".strip()
    pages = (Page(1, 0), Page(3, len(first.strip()) + 2))
    spans = split(extracted(text, pages), max_tokens=60, overlap_tokens=0)
    assert {span.page for span in spans} == {1, 3}
    assert all((span.page == 3) == (span.start >= pages[1].start) for span in spans)


def test_without_pages_there_is_no_page() -> None:
    assert split(extracted("Some text"), max_tokens=50, overlap_tokens=0)[0].page is None


def test_a_title_and_the_first_section_under_it_are_both_in_the_path() -> None:
    (span,) = split(extracted("# Guide\n\n## Install\n\nRun it."), max_tokens=50, overlap_tokens=0)
    assert span.headings == ("Guide", "Install")


def test_a_full_section_is_not_mixed_with_the_next() -> None:
    body = "A sentence about one thing only. " * 8
    text = f"## One\n\n{body.strip()}\n\n## Two\n\n{body.strip()}"
    document = extracted(text)
    chunks = texts(document, split(document, max_tokens=100, overlap_tokens=40))
    assert [chunk.split("\n")[0] for chunk in chunks] == ["## One", "## Two"]


def test_small_sections_are_packed_together() -> None:
    text = "\n\n".join(f"## Part {number}\n\nShort." for number in range(10))
    assert len(split(extracted(text), max_tokens=200, overlap_tokens=0)) == 1


def test_no_chunk_ends_with_a_heading() -> None:
    text = "\n\n".join(f"### Part {number}\n\n{'Words that fill the part up. ' * 5}".strip() for number in range(20))
    document = extracted(text)
    for max_tokens in range(45, 120, 7):
        chunks = texts(document, split(document, max_tokens=max_tokens, overlap_tokens=0))
        assert not [chunk for chunk in chunks if chunk.split("\n")[-1].startswith("#")]


def test_chunks_of_prose_end_where_sentences_end() -> None:
    text = "Dr. Adams arrived at 3.5 p.m. on Monday. She spoke for an hour! Was it long? It was. " * 30
    document = extracted(text.strip())
    chunks = texts(document, split(document, max_tokens=64, overlap_tokens=0))
    assert len(chunks) > 5
    assert all(chunk[-1] in ".!?" and not chunk.endswith("Dr.") for chunk in chunks)


def test_chunks_of_chinese_end_where_sentences_end() -> None:
    document = extracted("这是一个关于检索的句子，它并不长。“还有一句引文！”第三句在这里？" * 40)
    chunks = texts(document, split(document, max_tokens=100, overlap_tokens=30))
    assert len(chunks) > 5
    assert all(chunk[-1] in "。！？”" and not chunk.startswith("”") for chunk in chunks)


def test_table_rows_and_list_items_stay_whole() -> None:
    rows = [f"| row {number} | some value. Other value | 中文 |" for number in range(60)]
    document = extracted("\n".join(rows))
    for chunk in texts(document, split(document, max_tokens=80, overlap_tokens=20)):
        assert set(chunk.split("\n")) <= set(rows)


def test_wrapped_lines_break_between_sentences_rather_than_at_line_ends() -> None:
    sentence = "this sentence runs over the end of\nits line because the text was wrapped. "
    document = extracted((sentence.capitalize() * 30).replace(" \n", "\n").strip())
    chunks = texts(document, split(document, max_tokens=70, overlap_tokens=0))
    assert len(chunks) > 3
    assert all(chunk.endswith(".") for chunk in chunks)


def test_the_next_chunk_repeats_whole_sentences() -> None:
    sentences = [f"Sentence number {number} is about something else." for number in range(50)]
    document = extracted(" ".join(sentences))
    spans = split(document, max_tokens=60, overlap_tokens=25)
    for before, after in itertools.pairwise(spans):
        shared = document.text[after.start : before.end]
        assert shared
        assert shared in document.text
        assert shared.startswith("Sentence number")
        assert shared.endswith(".")


def test_a_combined_emoji_is_not_torn_apart() -> None:
    family = "👩‍👩‍👧‍👦"
    document = extracted(family * 200)
    for chunk in texts(document, split(document, max_tokens=128, overlap_tokens=0)):
        assert not chunk.startswith("\u200d")
        assert not chunk.endswith("\u200d")


def test_monsters_are_counted_in_pieces() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return count_tokens(text)

    for text in ("a" * 300_000, "字" * 300_000, " x" * 150_000, "\n" * 300_000, ". " * 150_000, "e\u0301" * 150_000):
        counted = 0
        document = Extracted(text, (), (), "text/plain", None)
        spans = split(document, max_tokens=800, overlap_tokens=400, count_tokens=count)
        assert counted <= 6 * len(text)
        assert sum(span.end - span.start for span in spans) <= 3 * len(text)
