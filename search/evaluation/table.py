"""Sets in a table: a CSV file with the columns `question`, `documents` and `answer`.

Several documents or answers stand in one cell with `;` between. A row without either is a question that the documents
do not answer. Documents are named by file name or id, and are in the store already.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from search.evaluation.errors import SetError
from search.evaluation.lines import text_of
from search.evaluation.questions import Question, QuestionSet

COLUMNS = ("question", "documents", "answer")
_DELIMITERS = (",", ";", "\t")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_table(path: Path) -> QuestionSet:
    """The set in a file. Raises SetError, which names the line."""
    rows = _rows(path)
    columns = _columns(next(rows, (1, []))[1], path)
    questions = [
        _question([row[at].strip() if at is not None and at < len(row) else "" for at in columns], path, number)
        for number, row in rows
        if any(cell.strip() for cell in row)
    ]
    if not questions:
        raise SetError(f"{path} holds no questions.")
    return QuestionSet(path.stem, questions)


def resolve(questions: QuestionSet, file_names: Mapping[str, str]) -> QuestionSet:
    """The set with documents' ids in place of their names.

    Args:
        questions: as they were read.
        file_names: of the documents of the store, by id.

    Raises:
        SetError: a document is not there.
    """
    ids: dict[str, list[str]] = {}
    for document_id, file_name in file_names.items():
        for name in {document_id, file_name, file_name.rpartition("/")[2]}:
            ids.setdefault(name, []).append(document_id)
    return replace(questions, questions=[_resolved(question, ids) for question in questions.questions])


def _resolved(question: Question, ids: Mapping[str, Sequence[str]]) -> Question:
    for name in question.relevant:
        if name not in ids:
            raise SetError(
                f"{question.place}: the store has no searchable document {name!r}. Add it, or mend the name."
            )
    relevant = {document: grade for name, grade in question.relevant.items() for document in ids[name]}
    return replace(question, relevant=relevant)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file, each with the line on which it begins."""
    text = text_of(path, *_encodings(path))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise SetError(f"{path}, line {number}: this is not CSV: {error}.") from error


def _encodings(path: Path) -> Sequence[str]:
    """What spreadsheets write: UTF-8, UTF-16 as "Unicode text", and GB 18030 where the system is set to Chinese."""
    try:
        with path.open("rb") as file:
            begins = file.read(2)
    except OSError as error:
        raise SetError(f"{path} cannot be read: {error.strerror}.") from error
    return ("utf-16",) if begins in _UTF_16_MARKS else ("utf-8-sig", "gb18030")


def _delimiter(text: str) -> str:
    """Spreadsheets write semicolons where a comma is the decimal sign."""
    heading = text.partition("\n")[0]
    return max(_DELIMITERS, key=heading.count)


def _columns(heading: Sequence[str], path: Path) -> Sequence[int | None]:
    names = [name.strip().casefold() for name in heading]
    if "question" not in names:
        raise SetError(f"{path}, line 1: there is no column `question`. The columns are {', '.join(COLUMNS)}.")
    return [names.index(name) if name in names else None for name in COLUMNS]


def _question(cells: Sequence[str], path: Path, number: int) -> Question:
    text, documents, answers = cells[0], _parts(cells[1]), _parts(cells[2])
    place = f"{path}, line {number}"
    if not text:
        raise SetError(f"{place}: the question is empty.")
    relevant = dict.fromkeys(documents, 1)
    return Question(str(number), text, relevant, answers, not documents and not answers, place)


def _parts(cell: str) -> Sequence[str]:
    """The parts of a cell; Chinese keyboards write a semicolon of their own."""
    return [part.strip() for part in cell.replace("；", ";").split(";") if part.strip()]
