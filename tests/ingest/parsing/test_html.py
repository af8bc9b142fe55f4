import pytest

from ingest.parsing.errors import EmptyError
from ingest.parsing.extracted import Heading
from tests.ingest.parsing.files import assert_consistent, read

PAGE = """<!DOCTYPE html><html><head><title> A  page </title><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a></nav><script>var hidden = 1</script><noscript>Turn it on</noscript>
<h1>Welcome</h1><p>First <b>bold</b>
 line<br>second</p><h2 id=x>Part <em>one</em></h2>
<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>
<table><caption>Rates</caption><tr><th>Name</th><th>Value</th></tr><tr><td>H<sub>2</sub>O</td><td>1</td></tr></table>
<pre>
def f():
    return 1
</pre><div hidden>secret</div><template>t</template></body></html>"""


def test_a_page_keeps_its_structure_and_loses_its_furniture() -> None:
    document = read(PAGE.encode(), "page.html")
    assert document.text == (
        "# Welcome\n\nFirst bold line\nsecond\n\n## Part one\n\n- one\n- two\n  - deep\n\nRates\n\n"
        "Name | Value\nH2O | 1\n\n```\ndef f():\n    return 1\n```"
    )
    assert document.headings == (Heading(1, "Welcome", 0), Heading(2, "Part one", document.text.index("## Part")))
    assert document.title == "A page"
    assert_consistent(document)


@pytest.mark.parametrize("filename", ["page.html", "page", "page.txt"])
def test_html_is_known_by_its_content(filename: str) -> None:
    assert read(b"\n<!-- x -->\n<html><body><p>Hello</p></body></html>", filename).text == "Hello"


@pytest.mark.parametrize("charset", ["gbk", "shift_jis", "utf-8"])
def test_the_declared_charset_is_used(charset: str) -> None:
    page = f'<html><head><meta charset="{charset}"></head><body><p>日本</p></body></html>'
    assert read(page.encode(charset), "page.html").text == "日本"


def test_the_main_part_is_taken_when_the_page_names_it() -> None:
    page = b"<html><body><div>Menu Login</div><main><p>The text that matters</p></main><div>Imprint</div></body></html>"
    assert read(page, "x.html").text == "The text that matters"


def test_tables_that_lay_out_the_page_are_read_through() -> None:
    page = b"<html><table><tr><td><h1>Title</h1><p>One</p></td><td>Two</td></tr></table></html>"
    assert read(page, "x.html").text.split("\n\n")[:2] == ["# Title", "One"]


def test_a_page_nested_very_deeply_is_read() -> None:
    page = b"<html>" + b"<div>" * 8_000 + b"<ul><li>bottom</li></ul>"
    assert "bottom" in read(page, "x.html").text


def test_many_comments_in_front_of_other_text_are_no_trap() -> None:
    text = "<!-- a --> " * 2_000 + "text"
    assert read(text.encode(), "notes").text == text


def test_a_page_without_words_is_empty() -> None:
    with pytest.raises(EmptyError):
        read(b"<html><body><script>words()</script><p>***</p></body></html>", "x.html")
