"""`footnote add`: hand files in and follow them until every one is searchable or has failed."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.client import Client, ClientError
from cli.walking import Found

_UPLOADS_SIDE_BY_SIDE = 4
_POLL_SECONDS = 0.5
_POLLED_AT_ONCE = 32
"""The queue is first in, first out, so only the oldest documents can have news."""
_ENDED = {"completed", "failed"}


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
        self._console = console
        self._store = store
        self._attributes = attributes
        self._report = Report()
        self._pending: deque[str] = deque()

    def run(self, files: Sequence[Found]) -> Report:
        """Add the files; returns when each is completed or failed."""
        with _progress(self._console) as progress:
            uploaded = progress.add_task("uploaded", total=len(files), chunks="")
            ready = progress.add_task("searchable", total=len(files), chunks="")
            self._upload(files, progress, uploaded, ready)
            while self._pending:
                self._poll(progress, ready)
                time.sleep(_POLL_SECONDS if self._pending else 0)
        return self._report

    def _upload(self, files: Iterable[Found], progress: Progress, uploaded: TaskID, ready: TaskID) -> None:
        with ThreadPoolExecutor(_UPLOADS_SIDE_BY_SIDE) as threads:
            under_way = {threads.submit(self._add, found): found for found in files}
            for done in as_completed(under_way):
                try:
                    document, new = done.result()
                except (ClientError, OSError) as error:
                    self._report.failures.append((under_way[done].name, str(error)))
                    progress.advance(ready)
                else:
                    self._report.known += not new and document["status"] == "completed"
                    self._take(document, progress, ready)
                progress.advance(uploaded)

    def _add(self, found: Found) -> tuple[dict[str, Any], bool]:
        document = dict(self._client.add(found.path, found.name, self._store, self._attributes))
        return document, bool(document["new"])

    def _poll(self, progress: Progress, ready: TaskID) -> None:
        for _ in range(min(_POLLED_AT_ONCE, len(self._pending))):
            self._take(dict(self._client.document(self._pending.popleft())), progress, ready)

    def _take(self, document: dict[str, Any], progress: Progress, ready: TaskID) -> None:
        if document["status"] not in _ENDED:
            self._pending.append(document["id"])
            return
        if document["status"] == "failed":
            self._report.failures.append((document["filename"], document["error"]["message"]))
        else:
            self._report.completed += 1
            self._report.chunks += document["chunks"]
        progress.update(ready, advance=1, chunks=f"{self._report.chunks} chunks")


def show(report: Report, console: Console) -> None:
    """The summary, and what failed with its reason."""
    known = f" ({report.known} of them already there)" if report.known else ""
    console.print(f"{report.completed} documents searchable{known}, {report.chunks} chunks.")
    if report.failures:
        table = Table("file", "reason", title=f"{len(report.failures)} failed", title_justify="left")
        for name, reason in sorted(report.failures):
            table.add_row(escape(name), escape(reason))
        console.print(table)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[chunks]}"),
        TimeElapsedColumn(),
        console=console,
    )
