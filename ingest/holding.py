"""What a worker holds: its leases, kept alive by a heartbeat, and given up when they are lost."""

import asyncio
import logging
from dataclasses import dataclass

from records import Database, leases
from records.errors import RecordsError
from records.leases import Lease, LeaseLostError

_log = logging.getLogger(__name__)
_BEATS_PER_LEASE = 3


@dataclass(slots=True)
class _Held:
    task: asyncio.Task[None]
    until: float
    """When the lease may have ended, by this process's own clock; never later than by the database's."""


class Holdings:
    """The jobs that this worker has in hand."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self.owner = owner
        self.seconds = seconds
        self._held: dict[Lease, _Held] = {}

    def add(self, lease: Lease, task: asyncio.Task[None], asked_at: float) -> None:
        """Keep a lease while `task` runs; `asked_at` is the loop's time before the lease was asked for."""
        self._held[lease] = _Held(task, asked_at + self.seconds)
        # Also when the task is cancelled before it ever ran, in which case it could not tell of its end itself.
        task.add_done_callback(lambda _: self._held.pop(lease, None))

    def require(self, lease: Lease) -> None:
        """Return while the lease certainly lasts.

        Raises:
            LeaseLostError: it may be another's by now.
        """
        held = self._held.get(lease)
        if held is None or asyncio.get_running_loop().time() > held.until:
            raise LeaseLostError

    async def keep(self) -> None:
        """Prolong all leases again and again until cancelled."""
        while True:
            await asyncio.sleep(self.seconds / _BEATS_PER_LEASE)
            await self.beat()

    async def beat(self) -> None:
        """Prolong all leases once; what is lost, or may be, is stopped."""
        before = dict(self._held)  # what is added while the database answers is not in its answer
        asked_at = asyncio.get_running_loop().time()
        held_jobs = [lease.job_id for lease in before]
        try:
            mine = await self._database.write(lambda c: leases.renew(c, self.owner, self.seconds, held_jobs))
        except RecordsError as error:
            _log.warning("leases could not be prolonged: %s", error)
            self._stop_overdue()
            return
        for lease, held in before.items():
            if (lease.job_id, lease.attempts) in mine:
                held.until = asked_at + self.seconds
            else:
                held.task.cancel()

    def _stop_overdue(self) -> None:
        now = asyncio.get_running_loop().time()
        for held in list(self._held.values()):
            if now > held.until:
                held.task.cancel()
