"""One call on its way: the next try, and whether there is one."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from upstream.errors import UpstreamError
from upstream.failures import Refusal, Report, read_report, read_retry_after
from upstream.relay.answer import Answer
from upstream.relay.call import Call, Replay
from upstream.relay.keyring import LIMITED_SECONDS, REFUSED_SECONDS
from upstream.relay.line import Line, MissedError
from upstream.relay.pool import Pool
from upstream.relay.renaming import renamed
from upstream.relay.server import Server
from upstream.retrying import Retries
from upstream.timeouts import Timeouts

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_REQUEST_TIMEOUT = 408
_LIMITED = 429
_UNAVAILABLE = 503
_SERVER_ERROR = 500
_NEVER_BETTER: Final = frozenset({501, 505})
"""Not implemented, and a version of HTTP: true of the server, whenever it is asked."""
_UNSETTLED: Final = frozenset({_UNAUTHORIZED, _FORBIDDEN, _REQUEST_TIMEOUT, _LIMITED})
"""Below 500, what another try may change."""
_PEEK_BYTES = 16 * 1024
_PEEK_SECONDS = 1.0
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long and how often a call is tried."""

    timeouts: Timeouts
    max_retries: int
    retry_seconds: float
    """After which the call is not tried again."""
    waits: bool = True
    """Whether to start over after a pause when every server and key was tried."""


class Sending:
    """Tries one server and key after the other, then from the beginning after a pause, as far as the call allows.

    What the last answer said stays at hand meanwhile: where no try is left it is passed on as it is, since it says
    more than we could.
    """

    __slots__ = (
        "_began",
        "_call",
        "_held",
        "_is_bound",
        "_key",
        "_lines",
        "_loop",
        "_pool",
        "_rounds",
        "_server",
        "_servers",
        "_suspects",
        "_terms",
        "_tried",
        "tries",
    )

    def __init__(
        self, call: Call, pool: Pool, lines: Mapping[str, Line], terms: Terms, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._call = call
        self._pool = pool
        self._lines = lines
        self._terms = terms
        self._loop = loop
        self._began = loop.time()
        self._servers: Sequence[Server] = ()
        self._tried: dict[str, set[int]] = {}
        self._suspects: dict[str, bool] = {}
        """Servers that said 5xx, and whether that call was a probe."""
        self._rounds = 0
        self._held: Answer | None = None
        self._is_bound = False
        self._server: Server
        self._start_over(self._began)
        self.tries = 0

    async def run(self) -> Answer:
        """The first answer that settles the call, or else the last one there was.

        Raises:
            UpstreamError: There was no answer, or nothing but refusals of our keys.
        """
        try:
            while True:
                try:
                    answer = await self._try(self._server)
                except MissedError as missed:
                    if not await self._go_on_after_miss(missed):
                        return self._last_answer(missed.error)
                else:
                    if answer.status < _SERVER_ERROR and answer.status not in _UNSETTLED:
                        self._hold(None)
                        self._blame_others(answer)
                        return answer
                    self._hold(answer)
                    if not await self._go_on_after_refusal(answer):
                        return self._last_answer(None)
        except UpstreamError as error:
            self._hold(None)
            error.tries = self.tries
            error.upstream = self._server.name
            raise
        except BaseException:
            self._hold(None)
            raise

    async def _try(self, server: Server) -> Answer:
        call = self._call
        model = call.model
        if model is not None:
            model = self._pool.resolve(server, model) or model  # it may be pinned to a server that does not list it
            if model != call.model:
                call = renamed(call, model)
        now = self._loop.time()
        probe = server.enter(now)
        self.tries += 1
        try:
            answer = await self._lines[server.name].send(call, self._key, self._terms.timeouts, model=model)
        except MissedError as missed:
            server.leave()
            if not self._may_be_stale(missed):
                server.failed(self._loop.time(), probe=probe)
            raise
        except BaseException:
            server.leave()
            raise
        answer.tries = self.tries
        if answer.status >= _SERVER_ERROR and answer.status not in _NEVER_BETTER and not self._pool.is_sole:
            self._suspects[server.name] = probe
        else:
            server.succeeded()
        return answer

    def _blame_others(self, answer: Answer) -> None:
        """Hold 5xx answers against their servers, now that another has done better.

        Where none does, it is the call: whoever sends one that no server can stand must not have all of them left
        alone.
        """
        for name, probe in self._suspects.items():
            if name != answer.upstream:
                self._lines[name].server.failed(self._loop.time(), probe=probe)

    async def _go_on_after_miss(self, missed: MissedError) -> bool:
        if missed.reached and not self._may_repeat:
            return False
        self._bind(may_have_acted=missed.reached)
        if self._may_be_stale(missed) and self._within_limits():
            return True
        self._tried[self._server.name] = set(range(len(self._server.keyring)))
        return await self._go_on(None, hopeless=not missed.error.retryable)

    async def _go_on_after_refusal(self, answer: Answer) -> bool:
        """Whether there is another try after a refusal, and how long it takes until then."""
        status = answer.status
        if status in _NEVER_BETTER:
            return False
        seconds = read_retry_after({name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers})
        hopeless = status in {_UNAUTHORIZED, _FORBIDDEN}
        if status == _LIMITED:
            report = read_report(await answer.peek(_PEEK_BYTES, _PEEK_SECONDS))
            hopeless = report.code == "insufficient_quota"
        if hopeless or status == _LIMITED:
            self._tried.setdefault(self._server.name, set()).add(self._key)
            self._rest_key(status, hopeless=hopeless, seconds=seconds)
        else:
            self._tried[self._server.name] = set(range(len(self._server.keyring)))
        was_refused = self._was_refused(status, seconds)
        if not was_refused and not self._may_repeat:
            return False
        self._bind(may_have_acted=not was_refused)
        if not isinstance(self._call.body, bytes):
            return False
        return await self._go_on(seconds, hopeless=hopeless)

    def _bind(self, *, may_have_acted: bool) -> None:
        """Leave others out from now on, where only this server and account can tell a second try from a second call."""
        if may_have_acted and self._call.replay is Replay.SAME:
            self._is_bound = True

    def _rest_key(self, status: int, *, hopeless: bool, seconds: float | None) -> None:
        """Leave a key out for a while. A 403 may be about what this one call wants, so that key goes on."""
        if status == _FORBIDDEN:
            return
        if hopeless:
            _logger.warning(
                "Upstream `%s` refuses a key (status %d); check `%s`.",
                self._server.name,
                status,
                self._server.endpoint.key_option,
            )
        rest_seconds = REFUSED_SECONDS if hopeless else LIMITED_SECONDS if seconds is None else seconds
        self._server.keyring.rest(self._key, self._loop.time() + rest_seconds)

    async def _go_on(self, retry_after_seconds: float | None, *, hopeless: bool = False) -> bool:
        """Choose the next server and key, at once or after a pause; False where there must not be another try."""
        if not self._within_limits():
            return False
        now = self._loop.time()
        if self._choose(now):
            return True
        if hopeless or not self._terms.waits:
            return False
        retries = Retries(self._terms.max_retries, self._terms.retry_seconds)
        if (retry_after_seconds or 0.0) + now - self._began > self._terms.retry_seconds:
            return False
        await asyncio.sleep(retries.pause_seconds(self._rounds, retry_after_seconds))
        self._rounds += 1
        try:
            self._start_over(self._loop.time())
        except UpstreamError:
            return False
        return True

    def _start_over(self, now: float) -> None:
        if self._is_bound:
            self._pool.candidates(None, self._server.name, now)
            self._tried.clear()
            return
        self._servers = self._pool.candidates(self._call.model, self._call.upstream, now)
        self._tried.clear()
        self._server = self._servers[0]
        self._key = self._server.keyring.pick(now) or 0

    def _choose(self, now: float) -> bool:
        """Another key of the same server, or else the next server."""
        if self._is_bound:
            return False
        for server in (self._server, *self._servers):
            if not (server.breaker.admits(now) and server.has_room(now)):
                continue
            key = server.keyring.pick(now, self._tried.get(server.name, ()))
            if key is not None:
                self._server, self._key = server, key
                return True
        return False

    def _within_limits(self) -> bool:
        return self.tries <= self._terms.max_retries and self._loop.time() - self._began < self._terms.retry_seconds

    def _may_be_stale(self, missed: MissedError) -> bool:
        """Whether an idle connection may have been given up by the server just when it was used again."""
        return missed.lost and self.tries == 1 and self._may_repeat and self._terms.max_retries > 0

    @property
    def _may_repeat(self) -> bool:
        return self._call.replay is not Replay.UNDONE and isinstance(self._call.body, bytes)

    def _was_refused(self, status: int, retry_after_seconds: float | None) -> bool:
        """Whether the status says that nothing was done."""
        return status in {_UNAUTHORIZED, _FORBIDDEN, _LIMITED} or (
            status == _UNAVAILABLE and retry_after_seconds is not None
        )

    def _hold(self, answer: Answer | None) -> None:
        if self._held is not None:
            self._held.close()
        self._held = answer

    def _last_answer(self, error: UpstreamError | None) -> Answer:
        answer = self._held
        if answer is None:
            assert error is not None
            raise error
        if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise Refusal(
                answer.status,
                Report(),
                key_option=self._server.endpoint.key_option,
                key="set" if self._server.keyring.authorization(self._key) else "",
            ).error()
        self._held = None
        answer.tries = self.tries
        return answer
