"""Starts `footnote` processes by forking one that has imported everything already.

Importing takes a process up to two seconds of a core, and tests start a hundred; a fork takes milliseconds. What is
forked is a process like any other: with its own environment, folder, output, signals and children, and it ends as
Python ends.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TypedDict

from cli import main as footnote

_LARGEST_ORDER_BYTES = 1 << 17
_HIGHEST_DESCRIPTOR = 4_096


class Forked:
    """A process that the nursery has started, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told, "rb", buffering=0)
        self._status: int | None = None
        pid = self._line()
        assert pid, "the nursery has ended; its own standard error says why"
        self.pid = int(pid)

    def poll(self) -> int | None:
        """The status it has ended with, negative for a signal; None while it runs."""
        if self._status is None and select.select([self._told], [], [], 0)[0]:
            self._end()
        return self._status

    def wait(self, timeout: float) -> int:
        """The status it ends with."""
        if self._status is None:
            assert select.select([self._told], [], [], timeout)[0], f"it has not ended within {timeout} s"
            self._end()
        assert self._status is not None
        return self._status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        self._status = int(self._line())
        self._told.close()

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n") and (byte := self._told.read(1)):
            line += byte
        return line


def forked(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: int, stderr: int) -> Forked:
    """Start `footnote` with these arguments; the descriptors stay the caller's to close."""
    read, write = os.pipe()
    order = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}, ensure_ascii=False)
    try:
        socket.send_fds(_nursery(), [order.encode("utf-8", "surrogateescape")], [stdout, stderr, write])
    finally:
        os.close(write)
    return Forked(read)


@cache
def _nursery() -> socket.socket:
    """Where orders go: to one nursery for all tests of this process, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}  # a process with threads is not to be forked
    command = [sys.executable, "-P", "-c", f"from {__name__} import main; main()"]
    process = subprocess.Popen(command, env=kept | own, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
    theirs.close()

    def close() -> None:
        ours.close()
        process.wait()

    atexit.register(close)
    return ours


class _Order(TypedDict):
    arguments: list[str]
    cwd: str
    env: dict[str, str]


def main() -> None:
    """Be the nursery: orders come on standard input, each with where output and what becomes of it go."""
    for module in ("api.serving", "cli.starting", "cli.working"):
        import_module(module)
    gc.freeze()  # else the collector looks at all of it, and so copies it, at the end of each process
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, _LARGEST_ORDER_BYTES, 3)
        if not order:
            return
        if os.fork() == 0:
            control.detach()
            _become(json.loads(order.decode("utf-8", "surrogateescape")), *descriptors)
            footnote()
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _become(order: _Order, stdout: int, stderr: int, told: int) -> None:
    """Return in a new process, which is as ordered; the present one stays to tell how that ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        os.closerange(0, told)
        os.write(told, b"%d\n" % pid)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os._exit(0)
    for own, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), stdout, stderr)):
        os.dup2(descriptor, own)
    os.closerange(3, _HIGHEST_DESCRIPTOR)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["footnote", *order["arguments"]]
