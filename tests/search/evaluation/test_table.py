from pathlib import Path

import pytest

from search.evaluation import Draft, SetError, as_table, read_set, resolve

TABLE = 'question,documents,answer\n"How long,\nat most?",loans.md; rules.txt,three weeks;21 days\nWho pays?,,\n'
CHINESE = "question;documents;answer\n望远镜可以借多久？;指南.md；规则.txt;三个星期\n"


def written(folder: Path, content: str, encoding: str = "utf-8") -> Path:
    path = folder / "questions.csv"
    path.write_bytes(content.encode(encoding))
    return path


def test_a_row_without_document_and_answer_is_to_be_declined(tmp_path: Path) -> None:
    found = read_set(written(tmp_path, TABLE))
    assert (found.name, found.entries) == ("questions", None)
    first, second = found.questions
    assert (first.text, first.answers) == ("How long,\nat most?", ["three weeks", "21 days"])
    assert list(first.relevant) == ["loans.md", "rules.txt"]
    assert (second.unanswerable, first.unanswerable) == (True, False)
    assert second.place.endswith("questions.csv, line 4")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, encoding: str) -> None:
    (question,) = read_set(written(tmp_path, CHINESE, encoding)).questions
    assert (question.text, question.answers) == ("望远镜可以借多久？", ["三个星期"])
    assert list(question.relevant) == ["指南.md", "规则.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,answer\na,b\n", "line 1: there is no column `question`"),
        ("question\n", "holds no questions"),
        ("", "line 1: there is no column `question`"),
        ("question,answer\na,b\n,b\n", "line 3: the question is empty"),
        ('question,answer\na,b\n"c"d,e\n', "line 3: this is not CSV"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SetError) as refused:
        read_set(written(tmp_path, content))
    assert message in str(refused.value)


def test_something_that_is_no_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetError, match="neither a folder"):
        read_set(tmp_path / "missing.csv")


def test_documents_are_known_by_name_by_last_part_and_by_id(tmp_path: Path) -> None:
    there = {"doc_1": "deep/loans.md", "doc_2": "loans.md", "doc_3": "rules.txt"}
    by_name = read_set(written(tmp_path, "question,documents\na,loans.md\nb,deep/loans.md;doc_3\n"))
    first, second = resolve(by_name, there).questions
    assert set(first.relevant) == {"doc_1", "doc_2"}
    assert set(second.relevant) == {"doc_1", "doc_3"}


def test_a_document_that_the_store_lacks_is_named_with_its_line(tmp_path: Path) -> None:
    found = read_set(written(tmp_path, "question,documents\na,loans.md\nb,lost.md\n"))
    with pytest.raises(SetError, match=r"line 3: the store has no searchable document 'lost\.md'"):
        resolve(found, {"doc_1": "loans.md"})


def test_drafts_are_read_as_they_were_written(tmp_path: Path) -> None:
    drafts = [Draft("How long, at most?", "loans, new.md", 'three "weeks"'), Draft("谁付钱？")]
    path = tmp_path / "drafts.csv"
    path.write_bytes(as_table(drafts))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # or a spreadsheet would not take it for UTF-8
    first, second = read_set(path).questions
    assert (first.text, list(first.relevant), first.answers) == (
        "How long, at most?",
        ["loans, new.md"],
        ['three "weeks"'],
    )
    assert (second.text, second.unanswerable) == ("谁付钱？", True)
