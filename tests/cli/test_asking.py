import json
import os
import re
from pathlib import Path
from textwrap import wrap

import httpx
import pytest

from tests.cli.terminal import run, started, until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.ingest.parsing.files import pdf
from tests.serving import add_and_wait

SENTENCE = (
    "A telescope [bold] may be kept :cat: for three weeks, and whoever keeps it for longer than that without "
    "having asked for it at the desk beforehand pays two euros a day to the society, though never more than forty."
)
QUESTION = "How long may a telescope be kept?"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@pytest.fixture
def store(http: httpx.Client) -> str:
    """A store with a PDF whose second page says how long."""
    if not http.get("/stores/loans").is_success:
        http.post("/stores", json={"name": "loans"})
        pages = [["The society was founded in 1911."], wrap(SENTENCE, 70)]
        add_and_wait(http, {"loans.pdf": pdf(pages)}, store="loans", attributes='{"year": 2024}')
    return "loans"


def test_search_shows_place_and_text_on_whole_lines(address: str, store: str, tmp_path: Path) -> None:
    found = run(tmp_path, "search", QUESTION, "--store", store, FOOTNOTE_URL=address)
    assert (found.status, found.err) == (0, "")
    place, text = found.out.splitlines()
    assert place.startswith("1. loans.pdf, page 1")
    assert " ".join(text.split())[: len(SENTENCE)] in f"The society was founded in 1911. {SENTENCE}"
    assert "[bold] may be kept :cat: for three weeks" in text
    assert not CONTROL.search(found.out)


def test_search_prints_json_and_filters(address: str, store: str, tmp_path: Path) -> None:
    condition = '{"type": "gt", "key": "year", "value": 2030}'
    with (
        started(tmp_path, "search", QUESTION, "--store", store, "--json", FOOTNOTE_URL=address) as plain,
        started(tmp_path, "search", "x", "--store", store, "--filter", condition, FOOTNOTE_URL=address) as filtered,
        started(tmp_path, "search", "x", "--store", store, "--filter", "{year", FOOTNOTE_URL=address) as wrong,
        started(tmp_path, "search", "x", "--store", "nowhere", FOOTNOTE_URL=address) as nowhere,
        started(tmp_path, "ask", "x", "--filter", '{"value": NaN}', FOOTNOTE_URL=address) as not_a_number,
        started(tmp_path, "ask", "x", "--filter", "1e999", FOOTNOTE_URL=address) as without_end,
        started(tmp_path, "ask", os.fsdecode(b"caf\xe9?"), FOOTNOTE_URL=address) as not_text,
    ):
        hit = json.loads(plain.ended().out)["data"][0]
        assert (hit["filename"], hit["attributes"]) == ("loans.pdf", {"year": 2024})
        assert filtered.ended().out == "Nothing found.\n"
        assert (wrong.ended().status, wrong.ended().err) == (1, "--filter is not JSON: {year\n")
        assert (nowhere.ended().status, nowhere.ended().err.count("\n")) == (1, 1)
        assert "There is no store 'nowhere'" in nowhere.ended().err
        assert (not_a_number.ended().status, not_a_number.ended().err) == (1, '--filter is not JSON: {"value": NaN}\n')
        assert (without_end.ended().status, without_end.ended().err) == (1, "--filter is not JSON: 1e999\n")
        assert (not_text.ended().status, not_text.ended().err.count("\n")) == (1, 1)
        assert "not UTF-8" in not_text.ended().err


def test_an_answer_comes_piece_by_piece_and_ends_with_its_footnotes(
    address: str, store: str, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("stall_stream"))
    with started(tmp_path, "ask", QUESTION, "--store", store, FOOTNOTE_URL=address) as asked:
        until(lambda: asked.text != "" or asked.process.poll() is not None)
        assert asked.process.poll() is None
        assert SENTENCE.startswith(asked.text)
        upstream.release()
        ended = asked.ended()
    assert (ended.status, ended.err) == (0, "")
    answer, _, footnotes = ended.out.partition("\n\n")
    assert answer == f"{SENTENCE} [1]"
    assert footnotes.splitlines() == ["[1] loans.pdf, page 2", f"    “{SENTENCE}”"]


def test_an_answer_as_json_is_the_services_own(address: str, store: str, upstream: FakeOpenAI, tmp_path: Path) -> None:
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body="三周 [1]。"))
    asked = run(tmp_path, "ask", QUESTION, "--store", store, "--json", FOOTNOTE_URL=address)
    answer = json.loads(asked.out)
    assert (asked.status, answer["answer"], answer["method"]) == (0, "三周 [1]。", "chat")
    assert "三周" in asked.out
    assert [citation["filename"] for citation in answer["citations"]] == ["loans.pdf"]


def test_a_model_cannot_take_over_the_terminal(address: str, store: str, upstream: FakeOpenAI, tmp_path: Path) -> None:
    upstream.script(
        Behaviour("slow_stream", seconds=0), Behaviour("reply", body="\x1b]0;owned\x07Three [/bold] :cat: \\ [1].")
    )
    asked = run(tmp_path, "ask", QUESTION, "--store", store, FOOTNOTE_URL=address)
    assert not CONTROL.search(asked.out)
    assert asked.out.startswith("]0;ownedThree [/bold] :cat: \\ [1].\n")


def test_an_upstream_that_breaks_off_ends_the_command_with_a_reason(
    address: str, store: str, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    asked = run(tmp_path, "ask", QUESTION, "--store", store, "--json", FOOTNOTE_URL=address)
    assert (asked.status, asked.out, asked.err.count("\n")) == (1, "", 1)
    assert "upstream" in asked.err
