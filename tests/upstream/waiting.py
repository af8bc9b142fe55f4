"""Bounded waits for what happens in another thread or process."""

from collections.abc import Callable

import anyio
import psutil


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fails after ten seconds."""
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - nothing tells this event loop
            await anyio.sleep(0.01)


async def until_gone(pid: int) -> None:
    """Return when the process has ended, even if nobody has collected it."""
    await until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
