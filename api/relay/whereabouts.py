"""Remembering at which upstream a file, a job or a response is, where there are several."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from records import resources
from records.database import Database
from records.errors import RecordsError

_MAX_KNOWN = 10_000
_log = logging.getLogger(__name__)


class Whereabouts:
    """In memory for what was used lately, in the database for all processes and ever.

    Nothing fails because the database does: what is not known is looked for at the upstreams.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, str] = OrderedDict()

    async def find(self, ids: Sequence[str]) -> str | None:
        """Name of the upstream of the first id that is known."""
        for one in ids:
            if one in self._known:
                self._known.move_to_end(one)
                return self._known[one]
        if not ids:
            return None
        try:
            found = await self._database.read(partial(resources.find, ids=ids))
        except RecordsError:
            _log.warning("cannot look up at which upstream something is")
            return None
        for one, upstream in found.items():
            self._keep(one, upstream)
        return next((found[one] for one in ids if one in found), None)

    async def place(self, ids: Sequence[str], upstream: str, key_id: str | None) -> None:
        """Remember where these are."""
        new = [one for one in ids if self._known.get(one) != upstream]
        for one in new:
            self._keep(one, upstream)
        if new:
            await self._write(partial(resources.place, ids=new, upstream=upstream, key_id=key_id))

    async def forget(self, ids: Sequence[str]) -> None:
        """Forget what has been deleted."""
        for one in ids:
            self._known.pop(one, None)
        if ids:
            await self._write(partial(resources.forget, ids=ids))

    def _keep(self, one: str, upstream: str) -> None:
        self._known[one] = upstream
        self._known.move_to_end(one)
        while len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    async def _write(self, work: "partial[None]") -> None:
        try:
            await self._database.write(work)
        except RecordsError:
            _log.warning("cannot record at which upstream something is")
