"""Reading a set of questions, whatever its form."""

from pathlib import Path

from search.evaluation.beir import read_beir
from search.evaluation.errors import SetError
from search.evaluation.questions import QuestionSet
from search.evaluation.table import read_table


def read_set(path: Path) -> QuestionSet:
    """The questions in a folder (BEIR's form) or in a CSV file. Raises SetError."""
    if path.is_dir():
        return read_beir(path)
    if path.is_file():
        return read_table(path)
    raise SetError(f"{path} is neither a folder with corpus.jsonl, queries.jsonl and qrels.tsv nor a CSV file.")
