import json

import pytest

from ingest.parsing import Limits, parse
from ingest.parsing.errors import CorruptError, TooLargeError
from tests.ingest.parsing.files import archive, assert_consistent, read


@pytest.mark.parametrize(("filename", "mark"), [("x.csv", ","), ("x.csv", ";"), ("x.tsv", "\t"), ("x.csv", "|")])
def test_every_record_of_a_table_says_what_its_values_are(filename: str, mark: str) -> None:
    rows = [["City", "Country"], ["Zürich", "CH"], ["", ""], ["Lyon", "FR"]]
    document = read("\r\n".join(mark.join(row) for row in rows).encode(), filename)
    assert document.text == "City | Country\nCity: Zürich | Country: CH\nCity: Lyon | Country: FR"


def test_quoted_cells_may_hold_separators_and_line_breaks() -> None:
    assert read(b'Name,Note\nAda,"one, two\nthree"\n', "x.csv").text == "Name | Note\nName: Ada | Note: one, two three"


def test_json_becomes_lines_of_paths_and_values() -> None:
    value = {
        "name": "Ada",
        "tags": ["a", "b"],
        "born": {"year": 1815, "place": None},
        "jobs": [{"at": "x"}, {"at": "y"}],
    }
    document = read(json.dumps(value).encode(), "x.json")
    assert document.text == "name: Ada\ntags: a, b\nborn.year: 1815\njobs.at: x\njobs.at: y"


def test_json_lines_are_records() -> None:
    assert read(b'{"a": 1}\n\n{"a": "\xe4\xbd\xa0"}\n', "x.jsonl").text == "a: 1\n\na: 你"


def test_a_broken_record_is_named_by_its_line() -> None:
    with pytest.raises(CorruptError, match="Line 2"):
        read(b'{"a": 1}\n{"a": \n', "x.jsonl")


def test_json_nested_without_end_does_not_exhaust_the_stack() -> None:
    with pytest.raises(CorruptError):
        read(b"[" * 200_000 + b"]" * 200_000, "x.json")


def test_a_notebook_is_its_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Text"]},
        {"cell_type": "code", "source": "# no heading\nprint(1)", "outputs": [{"text": ["1\n"]}]},
    ]
    document = read(json.dumps({"nbformat": 4, "cells": cells}).encode(), "x.ipynb")
    assert document.text == "# Title\nText\n\n```\n# no heading\nprint(1)\n```\n\n1"
    assert [heading.title for heading in document.headings] == ["Title"]


def test_source_code_stays_as_it_is() -> None:
    code = "# comment\ndef f(x):\n\treturn {\n        'a': 1}"
    document = read(code.encode(), "f.py")
    assert document.text == code
    assert document.headings == ()


def test_open_document_text_keeps_headings_lists_and_tables() -> None:
    spaces = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    )
    body = (
        '<text:h text:outline-level="2">Part</text:h><text:p>A<text:s text:c="2"/>b <text:span>c</text:span>d</text:p>'
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list><table:table><table:table-row>"
        "<table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": f"<office:document {spaces}><office:body>{body}</office:body></office:document>",
    }
    document = read(archive(members), "x.odt")
    assert document.text == "## Part\n\nA  b cd\n- item\n\nx | y"
    assert_consistent(document)


def test_rich_text_is_read() -> None:
    assert read(rb"{\rtf1\ansi Hello {\b bold} world\par Second \u228\'e4 line\par}", "x.rtf").text.startswith(
        "Hello bold world\n\nSecond ä"
    )


@pytest.mark.parametrize("filename", ["x.txt", "x.md", "x.csv", "x.html"])
def test_more_text_than_allowed_is_refused(filename: str) -> None:
    with pytest.raises(TooLargeError, match="split it"):
        parse(b"word, word\n" * 100, filename, Limits(max_text_characters=500))
