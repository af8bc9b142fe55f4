"""Following documents until nothing more happens to them."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cli.client import Client, ClientError
from cli.reporting import Report, count
from cli.showing import line, put_off

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0
_POLLED_AT_ONCE = 100

Document = Mapping[str, Any]


@dataclass(slots=True)
class _Pending:
    """A document in work, and the files that it stands for: several when they are equal."""

    names: list[str] = field(default_factory=list)
    known: int = 0
    chunks_done: int = 0


class Following:
    """The documents that are waited for, and what became of the others."""

    def __init__(self, client: Client, bars: "Bars") -> None:
        self.report = Report()
        self._client = client
        self._bars = bars
        self._pending: dict[str, _Pending] = {}
        self._counted: set[str] = set()

    def hold(self, name: str, document: Document) -> None:
        """Wait for a document that stands for a file just handed in."""
        pending = self._pending.setdefault(document["id"], _Pending())
        pending.names.append(name)
        pending.known += not document["new"]
        self.report.ids[name] = document["id"]
        self._take(document)

    def fail(self, name: str, reason: str) -> None:
        """Count a file that will not be searchable."""
        self.report.failures.append((name, reason))
        self._bars.ended(1)

    def wait(self) -> None:
        """Return when every document is searchable, has failed or was cancelled."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while self._pending:
            time.sleep(pause_seconds)
            before = self._state()
            self._poll()
            # The longer nothing happens, the less often it is asked for.
            is_quiet = before == self._state()
            pause_seconds = min(pause_seconds * 1.5, _LONGEST_PAUSE_SECONDS) if is_quiet else _FIRST_PAUSE_SECONDS

    def _state(self) -> tuple[int, int]:
        return len(self._pending), sum(pending.chunks_done for pending in self._pending.values())

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
        self._bars.tell(self.report.chunks + self._state()[1], found.values())

    def _take(self, document: Document) -> None:
        status = document["status"]
        if status == "failed":
            self._fail_all(document["id"], document["error"]["message"])
        elif status == "cancelled":
            self._fail_all(document["id"], "It was cancelled.")
        elif status == "completed":
            self._complete(document)
        else:
            self._pending[document["id"]].chunks_done = document["chunks_done"]

    def _complete(self, document: Document) -> None:
        ended = self._pending.pop(document["id"])
        self.report.completed += len(ended.names)
        self.report.known += ended.known
        if document["id"] not in self._counted:
            self._counted.add(document["id"])
            self.report.chunks += document["chunks"]
        self._bars.ended(len(ended.names))

    def _fail_all(self, document_id: str, reason: str) -> None:
        for name in self._pending.pop(document_id).names:
            self.fail(name, reason)


class RateColumn(ProgressColumn):
    """How many there were a second lately."""

    def render(self, task: Task) -> Text:
        """Nothing before it can be told."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s")


class Bars:
    """Two bars, for what is uploaded and what has ended, with rate and time left; chunks, and why something waits."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            RateColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._console = console
        self._progress = Progress(*columns, console=console)
        self._uploaded = self._ended = TaskID(0)
        self._told: set[str] = set()

    def shown(self, files: int) -> Progress:
        """The bars while the block runs."""
        self._uploaded = self._progress.add_task("uploaded", total=files, note="")
        self._ended = self._progress.add_task("done", total=files, note="")
        return self._progress

    def uploaded(self) -> None:
        """One more file is handed in."""
        self._progress.advance(self._uploaded)

    def ended(self, files: int) -> None:
        """So many more files have ended."""
        self._progress.advance(self._ended, files)

    def tell(self, chunks: int, looked_at: Iterable[Document]) -> None:
        """Show how many chunks there are; each reason to wait gets a line of its own, once."""
        waiting = [(document, why) for document in looked_at if (why := put_off(document["job"]))]
        note = f"{count(chunks, 'chunk')}{f', {len(waiting)} put off' if waiting else ''}"
        self._progress.update(self._ended, note=note)
        for document, why in waiting:
            if (reason := document["job"]["error"]["message"]) not in self._told:
                self._told.add(reason)
                line(self._console, why)


def settled(client: Client, document_id: str, console: Console) -> Document:
    """The document once nothing more happens to it; says why it waits, where it does.

    Raises:
        ClientError: it was deleted meanwhile.
    """
    told = set()
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        found = client.documents([document_id])
        if not found:
            message = f"{document_id} was deleted meanwhile."
            raise ClientError(message)
        document = found[0]
        if document["status"] not in {"queued", "in_progress"}:
            return document
        if (why := put_off(document["job"])) and (reason := document["job"]["error"]["message"]) not in told:
            told.add(reason)
            line(console, why)
        time.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * 1.5, _LONGEST_PAUSE_SECONDS)
