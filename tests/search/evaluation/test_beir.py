import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from search.evaluation import Entry, SetError, file_name, page, read_set

CORPUS: Sequence[Mapping[str, object]] = [
    {"_id": "d1", "title": "Loans", "text": "Three weeks."},
    {"_id": 2, "title": None, "text": "Dome."},
]
QUERIES = [{"_id": "q1", "text": "How long?"}, {"_id": "q2", "text": "Who?"}, {"_id": "q3", "text": "Not judged"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\t2\t0\n"
ANSWERS: Sequence[Mapping[str, object]] = [
    {"_id": "q2", "answers": [], "is_impossible": True},
    {"_id": "q1", "answers": ["three weeks"]},
]
DATA = Path(__file__).parents[3] / "../shared/data/retrieval"


def lines(values: Sequence[Mapping[str, object]]) -> str:
    return "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "telescopes"
    root.mkdir()
    (root / "corpus.jsonl").write_text(lines(CORPUS), encoding="utf-8")
    (root / "queries.jsonl").write_text(lines(QUERIES), encoding="utf-8")
    (root / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    (root / "answers.jsonl").write_text(lines(ANSWERS), encoding="utf-8")
    return root


def test_a_set_is_read_with_what_is_known_of_each_question(folder: Path) -> None:
    found = read_set(folder)
    assert (found.name, found.has_answers) == ("telescopes", True)
    assert found.entries == [Entry("d1", "Loans", "Three weeks."), Entry("2", "", "Dome.")]
    first, second = found.questions
    assert (first.id, first.relevant, first.answers, first.judged) == ("q1", {"d1": 2, "2": 0}, ["three weeks"], True)
    assert (second.id, second.unanswerable, second.judged) == ("q2", True, False)


def test_judgements_may_lie_in_a_folder_and_lack_a_heading(folder: Path) -> None:
    (folder / "qrels.tsv").unlink()
    (folder / "answers.jsonl").unlink()
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("q3\td1\t1\n", encoding="utf-8")
    found = read_set(folder)
    assert [question.id for question in found.questions] == ["q3"]
    assert not found.has_answers


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n{"_id"\n', "corpus.jsonl, line 2: this is not JSON"),
        ("corpus.jsonl", '{"_id": "", "text": "a"}', "corpus.jsonl, line 1: `_id` must be"),
        ("corpus.jsonl", '{"_id": "d1", "text": 5}', "corpus.jsonl, line 1: `text` must be a text"),
        ("corpus.jsonl", '{"_id": "d1", "text": ""}\n' * 2, "corpus.jsonl, line 2: there is another document"),
        ("corpus.jsonl", "\n", "corpus.jsonl holds no documents"),
        ("queries.jsonl", "[]", "queries.jsonl, line 1: this is not a JSON object"),
        ("queries.jsonl", '{"_id": "q1", "text": " "}', "queries.jsonl, line 1: the question is empty"),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n' * 2, "queries.jsonl, line 2: there is another question"),
        ("qrels.tsv", "a\tb\tscore\nq9\td1\t1\n", "qrels.tsv, line 2: queries.jsonl has no question 'q9'"),
        ("qrels.tsv", "a\tb\tscore\nq1\td9\t1\n", "qrels.tsv, line 2: corpus.jsonl has no document 'd9'"),
        ("qrels.tsv", "a\tb\tscore\nq1\td1\tone\n", "qrels.tsv, line 2: the score 'one'"),
        ("qrels.tsv", "a\tb\tscore\nq1 0 d1 1\n", "qrels.tsv, line 2: a line has three fields"),
        ("answers.jsonl", '{"_id": "q9"}', "answers.jsonl, line 1: queries.jsonl has no question 'q9'"),
        ("answers.jsonl", '{"_id": "q1", "answers": "a"}', "answers.jsonl, line 1: `answers` must be a list"),
        ("answers.jsonl", '{"_id": "q1", "is_impossible": "no"}', "answers.jsonl, line 1: `is_impossible` must be"),
    ],
)
def test_a_bad_set_is_refused_with_file_and_line(folder: Path, name: str, content: str, message: str) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(SetError) as refused:
        read_set(folder)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SetError, match=name):
        read_set(folder)


def test_a_sample_is_the_same_for_the_same_seed_and_keeps_the_order(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("".join(f"q{n}\td1\t1\n" for n in range(30)), encoding="utf-8")
    (folder / "queries.jsonl").write_text(lines([{"_id": f"q{n}", "text": "?"} for n in range(30)]), encoding="utf-8")
    whole = read_set(folder)
    once, again, other = (whole.sample(10, seed).questions for seed in (1, 1, 2))
    assert once == again != other
    assert [q.id for q in once] == [q.id for q in whole.questions if q in once]
    assert whole.sample(30, 1) is whole.sample(None, 1) is whole


def test_an_entry_becomes_a_page_with_its_title_as_heading() -> None:
    entry = Entry("a/b 望远镜", "R & D", "One <line>.\n\n  \nTwo.")
    assert file_name(entry) == "a%2Fb 望远镜.html"
    assert page(entry) == (
        b'<!doctype html>\n<meta charset="utf-8">\n<h1>R &amp; D</h1>\n<p>One &lt;line&gt;.</p>\n<p>Two.</p>\n'
    )
    assert b"<h1>" not in page(Entry("c", "", "Text."))


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not here")
def test_a_published_set_is_read() -> None:
    found = read_set(DATA / "squad2_dev")
    assert len(found.entries or ()) == 1204
    assert len(found.questions) == 11_873
    assert sum(question.unanswerable for question in found.questions) == 5_945
