from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.extracted import Heading
from ingest.parsing.markdown import find_headings
from tests.ingest.parsing.files import assert_consistent, read


def headings(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in find_headings(text)]


def test_the_text_stays_as_it_is_and_headings_are_found_in_it() -> None:
    text = "# Guide { #guide }\n\nSome *text*.\n\n  ## Install\n\n* item"
    document = read(text.encode(), "guide.md")
    assert document.text == text
    assert document.headings == (Heading(1, "Guide", 0), Heading(2, "Install", text.index("## Install")))
    assert document.title == "Guide"
    assert document.media_type == "text/markdown"
    assert_consistent(document)


def test_comments_in_code_are_no_headings() -> None:
    text = "```python\n# not\n```\n\n~~~~\n# not\n~~~\n# not\n~~~~\n\n# Yes\n\n```\n# not, the fence stays open"
    assert headings(text) == [(1, "Yes")]


def test_what_is_commented_out_is_no_heading() -> None:
    assert headings("<!--\n# not\n-->\n# Yes\n<!-- # not -->") == [(1, "Yes")]


def test_comments_that_are_never_closed_hide_the_rest() -> None:
    assert headings("# Yes\n" + "<!--\n" * 100_000 + "# not") == [(1, "Yes")]


def test_underlined_headings_count_and_rules_and_tables_do_not() -> None:
    text = "Top\n===\n\nSecond\n------\n\n---\n\n| a | b |\n--\n\nlong\nparagraph\n---\n\n- item\n---"
    assert headings(text) == [(1, "Top"), (2, "Second")]


def test_front_matter_gives_the_title_and_no_headings() -> None:
    document = read(b"---\ntitle: 'My page'\n# comment: x\ntags: a\n---\n\n## Section\n\nText", "page.md")
    assert document.title == "My page"
    assert [heading.title for heading in document.headings] == ["Section"]


def test_marks_links_and_tags_are_left_out_of_titles() -> None:
    text = '# The `code` **bold** [link](https://x.y "t") <abbr title="q">A</abbr> ##'
    assert headings(text) == [(1, "The code bold link A")]


def test_hash_tags_and_seven_marks_are_no_headings() -> None:
    assert headings("#tag\n####### seven\n#\n    # code") == []


@given(st.text(alphabet="#=-`~ \n>ab<!", max_size=80))
def test_headings_are_in_order_and_start_a_line(text: str) -> None:
    found = list(find_headings(text))
    assert [heading.start for heading in found] == sorted({heading.start for heading in found})
    for heading in found:
        assert not text[: heading.start].rpartition("\n")[2].strip()
