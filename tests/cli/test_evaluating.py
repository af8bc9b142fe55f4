"""`footnote eval` against a running service, and with one of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.client import Client, ClientError
from cli.evaluating.drafts import Drafter
from cli.evaluating.running import Evaluation, Wish
from cli.evaluating.variants import variants_of
from search.evaluation import EvaluationError, read_set
from tests.cli.terminal import run
from tests.fakes.openai_server import Behaviour, FakeOpenAI

CORPUS = [
    {"_id": "loans/1", "title": "Loans", "text": "A telescope may be kept for three weeks."},
    {"_id": "copy", "title": "Loans", "text": "A telescope may be kept for three weeks."},
    {"_id": "dome", "title": "Dome", "text": "The dome is opened one hour before observing."},
    {"_id": "指南", "title": "指南", "text": "望远镜使用以后必须盖好。"},
    {"_id": "blank", "title": "", "text": " "},
]
QUERIES = [
    {"_id": "q1", "text": "A telescope may be kept for how many weeks?"},
    {"_id": "q2", "text": "When is the dome opened before observing?"},
    {"_id": "q3", "text": "What is paid for a lost eyepiece?"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\tloans/1\t1\nq1\tcopy\t1\nq2\tdome\t1\n"
ANSWERS = [
    {"_id": "q1", "answers": ["three weeks"]},
    {"_id": "q2", "answers": ["one hour before observing"]},
    {"_id": "q3", "answers": [], "is_impossible": True},
]
EVERY_FIGURE = {"ndcg@10", "mrr@10", "citation_precision", "citation_recall", "quote_exactness", "token_f1", "contains"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "telescopes"
    root.mkdir()
    for name, values in (("corpus", CORPUS), ("queries", QUERIES), ("answers", ANSWERS)):
        lines = [json.dumps(value, ensure_ascii=False) for value in values]
        (root / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (root / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    return root


def test_a_set_becomes_a_report(address: str, folder: Path, tmp_path: Path) -> None:
    wanted = ("eval", str(folder), "--compare", "mode=bm25,limit=5", "--json", "r.json", "--html", "r.html")
    first = run(tmp_path, *wanted, FOOTNOTE_URL=address)
    assert first.status == 0, first.err
    assert "4 files searchable (1 of them already there), 3 chunks." in first.err
    assert "blank.html: " in first.err
    assert "telescopes: 3 questions, 3 documents" in first.out
    assert "1 document of the set cannot be searched; 0 questions" in first.out
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    as_set, compared = report["rows"]
    assert as_set["metrics"].keys() >= EVERY_FIGURE
    assert {as_set["metrics"][name]["value"] for name in ("ndcg@10", "mrr@10", "recall@10")} == {1.0}
    assert {as_set["metrics"][name]["value"] for name in ("quote_exactness", "contains")} == {1.0}
    assert (compared["name"], compared["settings"]) == ("mode=bm25, limit=5", {"mode": "bm25", "limit": 5})
    assert (report["counts"]["unanswerable"], report["method"], report["documents"]) == (1, "chat", 3)
    assert list(report["failed"]) == ["blank"]
    assert set(report["questions"][0]["found"][0]) == {"loans/1", "copy", "dome", "指南"}
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_table_is_measured_on_documents_that_are_there(address: str, tmp_path: Path) -> None:
    (tmp_path / "loans.md").write_text("# Loans\n\nA telescope may be kept for three weeks.\n", encoding="utf-8")
    assert run(tmp_path, "add", "loans.md", "--store", "table", FOOTNOTE_URL=address).status == 0
    table = tmp_path / "questions.csv"
    table.write_text(
        "question,documents,answer\nA telescope may be kept for how many weeks?,loans.md,three weeks\n",
        encoding="utf-8-sig",
    )
    measured = run(tmp_path, "eval", "questions.csv", "--store", "table", "--json", "r.json", FOOTNOTE_URL=address)
    assert measured.status == 0, measured.err
    metrics = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["rows"][0]["metrics"]
    assert (metrics["mrr@10"]["value"], metrics["citation_precision"]["value"], metrics["contains"]["value"]) == (
        1,
        1,
        1,
    )

    table.write_text("question,documents\nWho?,lost.md\n", encoding="utf-8")
    refused = run(tmp_path, "eval", "questions.csv", "--store", "table", FOOTNOTE_URL=address)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "questions.csv, line 2: the store has no searchable document 'lost.md'. Add it, or mend the name.\n"
    )


def wish(**different: Any) -> Wish:
    nothing: dict[str, Any] = dict.fromkeys(("store", "limit", "answers", "json", "html"))
    return Wish(**{**nothing, "settings": {}, "compared": [], "floors": [], "seed": 0, "command": ""} | different)


def test_thousands_of_questions_are_answered_only_when_told_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"Question {n}?,,answer {n}\n" for n in range(1_001))
    table = folder / "many.csv"
    table.write_text(f"question,documents,answer\nWho?,loans.md,\n{rows}", encoding="utf-8")
    Evaluation(wish(path=table), Console())
    told = " ".join(capsys.readouterr().out.split())
    assert "Answers to 1002 questions are asked for only with --answers; --limit asks fewer." in told
    assert "1001 questions left out, of which nothing is measured." in told
    for different in ({"answers": True}, {"limit": 1_000}):
        Evaluation(wish(path=table, **different), Console())
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"path": Path("nowhere")}, "nowhere is neither a folder"),
        ({"floors": ["ndcg=1"]}, "There is no figure 'ndcg'"),
        ({"compared": ["colour=red"]}, "--compare knows no 'colour'"),
        ({"floors": ["contains=1"], "answers": False}, "--fail-under contains needs answers"),
        ({"html": Path("nowhere/r.html")}, "there is no folder"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_asked(folder: Path, different: dict[str, Any], message: str) -> None:
    with pytest.raises((ClientError, EvaluationError), match=message):
        Evaluation(wish(**{"path": folder} | different), Console(quiet=True))


def test_a_service_that_was_named_and_is_not_there_is_not_replaced_by_another(folder: Path, tmp_path: Path) -> None:
    ended = run(tmp_path, "eval", str(folder), FOOTNOTE_URL="http://127.0.0.1:9")
    assert (ended.status, ended.out) == (1, "")
    assert "There is no service at http://127.0.0.1:9" in ended.err
    assert "Name a set of questions" in run(tmp_path, "eval").err


def test_questions_are_drafted_for_people_to_edit(address: str, upstream: FakeOpenAI, tmp_path: Path) -> None:
    drafts = [{"question": f"How long, {n}?", "answer": "three weeks"} for n in range(4)]
    text = f"A telescope may be kept for three weeks. {'It stands in the dome. ' * 10}"
    (tmp_path / "loans.md").write_text(text, encoding="utf-8")
    assert run(tmp_path, "add", "loans.md", "--store", "drafts", FOOTNOTE_URL=address).status == 0
    replies: list[object] = [*drafts, "no JSON", {"question": "Who pays?"}]
    upstream.script(*(Behaviour("reply", body=json.dumps(reply)) for reply in replies))
    wanted = ("eval", "--make", "q.csv", "--store", "drafts", "--count", "5")
    made, again = (run(tmp_path, *wanted, FOOTNOTE_URL=address) for _ in range(2))
    assert made.status == 0, made.err
    assert "5 questions drafted in q.csv" in made.err
    questions = read_set(tmp_path / "q.csv").questions
    assert [question.text for question in questions] == [*(draft["question"] for draft in drafts), "Who pays?"]
    assert [(list(q.relevant), q.answers) for q in questions[:4]] == [(["loans.md"], ["three weeks"])] * 4
    assert questions[4].unanswerable
    assert (again.status, "q.csv is there already" in again.err) == (1, True)


def test_where_no_service_runs_one_is_started_for_as_long_as_it_takes(
    upstream: FakeOpenAI, folder: Path, tmp_path: Path
) -> None:
    """And once more on the same data, which are there already; without a chat model, both times."""
    own = {"FOOTNOTE_KEYS_ADMIN_KEY": f"sk-fn-{'a' * 43}", "FOOTNOTE_UPSTREAM_EMBEDDING_BASE_URL": upstream.base_url}
    first = run(tmp_path, "eval", str(folder), "--no-answers", program=None, **own)
    assert first.status == 0, first.err
    assert "1 question left out, of which nothing is measured." in first.err
    assert "4 files searchable (1 of them already there), 3 chunks." in first.err
    assert "telescopes: 2 questions, 3 documents" in first.out
    assert "no answers asked for" in first.out

    floors = ("--fail-under", "ndcg@10=0.9", "--fail-under", "answered=1.01")
    second = run(tmp_path, "eval", str(folder), *floors, program=None, **own)
    assert "4 files searchable (4 of them already there), 3 chunks." in second.err
    assert "answers of the documents' own sentences" in second.out
    assert (second.status, second.err.splitlines()[-1]) == (1, "answered is 1.0000, below 1.01.")
    assert "ndcg@10 is" not in second.err


class WithoutChat(Client):
    """A service that has no chat model."""

    def readiness(self) -> Mapping[str, Any]:
        return {"chat_model": None}


def test_drafting_without_a_chat_model_says_what_to_set() -> None:
    with pytest.raises(ClientError, match="Set OPENAI_API_KEY or OPENAI_BASE_URL"):
        Drafter(WithoutChat("http://127.0.0.1:9"), "default", 0, Console(quiet=True)).run(1)


def test_ways_of_searching_come_on_top_of_the_first() -> None:
    written = ["rerank=true, per_document=2", "mode=bm25,diversity=0.3", "queries=3"]
    ways = variants_of({"mode": "dense"}, written)
    assert [way.settings for way in ways] == [
        {"mode": "dense"},
        {"mode": "dense", "rerank": True, "per_document": 2},
        {"mode": "bm25", "diversity": 0.3},
        {"mode": "dense", "queries": 3},
    ]
    assert [way.name for way in ways][:2] == ["mode=dense", "mode=dense, rerank=true, per_document=2"]
    assert variants_of({}, [])[0].name == "as set"


@pytest.mark.parametrize("text", ["mode=both", "limit=few", "rerank=yes", "limit", "", "mode=dense,,"])
def test_a_way_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ClientError):
        variants_of({}, [text])
