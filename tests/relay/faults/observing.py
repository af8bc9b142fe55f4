"""Footnote in a process of its own that tells what it holds.

`python -m tests.relay.faults.observing` prints its address; for each line on standard input it prints its counts.
"""

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import uvloop

from api import running
from settings import load_settings

_ROOT = Path(__file__).parents[3]
_STOP_SECONDS = 30.0
_GONE = {psutil.CONN_TIME_WAIT, psutil.CONN_LISTEN, psutil.CONN_NONE}


@dataclass(frozen=True, slots=True)
class Counts:
    """What the process holds at one moment."""

    tasks: int
    """Of the event loop."""
    to_clients: int
    """TCP connections that clients made."""
    to_upstreams: int
    """TCP connections that it made, kept for later use among them."""
    rss_bytes: int


class Observed:
    """The service, seen from outside."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self._process = process
        self.address = address
        self.pid = process.pid

    def counts(self) -> Counts:
        """What it holds now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Counts(**json.loads(self._process.stdout.readline()))


@contextmanager
def observed(folder: Path, environ: Mapping[str, str]) -> Iterator[Observed]:
    """Run the service; its log is in the folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"FOOTNOTE_DATA_DIR": str(folder / "data"), "FOOTNOTE_SERVER_PORT": "0"}
    command = [sys.executable, "-m", "tests.relay.faults.observing"]
    with (
        (folder / "service.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=_ROOT,
            env={**kept, **own, **environ},
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            address = process.stdout.readline().strip()
            assert address, (folder / "service.log").read_text()
            yield Observed(process, address)
        finally:
            process.stdin.close()
            process.wait(_STOP_SECONDS)


async def _serve() -> None:
    async with running(load_settings(os.environ)) as address:
        port = urlsplit(address).port
        print(address, flush=True)  # noqa: T201 - that is how it is told
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(asdict(_counted(port))), flush=True)  # noqa: T201


def _counted(port: int | None) -> Counts:
    gc.collect()
    process = psutil.Process()
    open_ones: list[Any] = [each for each in process.net_connections("tcp") if each.status not in _GONE]
    to_clients = sum(each.laddr.port == port for each in open_ones)
    return Counts(len(asyncio.all_tasks()), to_clients, len(open_ones) - to_clients, process.memory_info().rss)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    uvloop.run(_serve())
