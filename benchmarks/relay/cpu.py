"""CPU time of a tree of processes, finer than the hundredth of a second that the system's own counters have."""

from pathlib import Path

import psutil

from benchmarks.cpu import cpu_seconds

_NANOSECONDS = 1e-9


def tree_seconds(pid: int) -> float:
    """What the threads of all these processes have run so far; one that ends takes its share with it.

    Where the kernel does not say it by thread (`/proc/…/schedstat`), the system's coarser counters are read.
    """
    root = psutil.Process(pid)
    try:
        return sum(_process_seconds(process.pid) for process in [root, *root.children(recursive=True)])
    except FileNotFoundError:
        return sum(cpu_seconds(pid).values())


def _process_seconds(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split(maxsplit=1)[0]) for thread in threads) * _NANOSECONDS
