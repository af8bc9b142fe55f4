"""Getting the documents of a set into the store, and knowing them again in what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from cli.adding import Adder
from cli.client import Client, ClientError
from cli.reporting import Report, show
from cli.walking import Found
from search.evaluation import Entry, QuestionSet, file_name, page, resolve


@dataclass(frozen=True, slots=True)
class Names:
    """The names by which a set knows the documents of the store."""

    by_id: Mapping[str, Sequence[str]]
    failed: Mapping[str, str] = field(default_factory=dict)
    """Documents of the set that cannot be searched, with reasons."""

    def of(self, document_id: str) -> Sequence[str]:
        """Several where the set holds equal documents; the id itself for one that is not of the set."""
        return self.by_id.get(document_id, (document_id,))


def prepared(client: Client, store: str, questions: QuestionSet, console: Console) -> tuple[QuestionSet, Names]:
    """The questions and the names of their documents, once all of these are searchable.

    Raises:
        ClientError: none of the documents can be searched.
        SetError: the store lacks a document that is named.
    """
    if questions.entries is not None:
        return questions, _added(client, store, questions.entries, console)
    if not any(question.relevant for question in questions.questions):
        return questions, Names({})
    file_names = {document["id"]: document["filename"] for document in client.searchable(store)}
    return resolve(questions, file_names), Names({})


def _added(client: Client, store: str, entries: Sequence[Entry], console: Console) -> Names:
    """Hand all in; the store knows by their content those that it has."""
    client.ensure_store(store)
    with TemporaryDirectory() as folder:
        files = [_written(Path(folder), number, entry) for number, entry in enumerate(entries)]
        report = Adder(client, console, store, None).run(files)
    _tell(report, len(entries), console)
    reasons, ids, failed = dict(report.failures), dict[str, list[str]](), dict[str, str]()
    for found, entry in zip(files, entries, strict=True):
        if found.name in reasons:
            failed[entry.id] = reasons[found.name]
        else:
            ids.setdefault(report.ids[found.name], []).append(entry.id)
    return Names(ids, failed)


def _written(folder: Path, number: int, entry: Entry) -> Found:
    path = folder / str(number)
    path.write_bytes(page(entry))
    return Found(path, file_name(entry))


def _tell(report: Report, entries: int, console: Console) -> None:
    if len(report.failures) == entries:
        name, reason = report.failures[0]
        raise ClientError(f"None of the {entries} documents can be searched. {name}: {reason}")
    show(report, console)
