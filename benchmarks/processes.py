"""The processes of a measurement: Footnote itself and the upstream it calls."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running `footnote serve`."""

    pid: int
    http: httpx.Client


@dataclass(frozen=True, slots=True)
class Upstream:
    """A running `benchmarks.upstream`."""

    base_url: str
    pid: int

    def seen(self) -> dict[str, Any]:
        """What it was asked so far."""
        return dict(httpx.get(self.base_url, trust_env=False).json())


@contextmanager
def upstream(
    dimensions: int, latency_ms: float, in_flight: int | None = None, *, refuse: bool = False
) -> Iterator[Upstream]:
    """Run the upstream, which answers at once or after `latency_ms`; see `benchmarks.upstream`."""
    arguments = ["--dimensions", str(dimensions), "--latency-ms", str(latency_ms)]
    arguments += [] if in_flight is None else ["--in-flight", str(in_flight)]
    arguments += ["--refuse"] if refuse else []
    command = [sys.executable, "-m", "benchmarks.upstream", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Upstream(process.stdout.readline().strip(), process.pid)
        finally:
            process.stdin.close()
            process.wait(_STOP_SECONDS)


@contextmanager
def service(folder: Path, base_url: str, options: dict[str, str] | None = None) -> Iterator[Service]:
    """Run the service with its data in `folder`; its log is kept beside that."""
    with _footnote("serve", "service", folder, environment(folder, base_url) | (options or {})) as (process, log):
        address = _told(process, log, r"serves on (\S+)")
        with httpx.Client(base_url=address, timeout=300, trust_env=False) as http:
            yield Service(process.pid, http)


@contextmanager
def worker(folder: Path, base_url: str, number: int, options: dict[str, str]) -> Iterator[int]:
    """Run a worker beside a service; yields its process id once it takes documents."""
    name = f"worker-{number}"
    with _footnote("worker", name, folder, environment(folder, base_url) | options) as (process, log):
        _told(process, log, r"(works on documents)")
        yield process.pid


@contextmanager
def qdrant(folder: Path) -> Iterator[tuple[int, str]]:
    """Run what stands in for a Qdrant server; yields its process id and address."""
    command = [sys.executable, "-m", "tests.fakes.qdrant_server", "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


@contextmanager
def _footnote(
    command: str, name: str, folder: Path, variables: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder.with_name(f"{folder.name}-{name}.log")
    whole: Sequence[str] = [sys.executable, "-c", "from cli import main; main()", command]
    with log.open("wb") as written:
        process = subprocess.Popen(whole, stderr=written, env=variables, cwd=ROOT)
    try:
        yield process, log
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def environment(folder: Path, base_url: str) -> dict[str, str]:
    """Everything at its default, whatever the caller's own configuration is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    own = {"FOOTNOTE_DATA_DIR": str(folder), "FOOTNOTE_SERVER_PORT": "0", "OPENAI_BASE_URL": base_url}
    return kept | own | {"OPENAI_API_KEY": "none"}


def _told(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found.group(1)
        time.sleep(0.02)
    message = f"Footnote did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
