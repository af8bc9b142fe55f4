"""`footnote add`: hand files in and follow them until every one is searchable or has failed."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.client import Client, ClientError
from cli.showing import line
from cli.walking import Found, batches

_UPLOADS_SIDE_BY_SIDE = 4
_POLL_SECONDS = 0.5
_POLLED_AT_ONCE = 100

Document = Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """What became of the files; each is counted once."""

    completed: int = 0
    known: int = 0
    """Of the completed, how many had content that the store had already."""
    chunks: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """File name and reason."""


@dataclass(slots=True)
class _Pending:
    """A document in work, and the files that it stands for: several when they are equal."""

    names: list[str] = field(default_factory=list)
    known: int = 0
    chunks_done: int = 0


class Adder:
    """Adds files to a store and shows how far they have come."""

    def __init__(self, client: Client, console: Console, store: str, attributes: str | None) -> None:
        self._client = client
        self._store = store
        self._attributes = attributes
        self._report = Report()
        self._pending: dict[str, _Pending] = {}
        self._counted: set[str] = set()
        self._bars = _Bars(console)

    def run(self, files: Sequence[Found]) -> Report:
        """Add the files; returns when each is completed or failed."""
        with self._bars.shown(len(files)):
            self._upload(files)
            while self._pending:
                time.sleep(_POLL_SECONDS)
                self._poll()
        return self._report

    def _upload(self, files: Sequence[Found]) -> None:
        threads = ThreadPoolExecutor(_UPLOADS_SIDE_BY_SIDE)
        try:
            for done in as_completed([threads.submit(self._add, batch) for batch in batches(files)]):
                for name, outcome in done.result():
                    if isinstance(outcome, Exception):
                        self._fail(name, str(outcome))
                    else:
                        self._hold(name, outcome)
                    self._bars.uploaded()
        finally:
            threads.shutdown(cancel_futures=True)  # after Ctrl-C, wait for no more than what is under way

    def _add(self, batch: Sequence[Found]) -> list[tuple[str, Document | Exception]]:
        """What came of each file; a batch that is refused is handed in one by one, to know which file is to blame."""
        try:
            documents = self._client.add(batch, self._store, self._attributes)
        except (ClientError, OSError) as error:
            if len(batch) == 1:
                return [(batch[0].name, error)]
            return [outcome for found in batch for outcome in self._add([found])]
        return [(found.name, document) for found, document in zip(batch, documents, strict=True)]

    def _hold(self, name: str, document: Document) -> None:
        pending = self._pending.setdefault(document["id"], _Pending())
        pending.names.append(name)
        pending.known += not document["new"]
        self._take(document)

    def _poll(self) -> None:
        """Ask for some, and put those that go on at the end of the line."""
        ids = list(islice(self._pending, _POLLED_AT_ONCE))
        found = {document["id"]: document for document in self._client.documents(ids)}
        for document_id in ids:
            if document_id in found:
                self._pending[document_id] = self._pending.pop(document_id)
                self._take(found[document_id])
            else:
                self._fail_all(document_id, "It was deleted meanwhile.")
        under_way = sum(pending.chunks_done for pending in self._pending.values())
        self._bars.chunks(self._report.chunks + under_way)

    def _take(self, document: Document) -> None:
        if document["status"] == "failed":
            self._fail_all(document["id"], document["error"]["message"])
        elif document["status"] == "completed":
            self._complete(document)
        else:
            self._pending[document["id"]].chunks_done = document["chunks_done"]

    def _complete(self, document: Document) -> None:
        ended = self._pending.pop(document["id"])
        self._report.completed += len(ended.names)
        self._report.known += ended.known
        if document["id"] not in self._counted:
            self._counted.add(document["id"])
            self._report.chunks += document["chunks"]
        self._bars.ended(len(ended.names))

    def _fail_all(self, document_id: str, reason: str) -> None:
        for name in self._pending.pop(document_id).names:
            self._fail(name, reason)

    def _fail(self, name: str, reason: str) -> None:
        self._report.failures.append((name, reason))
        self._bars.ended(1)


class _Bars:
    """Two bars, for what is uploaded and what has ended, and the count of chunks."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=console)
        self._uploaded = self._ended = TaskID(0)

    def shown(self, files: int) -> Progress:
        self._uploaded = self._progress.add_task("uploaded", total=files, note="")
        self._ended = self._progress.add_task("done", total=files, note="")
        return self._progress

    def uploaded(self) -> None:
        self._progress.advance(self._uploaded)

    def ended(self, files: int) -> None:
        self._progress.advance(self._ended, files)

    def chunks(self, count: int) -> None:
        self._progress.update(self._ended, note=f"{count} chunks")


def show(report: Report, console: Console) -> None:
    """The summary, and what failed with its reason, a line a file."""
    known = f" ({report.known} of them already there)" if report.known else ""
    line(console, f"{_count(report.completed, 'file')} searchable{known}, {_count(report.chunks, 'chunk')}.")
    if report.failures:
        line(console, f"{len(report.failures)} failed:")
    for name, reason in sorted(report.failures):
        line(console, f"  {name}: {reason}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
