from hypothesis import example, given
from hypothesis import strategies as st

from search.citation import citations_of
from tests.search.hits import hit

LOANS = hit("Telescopes are lent for three weeks. Star charts are lent for three months.", start=100)
DAMAGE = hit("Report damage within two days. 会员支付前五十欧元。", document_id="doc_2")


def test_a_claim_is_tied_to_the_sentence_closest_to_it() -> None:
    (citation,) = citations_of("You may keep a telescope for three weeks [1].", [LOANS, DAMAGE])
    assert citation.quote == "Telescopes are lent for three weeks."
    assert (citation.number, citation.start, citation.end) == (1, 100, 136)
    assert citation.claim == "You may keep a telescope for three weeks."


def test_a_citation_tells_where_its_marker_stands() -> None:
    answer = "Charts stay three months. Damage is reported in two days [2][1]. Again [2]."
    found = citations_of(answer, [LOANS, DAMAGE])
    assert [answer[one.index : one.index + 3] for one in found] == ["[2]", "[1]", "[2]"]
    assert [one.index for one in found] == [57, 60, 71]


def test_each_marker_of_a_sentence_gets_its_footnote() -> None:
    found = citations_of("Charts stay three months; damage is reported in two days [1][2].", [LOANS, DAMAGE])
    assert [citation.quote for citation in found] == [
        "Star charts are lent for three months.",
        "Report damage within two days.",
    ]


def test_a_marker_behind_the_full_stop_belongs_to_the_sentence_before() -> None:
    (citation,) = citations_of("会员支付前五十欧元。[2] 其余由保险支付。", [LOANS, DAMAGE])
    assert citation.claim == "会员支付前五十欧元。"
    assert citation.quote == "会员支付前五十欧元。"


def test_a_sentence_without_a_marker_has_no_footnote() -> None:
    assert citations_of("Telescopes are lent for three weeks.", [LOANS]) == []


@given(st.text(min_size=1).filter(lambda text: text.strip() != ""), st.text(), st.integers(0, 1000))
def test_every_quote_stands_in_its_document_at_its_offsets(passage: str, claim: str, start: int) -> None:
    document = "x" * start + passage
    for citation in citations_of(f"{claim} [1]", [hit(passage, start=start)]):
        assert document[citation.start : citation.end] == citation.quote != ""


def test_a_block_of_code_has_no_footnotes() -> None:
    answer = "Run this [2].\n```\nx = rows[99]\ny = rows[0]\n\nz = rows[1]\n```\nTelescopes are lent for weeks [1]."
    found = citations_of(answer, [LOANS, DAMAGE])
    assert [(citation.number, citation.claim) for citation in found] == [
        (2, "Run this."),
        (1, "Telescopes are lent for weeks."),
    ]


def test_code_within_a_sentence_is_part_of_the_claim_but_no_marker() -> None:
    (citation,) = citations_of("`a. B[1]` is read, as is `rows[9]` [2]. The rest is not.", [LOANS, DAMAGE])
    assert (citation.number, citation.claim) == (2, "`a. B[1]` is read, as is `rows[9]`.")


PIECES = st.sampled_from(["```", "`", "\n", "x = rows[1]. ", "[0]", "[1]", "[2]", "[99]", " ", "Charts stay. ", "句。"])


@given(st.lists(PIECES | st.text(max_size=5)).map("".join), st.integers(0, 3))
@example("```\nx = rows[99]\n```", 1)
@example("```\nx = rows[0]\n```", 2)
@example("Nothing [1].", 0)
def test_any_answer_has_only_footnotes_that_name_and_quote_a_passage(answer: str, count: int) -> None:
    passages = [LOANS, DAMAGE, hit("One dome.", start=7)][:count]
    for citation in citations_of(answer, passages):
        chunk = passages[citation.number - 1].chunk
        assert 1 <= citation.number <= count
        assert citation.hit.chunk is chunk
        assert chunk.text[citation.start - chunk.start : citation.end - chunk.start] == citation.quote != ""
