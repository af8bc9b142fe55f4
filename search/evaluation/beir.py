"""Sets in the form of BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` and, where there are any, `answers.jsonl`.

The form is that of Thakur et al., "BEIR" (2021); `answers.jsonl` is ours: {"_id", "answers": [...], "is_impossible"}.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.evaluation.errors import SetError
from search.evaluation.lines import id_of, objects_in, text_of, words_of
from search.evaluation.questions import Entry, Question, QuestionSet

_JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv")
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class _Answer:
    answers: Sequence[str] = field(default_factory=list)
    unanswerable: bool = False


def read_beir(folder: Path) -> QuestionSet:
    """The set in a folder. Raises SetError, which names file and line."""
    entries = _entries(folder / "corpus.jsonl")
    texts = _texts(folder / "queries.jsonl")
    relevant = _judgements(folder, texts, {entry.id for entry in entries})
    answers = _answers(folder / "answers.jsonl", texts)
    questions = [
        _question(question_id, text, relevant.get(question_id, {}), answers.get(question_id, _Answer()))
        for question_id, text in texts.items()
        if question_id in relevant or question_id in answers
    ]
    if not questions:
        raise SetError(f"{folder} has no question that is named in qrels.tsv or answers.jsonl.")
    return QuestionSet(folder.resolve().name, questions, entries)


def _question(question_id: str, text: str, relevant: Mapping[str, int], answer: _Answer) -> Question:
    return Question(question_id, text, relevant, answer.answers, answer.unanswerable)


def _entries(path: Path) -> Sequence[Entry]:
    found: dict[str, Entry] = {}
    for place, each in objects_in(path):
        entry = Entry(id_of(each, place), words_of(each, "title", place, default=""), words_of(each, "text", place))
        if found.setdefault(entry.id, entry) is not entry:
            raise SetError(f"{place}: there is another document with the `_id` {entry.id!r}.")
    if not found:
        raise SetError(f"{path} holds no documents.")
    return list(found.values())


def _texts(path: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for place, each in objects_in(path):
        question_id, text = id_of(each, place), words_of(each, "text", place)
        if not text.strip():
            raise SetError(f"{place}: the question is empty.")
        if question_id in found:
            raise SetError(f"{place}: there is another question with the `_id` {question_id!r}.")
        found[question_id] = text
    return found


def _judgements(folder: Path, questions: Mapping[str, str], documents: set[str]) -> Mapping[str, Mapping[str, int]]:
    path = next((folder / name for name in _JUDGEMENTS if (folder / name).is_file()), None)
    if path is None:
        raise SetError(f"{folder} has neither qrels.tsv nor qrels/test.tsv, which say what is relevant.")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(text_of(path).splitlines(), 1):
        fields = line.split("\t")
        if line.strip() and not (number == 1 and _is_heading(fields)):
            question, document, grade = _judgement(fields, f"{path}, line {number}", questions, documents)
            found.setdefault(question, {})[document] = grade
    return found


def _is_heading(fields: Sequence[str]) -> bool:
    return len(fields) == _COLUMNS and not fields[-1].strip().lstrip("-").isdigit()


def _judgement(
    fields: Sequence[str], place: str, questions: Mapping[str, str], documents: set[str]
) -> tuple[str, str, int]:
    if len(fields) != _COLUMNS:
        raise SetError(f"{place}: a line has three fields with tabs between: query-id, corpus-id, score.")
    question, document, grade = (field.strip() for field in fields)
    if question not in questions:
        raise SetError(f"{place}: queries.jsonl has no question {question!r}.")
    if document not in documents:
        raise SetError(f"{place}: corpus.jsonl has no document {document!r}.")
    try:
        return question, document, max(0, int(grade))
    except ValueError as error:
        raise SetError(f"{place}: the score {grade!r} is not a whole number.") from error


def _answers(path: Path, questions: Mapping[str, str]) -> Mapping[str, _Answer]:
    if not path.is_file():
        return {}
    found = {}
    for place, each in objects_in(path):
        question_id = id_of(each, place)
        if question_id not in questions:
            raise SetError(f"{place}: queries.jsonl has no question {question_id!r}.")
        found[question_id] = _answer(each, place)
    return found


def _answer(each: Mapping[str, Any], place: str) -> _Answer:
    answers, unanswerable = each.get("answers") or [], each.get("is_impossible") or False
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise SetError(f"{place}: `answers` must be a list of texts.")
    if not isinstance(unanswerable, bool):
        raise SetError(f"{place}: `is_impossible` must be true or false.")
    return _Answer([] if unanswerable else [answer for answer in answers if answer.strip()], unanswerable)
