"""How many small documents become searchable a second, and how close that is to what the upstream allows.

See README.md.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.corpus import note
from benchmarks.cpu import added, spent
from benchmarks.installation import Crew, Installation, Kind, installation
from benchmarks.processes import Upstream, upstream
from benchmarks.prose import Writer
from benchmarks.reporting import Row, show

_FILES_A_REQUEST = 16  # as `footnote add` does
_POLL_SECONDS = 0.5
_LAST_POLL_SECONDS = 0.1
_LAST_SHARE = 0.05
_TELL_SECONDS = 10.0
_TELL_FILES = 100 * _FILES_A_REQUEST
_REST_SECONDS = 1.5
"""After the last document, so that what was put off, such as a flush, is counted."""
_WARM_UP = 8

File = tuple[str, bytes]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    documents: int
    database: Kind
    workers: int
    queued: bool
    """Whether all documents are queued before work begins."""
    latency_ms: float
    in_flight: int
    refuse: bool
    """Whether the upstream answers 429 to more calls than that, instead of letting them wait."""
    batch_inputs: int
    dimensions: int
    service_options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it."""

    completed: int
    failed: int
    texts: int
    """Chunks embedded."""
    seconds: float
    """Until the last document ended: from the first request, or from the first call where all were queued before."""
    submit_seconds: float
    """From the first request to the last one's answer."""
    start_seconds: float
    """From the start of the first worker to the first call; 0 where work began with the first request."""
    ideal_seconds: float
    """What the upstream needs for that many texts in full calls, with all its places taken all the time."""
    upstream_share: float
    """The part of its places that was taken, over the whole time."""
    cpu_ms_per_document: Mapping[str, float]
    """User and system time, by part."""
    beside_cpu_seconds: Mapping[str, float]
    """The upstream's and this client's, who want the same cores."""
    calls: int
    refused: int
    max_in_flight: int
    load_before: float
    """Average of a minute, of the whole machine."""

    @property
    def documents_per_second(self) -> float:
        """By the clock on the wall."""
        return self.completed / self.seconds

    @property
    def total_cpu_ms(self) -> float:
        """Per document, Footnote's own processes alone."""
        return sum(ms for part, ms in self.cpu_ms_per_document.items() if part not in _SERVERS)

    @property
    def ratio(self) -> float:
        """The time over the ideal."""
        return self.seconds / self.ideal_seconds


_SERVERS = ("Postgres", "Qdrant stand-in")
_READERS = ("parsers", "ended")


@dataclass(frozen=True, slots=True)
class Reading:
    """How things stood at a moment."""

    at: float
    cpu: Mapping[str, float]
    beside: Mapping[str, float]
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """How a measurement went."""

    counts: Counts
    seconds: float
    submit_seconds: float
    start_seconds: float
    stretches: Sequence[tuple[Reading, Reading]]
    """During which CPU time counts."""


def measure(plan: Plan) -> Run:
    """Add made documents to a fresh installation, and wait until each ended."""
    load_before = os.getloadavg()[0]
    _tell(f"writing {plan.documents} documents")
    files = [(f"{number:06}.md", note(Writer(number))) for number in range(plan.documents)]
    with (
        tempfile.TemporaryDirectory(prefix="footnote-benchmark-") as data,
        upstream(plan.dimensions, plan.latency_ms, plan.in_flight, refuse=plan.refuse) as remote,
        installation(plan.database, Path(data) / "data", remote.base_url, plan.workers) as installed,
    ):
        installed.options.update(plan.service_options)
        installed.options["FOOTNOTE_UPSTREAM_MAX_BATCH_INPUTS"] = str(plan.batch_inputs)
        course = (_queued if plan.queued else _at_once)(files, installed, remote)
    return _run(plan, course, load_before)


def _at_once(files: Sequence[File], installed: Installation, remote: Upstream) -> Course:
    """Documents are worked on while others still come in."""
    with installed.working() as crew:
        _warm_up(crew.http)
        before = _read(crew, remote)
        submit_seconds = _submit(crew.http, files)
        counts = _wait(crew.http)
        ended = time.monotonic()
        after = _read_later(crew, remote)
    return Course(counts, ended - before.at, submit_seconds, 0.0, [(before, after)])


def _queued(files: Sequence[File], installed: Installation, remote: Upstream) -> Course:
    """All documents are queued before the first is worked on."""
    with ExitStack() as stack:
        api = stack.enter_context(installed.serving())
        before = _read(api, remote)
        submit_seconds = _submit(api.http, files)
        submitted = _read_later(api, remote)
        if not installed.workers:
            stack.close()
        _tell("all are queued")
        started = time.monotonic()
        crew = stack.enter_context(installed.joined(api) if installed.workers else installed.working())
        began = _read(crew, remote)
        counts = _wait(crew.http)
        ended = time.monotonic()
        after = _read_later(crew, remote)
    first_at = after.seen["first_at"]
    stretches = [(before, submitted), (began, after)]
    return Course(counts, ended - first_at, submit_seconds, first_at - started, stretches)


def _run(plan: Plan, course: Course, load_before: float) -> Run:
    before, after = course.stretches[0][0].seen, course.stretches[-1][1].seen
    texts = after["texts"] - before["texts"]
    cpu = added(spent(begin.cpu, end.cpu) for begin, end in course.stretches)
    beside = added(spent(begin.beside, end.beside) for begin, end in course.stretches)
    ideal_seconds = math.ceil(texts / plan.batch_inputs) * plan.latency_ms / 1_000 / plan.in_flight
    return Run(
        completed=course.counts["completed"],
        failed=course.counts["total"] - course.counts["completed"],
        texts=texts,
        seconds=round(course.seconds, 2),
        submit_seconds=round(course.submit_seconds, 2),
        start_seconds=round(course.start_seconds, 2),
        ideal_seconds=round(ideal_seconds, 3),
        upstream_share=round((after["busy_seconds"] - before["busy_seconds"]) / plan.in_flight / course.seconds, 3),
        cpu_ms_per_document={part: round(s * 1_000 / plan.documents, 3) for part, s in sorted(_named(cpu).items())},
        beside_cpu_seconds={part: round(s, 2) for part, s in beside.items()},
        calls=after["calls"] - before["calls"],
        refused=after["refused"] - before["refused"],
        max_in_flight=after["max_in_flight"],
        load_before=round(load_before, 1),
    )


def _named(cpu: Mapping[str, float]) -> Mapping[str, float]:
    """What has ended are readers, which are replaced after some hundred files."""
    return added({"readers" if part in _READERS else part: seconds} for part, seconds in cpu.items() if seconds)


def _read(crew: Crew, remote: Upstream) -> Reading:
    beside = {"upstream": _own_seconds(remote.pid), "client": _own_seconds(os.getpid())}
    return Reading(time.monotonic(), crew.cpu(), beside, remote.seen())


def _read_later(crew: Crew, remote: Upstream) -> Reading:
    time.sleep(_REST_SECONDS)
    return _read(crew, remote)


def _own_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _warm_up(http: httpx.Client) -> None:
    """Have every process load what it needs."""
    files = [(f"{number}.md", f"# Warm-up\n\nDocument {number}.".encode()) for number in range(_WARM_UP)]
    _submit(http, files, "warm-up")
    _wait(http, "warm-up")


def _submit(http: httpx.Client, files: Sequence[File], store: str = "measured") -> float:
    """Hand the files in, in batches; returns the seconds until the last answer."""
    http.post("/stores", json={"name": store}).raise_for_status()
    began = time.monotonic()

    for first in range(0, len(files), _FILES_A_REQUEST):
        parts = [("file", file) for file in files[first : first + _FILES_A_REQUEST]]
        http.post("/documents", data={"store": store, "lane": "bulk"}, files=parts).raise_for_status()
        if first and first % _TELL_FILES == 0:
            _tell(f"{first} of {len(files)} handed in")
    return time.monotonic() - began


def _wait(http: httpx.Client, store: str = "measured") -> Counts:
    """Return once every document has ended."""
    told = time.monotonic()
    while True:
        counts: Counts = http.get(f"/stores/{store}").raise_for_status().json()["documents"]
        left = counts["queued"] + counts["in_progress"]
        if not left:
            return counts
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            _tell(f"{counts['completed']} of {counts['total']} completed")
        time.sleep(_POLL_SECONDS if left > counts["total"] * _LAST_SHARE else _LAST_POLL_SECONDS)


def _tell(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def row(run: Run) -> Row:
    """The line of the table."""
    return {
        "completed": run.completed,
        "failed": run.failed,
        "texts": run.texts,
        "seconds": run.seconds,
        "docs/s": run.documents_per_second,
        "ideal s": run.ideal_seconds,
        "ratio": run.ratio,
        "upstream busy": run.upstream_share,
        "calls": run.calls,
        "texts/call": run.texts / max(run.calls, 1),
        "refused": run.refused,
        "CPU ms/doc": run.total_cpu_ms,
        "submit s": run.submit_seconds,
        "start s": run.start_seconds,
        "load before": run.load_before,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    options = vars(_parser().parse_args(arguments))
    as_json = options.pop("json")
    options["service_options"] = dict(given.split("=", 1) for given in options.pop("set"))
    plan = Plan(**options)
    if plan.database == "sqlite" and plan.workers > 1:
        sys.exit("SQLite has one process; use --database postgres for several workers.")
    run = measure(plan)
    figures = {name: round(getattr(run, name), 3) for name in ("documents_per_second", "total_cpu_ms", "ratio")}
    report = asdict(plan) | asdict(run) | figures
    parts = {f"{part} ms": ms for part, ms in run.cpu_ms_per_document.items()}
    beside = {f"{part} s": seconds for part, seconds in run.beside_cpu_seconds.items()}
    title = f"{plan.documents} documents, {plan.database}, {plan.workers} worker(s)"
    show(title, report, [row(run)], as_json=as_json)
    if not as_json:
        show("\nCPU per document by part; of the upstream and the client in all", {}, [parts | beside], as_json=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="worker processes beside the service; Postgres only")
    parser.add_argument("--queued", action="store_true", help="queue all documents before the work begins")
    parser.add_argument("--latency-ms", type=float, default=50, help="how long the upstream takes for a call")
    parser.add_argument("--in-flight", type=int, default=8, help="calls that the upstream serves at a time")
    parser.add_argument("--refuse", action="store_true", help="it answers 429 to others, instead of letting them wait")
    parser.add_argument("--batch-inputs", type=int, default=256, help="texts in a call at most")
    parser.add_argument("--dimensions", type=int, default=1536, help="length of the vectors")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an option of Footnote")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
