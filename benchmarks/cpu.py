"""CPU time of a process and everything it started."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

import psutil

_PARTS = {
    "ingest.parsing.process": "parsers",
    "vectorstore.embedded": "engine",
    "local_worker": "local model",
}
"""What a child's command line holds, and what it is called in reports."""
_STILL_SECONDS = 0.5
_STILL_CPU_SECONDS = 0.02


def cpu_seconds(pid: int, own: str = "service") -> Mapping[str, float]:
    """User and system time so far, by part; `ended` is that of own children which are gone and were waited for."""
    root = psutil.Process(pid)
    parts: defaultdict[str, float] = defaultdict(float)
    for process in [root, *root.children(recursive=True)]:
        try:
            times, name = process.cpu_times(), own if process.pid == pid else _part(process)
        except psutil.NoSuchProcess:  # waited for since the list was made: its parent's `ended` has it
            continue
        parts[name] += times.user + times.system
        # Children of children are what an engine or a reader started for itself.
        parts["ended" if process.pid == pid else name] += times.children_user + times.children_system
    return parts


def when_idle(pid: int) -> Mapping[str, float]:
    """The same once nothing moves any more: what was put off, such as a flush, belongs to the work before."""
    before = cpu_seconds(pid)
    while True:
        time.sleep(_STILL_SECONDS)
        now = cpu_seconds(pid)
        if sum(now.values()) - sum(before.values()) < _STILL_CPU_SECONDS:
            return now
        before = now


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each part took in between, in seconds."""
    return {part: round(after[part] - before.get(part, 0), 2) for part in sorted(after)}


def added(readings: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    """Readings of several processes as one."""
    total: defaultdict[str, float] = defaultdict(float)
    for reading in readings:
        for part, seconds in reading.items():
            total[part] += seconds
    return total


def _part(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return next((name for mark, name in _PARTS.items() if mark in command), "other")
