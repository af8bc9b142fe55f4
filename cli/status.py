"""`footnote status`: how many documents there are, what is in work, what waits and why, what has failed."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.client import Client
from cli.reporting import count
from cli.showing import clean, put_off

_WATCH_SECONDS = 1.0
_MOST_IN_WORK = 100
_MOST_REASONS = 10
_PIPE_COLUMNS = 1_000
"""What goes into a pipe or file is not cut off."""

Overview = Mapping[str, Any]
_STATUSES = ("queued", "in_progress", "completed", "failed", "cancelled")


def overview(client: Client, store: str | None) -> Overview:
    """What there is to show: stores with their counts, and jobs of interest."""
    in_work = client.jobs(store=store, status="in_progress", limit=_MOST_IN_WORK)
    return {
        "stores": client.stores(store),
        "totals": in_work["totals"],
        "finished_lately": in_work["finished_lately"],
        "in_progress": in_work["data"],
        "put_off": client.jobs(store=store, put_off=True, limit=_MOST_REASONS)["data"],
        "failed": client.jobs(store=store, status="failed", limit=_MOST_REASONS)["data"],
    }


def show_status(shown: Overview, console: Console) -> None:
    """Print it once, whole where it does not go to a terminal."""
    if not console.is_terminal:
        console = Console(file=console.file, width=_PIPE_COLUMNS)
    console.print(_picture(shown))


def watch_status(client: Client, store: str | None, console: Console) -> None:
    """Show it until Ctrl-C."""
    with suppress(KeyboardInterrupt), Live(_picture(overview(client, store)), console=console) as live:
        while True:
            time.sleep(_WATCH_SECONDS)
            live.update(_picture(overview(client, store)))


def _picture(shown: Overview) -> RenderableType:
    return Group(*_parts(shown))


def _parts(shown: Overview) -> Iterator[RenderableType]:
    yield _stores(shown["stores"])
    yield Text(f"\n{_pace(shown['finished_lately'])}")
    if shown["in_progress"]:
        more = shown["totals"]["in_progress"] - len(shown["in_progress"])
        yield Text(f"\nin work{f' ({more} more are not shown)' if more > 0 else ''}:", style="bold")
        yield _in_work(shown["in_progress"])
    if shown["put_off"]:
        yield Text("\nput off:", style="bold")
        yield from (_reason(job, put_off(job) or "") for job in shown["put_off"])
    if shown["failed"]:
        more = shown["totals"]["failed"] - len(shown["failed"])
        yield Text(f"\nfailed{f' ({more} more are not shown)' if more > 0 else ''}:", style="bold")
        yield from (_reason(job, job["error"]["message"] if job["error"] else "") for job in shown["failed"])


def _stores(stores: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("store")
    for status in _STATUSES:
        table.add_column(status.replace("_", " "), justify="right")
    for store in stores:
        table.add_row(Text(clean(store["name"])), *(str(store["documents"][status]) for status in _STATUSES))
    return table if stores else Text("There are no stores yet: `footnote add` makes one.")


def _pace(lately: Mapping[str, Any]) -> str:
    done = count(lately["documents"], "document"), count(lately["chunks"], "chunk")
    return f"{done[0]} with {done[1]} in the last {lately['seconds']:.0f} s."


def _in_work(jobs: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("document", "file", "step", "", "chunks", "attempts", "for"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for job in jobs:
        table.add_row(*_row(job))
    return table


def _row(job: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield job["document_id"]
    yield Text(clean(job["filename"]))
    yield job["step"] or ""
    yield ProgressBar(total=max(job["chunks"], 1), completed=job["chunks_done"], width=20)
    yield f"{job['chunks_done']}/{job['chunks']}" if job["chunks"] else ""
    yield str(job["attempts"])
    yield f"{job['running_seconds'] or 0:.0f} s"


def _reason(job: Mapping[str, Any], reason: str) -> Text:
    return Text(clean(f"  {job['document_id']} {job['filename']}: {reason}"))
