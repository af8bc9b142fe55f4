"""The relay: calls in, answers out."""

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp

from upstream.relay.answer import Answer
from upstream.relay.call import Call
from upstream.relay.connecting import connect
from upstream.relay.line import Line
from upstream.relay.listing import list_models
from upstream.relay.pool import Pool
from upstream.relay.sending import Sending, Terms
from upstream.relay.server import Server, ServerState
from upstream.relay.socket import Socket


class Relay:
    """Passes calls on to the servers of a pool."""

    def __init__(
        self, session: aiohttp.ClientSession, servers: Sequence[Server], aliases: Mapping[str, str], terms: Terms
    ) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(servers, aliases)
        self._lines = {server.name: Line(session, server, self._loop) for server in servers}
        self._terms = terms

    async def send(self, call: Call, terms: Terms | None = None) -> Answer:
        """The upstream's answer to a call, whatever its status; whoever gets it must close it.

        It is tried again, at the same server or another, as long as nothing of an answer was passed on: when the
        server was not reached, or refused to act, always; else where the call says that it does no harm. Where no try
        is left, the last answer there was is returned, a 429 or 5xx as it is. Cancelling it cuts the connection.

        Args:
            call: The request. An exception of its body passes through as it is, unless it is an OSError.
            terms: Time-outs and retries; those of the options when left out.

        Raises:
            UpstreamError: There was no answer; `tries` and `upstream` tell of the last try.
        """
        return await Sending(call, self._pool, self._lines, terms or self._terms, self._loop).run()

    async def connect(self, call: Call, subprotocols: Sequence[str] = ()) -> Socket:
        """Open a WebSocket. Other servers are tried where one cannot be reached.

        Raises:
            UpstreamRejectedError: The upstream refuses the handshake; `status` is what it said.
            UpstreamError: There was no answer.
        """
        return await connect(self._session, call, self._pool, self._terms.timeouts, subprotocols)

    async def models(self) -> list[dict[str, object]]:
        """What all servers that answer list as models, each once; names of aliases are among them."""
        return await list_models(self, self._pool)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the servers, in the order of the configuration."""
        return tuple(server.name for server in self._pool.servers)

    @property
    def has_aliases(self) -> bool:
        """Whether any model has another name."""
        return bool(self._pool.aliases) or any(server.aliases for server in self._pool.servers)

    def serves(self, model: str) -> bool:
        """Whether there is a server for this model, be it up or not."""
        return self._pool.serves(model)

    def resolved(self, model: str) -> Sequence[str]:
        """What the servers of this model call it, each name once."""
        names = (self._pool.resolve(server, model) for server in self._pool.servers)
        return sorted({name for name in names if name is not None})

    def states(self) -> list[ServerState]:
        """How the servers fare."""
        now = self._loop.time()
        return [server.state(now) for server in self._pool.servers]
