"""The processes of a measurement: Footnote itself and the upstream it calls."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
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

    def seen(self) -> dict[str, Any]:
        """What it was asked so far."""
        return dict(httpx.get(self.base_url, trust_env=False).json())


@contextmanager
def upstream(dimensions: int, latency_ms: float) -> Iterator[Upstream]:
    """Run the instant upstream."""
    arguments = ["--dimensions", str(dimensions), "--latency-ms", str(latency_ms)]
    command = [sys.executable, "-m", "benchmarks.upstream", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Upstream(process.stdout.readline().strip())
        finally:
            process.stdin.close()
            process.wait(_STOP_SECONDS)


@contextmanager
def service(folder: Path, base_url: str) -> Iterator[Service]:
    """Run the service with its data in `folder`; its log goes to `service.log` beside that."""
    log = folder.with_name(f"{folder.name}-service.log")
    command = [sys.executable, "-c", "from cli import main; main()", "serve"]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stderr=written, env=environment(folder, base_url), cwd=ROOT)
    try:
        with httpx.Client(base_url=_address(process, log), timeout=300, trust_env=False) as http:
            yield Service(process.pid, http)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def environment(folder: Path, base_url: str) -> dict[str, str]:
    """Everything at its default, whatever the caller's own configuration is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    own = {"FOOTNOTE_DATA_DIR": str(folder), "FOOTNOTE_SERVER_PORT": "0", "OPENAI_BASE_URL": base_url}
    return kept | own | {"OPENAI_API_KEY": "none"}


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"serves on (\S+)", log.read_text(errors="replace")):
            return found.group(1)
        time.sleep(0.02)
    message = f"The service did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
