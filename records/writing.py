"""One thread that writes to SQLite, and commits together what is waiting at the same time.

SQLite lets one connection write at a time and waits for the disk at every commit (synchronous=FULL), so the price of a
commit is shared by all writes that queued up during the one before.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine

Work = Callable[[Connection], Any]
_MAX_GROUP = 256


class Writer:
    """Runs functions that write, each all or nothing, many in one commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[tuple[Work, Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="records-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[Any]:
        """Queue `work`; its result comes once it is committed."""
        future: Future[Any] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group = self._next_group()
            going = None not in group
            if wanted := [item for item in group if item and item[1].set_running_or_notify_cancel()]:
                self._commit(wanted)

    def _next_group(self) -> list[tuple[Work, Future[Any]] | None]:
        group = [self._queue.get()]
        while len(group) < _MAX_GROUP and group[-1] is not None:
            try:
                group.append(self._queue.get_nowait())
            except Empty:
                break
        return group

    def _commit(self, group: list[tuple[Work, Future[Any]]]) -> None:
        if len(group) == 1:
            self._commit_alone(*group[0])
            return
        outcomes: list[Callable[[], None]] = []
        try:
            with self._engine.begin() as connection:
                outcomes.extend(_attempt(connection, work, future) for work, future in group)
        except BaseException as error:  # noqa: BLE001  the callers get it; the writer goes on for others
            for _, future in group:
                future.set_exception(error)
            return
        for tell in outcomes:
            tell()

    def _commit_alone(self, work: Work, future: Future[Any]) -> None:
        """The usual case, in which the transaction itself is what work fails back to."""
        try:
            with self._engine.begin() as connection:
                result = work(connection)
        except BaseException as error:  # noqa: BLE001  as above
            future.set_exception(error)
        else:
            future.set_result(result)


def _attempt(connection: Connection, work: Work, future: Future[Any]) -> Callable[[], None]:
    """Run one piece of work in a savepoint; returns how to tell its caller after the commit."""
    try:
        with connection.begin_nested():
            result = work(connection)
    except Exception as error:  # noqa: BLE001  it belongs to the caller
        failure = error
        return lambda: future.set_exception(failure)
    return lambda: future.set_result(result)
