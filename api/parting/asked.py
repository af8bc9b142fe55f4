"""A request, as far as it matters for who answers it."""

from collections.abc import Collection
from functools import partial
from urllib.parse import parse_qs

from starlette.types import Scope

from api.parting.taken import Taken
from records import Database
from records.errors import RecordsError
from records.presence import here, is_our_form

_PREFIX = "/v1/"
_JSON_BYTES = 4_194_304
"""Most of a question that is kept in memory to be understood."""


class Asked:
    """One request under `/v1`."""

    __slots__ = ("_database", "_scope", "path", "relays", "taken")

    def __init__(self, scope: Scope, taken: Taken, database: Database, relays: bool) -> None:
        self._scope = scope
        self._database = database
        self.taken = taken
        self.relays = relays
        self.path: str = scope["path"].removeprefix(_PREFIX)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self._scope["method"])

    @property
    def rest(self) -> str:
        """What follows the first part of the path."""
        return self.path.partition("/")[2]

    def header(self, wanted: bytes) -> bytes | None:
        """The value of a header."""
        return next((value for name, value in self._scope["headers"] if name == wanted), None)

    def queried(self, name: str) -> str | None:
        """The value of a parameter of the query."""
        found = parse_qs(self._scope["query_string"].decode("latin-1")).get(name)
        return found[-1] if found else None

    def declared_bytes(self) -> int | None:
        """How long the body is said to be."""
        declared = self.header(b"content-length") or b""
        return int(declared) if declared.isdigit() else None

    async def body(self) -> bytes:
        """The body, or its beginning where it is large."""
        return await self.taken.beginning(_JSON_BYTES, self.declared_bytes)

    async def is_about_ours(self) -> bool:
        """Whether the path is about a thing that is here; without upstreams it can be about nothing else."""
        return not self.relays or await self.has_any([self.rest.partition("/")[0]])

    async def has_any(self, ids: Collection[str]) -> bool:
        """Whether one of the ids is of something here; also where that cannot be found out, for the answer says so."""
        wanted = [one for one in ids if is_our_form(one)]
        if not wanted:
            return False
        try:
            return bool(await self._database.read(partial(here, ids=wanted)))
        except RecordsError:
            return True
