"""How many documents a second, and a CPU-second, become searchable. See README.md."""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from benchmarks.corpus import make_folder
from benchmarks.cpu import spent, when_idle
from benchmarks.processes import Service, Upstream, service, upstream
from benchmarks.reporting import Row, show

_FILES_A_REQUEST = 16  # as `footnote add` does
_SIDE_BY_SIDE = 4
_POLL_SECONDS = 0.25
_PAGE = 100
_WARM_UP = 4
"""Documents before the measurement, so that every process has been started and has loaded what it needs."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run over the folder."""

    completed: int
    failed: int
    chunks: int
    seconds: float
    """From the first request until the last document ended."""
    cpu_seconds: dict[str, float]
    """By part: the service, its parsers, the engine, and children that ended meanwhile."""
    first_document_seconds: float
    """From the moment the service listened until a first, tiny document was searchable."""
    start_cpu_seconds: float
    """Spent before the measurement, warming up included."""
    embeddings_calls: int
    texts_embedded: int
    max_calls_in_flight: int
    failures: dict[str, str]
    """Error codes by file name."""

    @property
    def documents_per_second(self) -> float:
        """By the clock on the wall."""
        return self.completed / self.seconds

    @property
    def total_cpu_seconds(self) -> float:
        """Of all processes together."""
        return sum(self.cpu_seconds.values())

    @property
    def documents_per_cpu_second(self) -> float:
        """The figure that depends least on the number of cores and on what else runs."""
        return self.completed / self.total_cpu_seconds


def measure(folder: Path, *, dimensions: int, latency_ms: float) -> Run:
    """Add every file of `folder` to a fresh service over HTTP, and wait until each ended."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with (
        tempfile.TemporaryDirectory(prefix="footnote-benchmark-") as data,
        upstream(dimensions, latency_ms) as remote,
        service(Path(data) / "data", remote.base_url) as running,
    ):
        first_document_seconds = _warm_up(running)
        return _measure(files, running, remote, first_document_seconds)


def _warm_up(running: Service) -> float:
    running.http.post("/stores", json={"name": "warm-up"}).raise_for_status()
    began = time.perf_counter()
    _add(running.http, "warm-up", "first.md", b"# First\n\nA first document, so that everything is there.")
    _wait(running.http, "warm-up")
    seconds = time.perf_counter() - began
    for number in range(_WARM_UP):
        _add(running.http, "warm-up", f"{number}.md", f"# Warm-up\n\nDocument {number}.".encode())
    _wait(running.http, "warm-up")
    return seconds


def _measure(files: Sequence[Path], running: Service, remote: Upstream, first_document_seconds: float) -> Run:
    running.http.post("/stores", json={"name": "measured"}).raise_for_status()
    before, seen = when_idle(running.pid), remote.seen()
    began = time.perf_counter()
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        groups = [files[first : first + _FILES_A_REQUEST] for first in range(0, len(files), _FILES_A_REQUEST)]
        list(threads.map(lambda group: _add_all(running.http, "measured", group), groups))
    _wait(running.http, "measured")
    seconds = time.perf_counter() - began
    after, now = when_idle(running.pid), remote.seen()
    documents = _documents(running.http)
    failures = {row["filename"]: row["error"]["code"] for row in documents if row["status"] == "failed"}
    return Run(
        completed=len(documents) - len(failures),
        failed=len(failures),
        chunks=sum(row["chunks"] for row in documents),
        seconds=round(seconds, 3),
        cpu_seconds=spent(before, after),
        first_document_seconds=round(first_document_seconds, 3),
        start_cpu_seconds=round(sum(before.values()), 2),
        embeddings_calls=now["calls"] - seen["calls"],
        texts_embedded=now["texts"] - seen["texts"],
        max_calls_in_flight=now["max_in_flight"],
        failures=failures,
    )


def _add_all(http: httpx.Client, store: str, paths: Sequence[Path]) -> None:
    parts = [("file", (path.name, path.read_bytes())) for path in paths]
    http.post("/documents", data={"store": store}, files=parts).raise_for_status()


def _add(http: httpx.Client, store: str, name: str, content: bytes) -> None:
    http.post("/documents", data={"store": store}, files={"file": (name, content)}).raise_for_status()


def _wait(http: httpx.Client, store: str) -> None:
    while True:
        counts = http.get(f"/stores/{store}").raise_for_status().json()["documents"]
        if counts["completed"] + counts["failed"] == counts["total"]:
            return
        time.sleep(_POLL_SECONDS)


def _documents(http: httpx.Client) -> list[Row]:
    found: list[Row] = []
    asked: dict[str, str | int] = {"store": "measured", "limit": _PAGE}
    while True:
        page = http.get("/documents", params=asked).raise_for_status().json()
        found += page["data"]
        if not page["has_more"]:
            return found
        asked["after"] = page["last_id"]


def row(number: int, run: Run) -> Row:
    """A line of the table."""
    cpu = {f"{part} CPU-s": seconds for part, seconds in run.cpu_seconds.items()}
    return {
        "run": number,
        "completed": run.completed,
        "failed": run.failed,
        "chunks": run.chunks,
        "docs/s": run.documents_per_second,
        "docs/CPU-s": run.documents_per_cpu_second,
        **cpu,
        "calls": run.embeddings_calls,
        "in flight": run.max_calls_in_flight,
        "first s": run.first_document_seconds,
        "start CPU-s": run.start_cpu_seconds,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.make:
        make_folder(options.folder, options.files)
    runs = [
        measure(options.folder, dimensions=options.dimensions, latency_ms=options.latency_ms)
        for _ in range(options.repeat)
    ]
    median = statistics.median(run.documents_per_cpu_second for run in runs)
    report = {
        "folder": str(options.folder),
        "dimensions": options.dimensions,
        "latency_ms": options.latency_ms,
        "documents_per_cpu_second": round(median, 1),
        "runs": [asdict(run) for run in runs],
    }
    rows = [row(number, run) for number, run in enumerate(runs, 1)]
    show(f"{median:.1f} documents per CPU-second (median)", report, rows, as_json=options.json)
    for name, code in runs[0].failures.items():
        print(f"failed: {name}: {code}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("folder", type=Path, help="every file in it is added")
    parser.add_argument(
        "--make", action="store_true", help="write ordinary files of several kinds into the folder first"
    )
    parser.add_argument("--files", type=int, default=260, help="how many --make writes")
    parser.add_argument("--repeat", type=int, default=1, help="runs, each with a fresh service")
    parser.add_argument("--dimensions", type=int, default=1536, help="length of the vectors")
    parser.add_argument("--latency-ms", type=float, default=0, help="how long the upstream takes to answer")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
