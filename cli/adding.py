"""`footnote add`: hand files in and follow them until every one is searchable or has failed."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.client import Client, ClientError
from cli.walking import Found

_UPLOADS_SIDE_BY_SIDE = 4
_POLL_SECONDS = 0.5
_POLLED_AT_ONCE = 100

Document = Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """What became of the files."""

    completed: int = 0
    known: int = 0
    """Of the completed, how many the store had already."""
    chunks: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """File name and reason."""


class Adder:
    """Adds files to a store and shows how far they have come."""

    def __init__(self, client: Client, console: Console, store: str, attributes: str | None) -> None:
        self._client = client
        self._store = store
        self._attributes = attributes
        self._report = Report()
        self._pending: dict[str, Document] = {}
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
        with ThreadPoolExecutor(_UPLOADS_SIDE_BY_SIDE) as threads:
            under_way = {threads.submit(self._add, found): found for found in files}
            for done in as_completed(under_way):
                try:
                    self._take(done.result())
                except (ClientError, OSError) as error:
                    self._fail(under_way[done].name, str(error))
                self._bars.uploaded()

    def _add(self, found: Found) -> Document:
        return self._client.add(found.path, found.name, self._store, self._attributes)

    def _poll(self) -> None:
        """Ask for some, and put those that go on at the end of the line."""
        ids = list(islice(self._pending, _POLLED_AT_ONCE))
        found = {document["id"]: document for document in self._client.documents(ids)}
        for document_id in ids:
            before = self._pending.pop(document_id)
            if document_id in found:
                self._take(found[document_id])
            else:
                self._fail(before["filename"], "It was deleted meanwhile.")
        under_way = sum(document["chunks_done"] for document in self._pending.values())
        self._bars.chunks(self._report.chunks + under_way)

    def _take(self, document: Document) -> None:
        if document["status"] == "failed":
            self._fail(document["filename"], document["error"]["message"])
        elif document["status"] == "completed":
            self._report.completed += 1
            self._report.known += not document.get("new", True)
            self._report.chunks += document["chunks"]
            self._bars.ended()
        else:
            self._pending[document["id"]] = document

    def _fail(self, name: str, reason: str) -> None:
        self._report.failures.append((name, reason))
        self._bars.ended()


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

    def ended(self) -> None:
        self._progress.advance(self._ended)

    def chunks(self, count: int) -> None:
        self._progress.update(self._ended, note=f"{count} chunks")


def show(report: Report, console: Console) -> None:
    """The summary, and what failed with its reason."""
    known = f" ({report.known} of them already there)" if report.known else ""
    console.print(f"{report.completed} documents searchable{known}, {report.chunks} chunks.")
    if report.failures:
        table = Table("file", "reason", title=f"{len(report.failures)} failed", title_justify="left")
        for name, reason in sorted(report.failures):
            table.add_row(escape(name), escape(reason))
        console.print(table)
