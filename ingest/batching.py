"""Embedding the chunks of many documents with as few calls as possible, and each text once."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Protocol

from ingest.lanes import Lanes, Request, Wanted
from records.ids import DocumentId
from upstream import (
    BatchLimits,
    Budget,
    BulkEmbedder,
    Outcome,
    Place,
    Prepared,
    UpstreamError,
    UpstreamRejectedError,
    Vectors,
)

_LINGER_SECONDS = 0.02
_BUSY_SECONDS = 0.2
"""Time since the last texts within which another is likely to come soon."""
_FRESH_SECONDS = 1.0
"""How long a look at the recorded vectors counts: nobody else is likely to have paid since."""
_log = logging.getLogger(__name__)


class Memory(Protocol):
    """The vectors that were paid for."""

    async def find(self, hashes: Sequence[bytes]) -> Mapping[bytes, Vectors]:
        """Those recorded for texts of these hashes, shape (dimensions,) each."""

    async def keep(self, rows: Sequence[tuple[DocumentId, bytes, Vectors]]) -> None:
        """Record vectors by document and hash; they are on disk when this returns."""


class CallBudget(Budget, Protocol):
    """A budget that also knows how large a call may be."""

    @property
    def max_call_tokens(self) -> int | None:
        """Tokens of the largest call that keeps within it; None where they are not limited."""


class TextRefusedError(Exception):
    """One text of a request has no vector; the reason is the cause."""

    def __init__(self, text_hash: bytes, reason: UpstreamRejectedError) -> None:
        super().__init__(str(reason))
        self.text_hash = text_hash
        self.reason = reason


class SharedBatches:
    """Collects texts until a call may be made, and then sends what waits at that moment, of many documents together.

    While there is traffic, texts that do not fill a call wait some milliseconds for more: a call costs the same for one
    text as for a hundred, and upstreams count calls. A text that several documents want is sent for all of them. What
    comes back is recorded before anybody gets it, also when nobody waits for it any more.
    """

    def __init__(
        self,
        embedder: BulkEmbedder,
        memory: Memory,
        budget: CallBudget | None = None,
        linger_seconds: float = _LINGER_SECONDS,
    ) -> None:
        self._embedder = embedder
        self._memory = memory
        self._budget = budget
        self._linger_seconds = linger_seconds
        self._lanes = Lanes()
        self._wanted: dict[bytes, Wanted] = {}
        self._sending: asyncio.Task[None] | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()
        self._last_sent = float("-inf")

    async def embed(
        self, document_id: DocumentId, texts: Mapping[bytes, Prepared], *, urgent: bool = False
    ) -> Mapping[bytes, Vectors]:
        """A vector for each text, by its hash, shape (dimensions,); there must be at least one, and none recorded yet.

        Raises:
            TextRefusedError: the upstream refuses a text; which one is in the error.
            UpstreamError: as the embedder raises it.
        """
        request = Request(urgent, asyncio.get_running_loop().create_future())
        for text_hash, prepared in texts.items():
            request.add(self._find_or_add(document_id, text_hash, prepared))
        self._lanes.add(request)
        self._send()
        try:
            return await request.done
        finally:
            self._leave(request, texts)

    async def close(self, seconds: float) -> None:
        """Wait that long for calls under way, whose vectors are paid for, and then end them."""
        if self._sending is not None:
            self._sending.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=seconds)
        for call in self._calls:
            call.cancel()

    def _find_or_add(self, document_id: DocumentId, text_hash: bytes, prepared: Prepared) -> Wanted:
        if text_hash not in self._wanted:
            now = asyncio.get_running_loop().time()
            self._wanted[text_hash] = Wanted(text_hash, prepared, document_id, now)
        return self._wanted[text_hash]

    def _leave(self, request: Request, texts: Mapping[bytes, Prepared]) -> None:
        """Forget the texts that nobody else wants and that are not under way."""
        for text_hash in texts:
            wanted = self._wanted.get(text_hash)
            if wanted is not None and request in wanted.requests:
                wanted.requests.remove(request)
                if not wanted.requests and not wanted.taken:
                    del self._wanted[text_hash]

    def _send(self) -> None:
        self._arrived.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
            self._sending.add_done_callback(self._sent)

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending = None
        if sending.cancelled():
            return
        if error := sending.exception():
            if not isinstance(error, UpstreamError):
                _log.error("texts cannot be sent", exc_info=error)
            for request in self._lanes.drain():
                request.fail(error)
        elif self._lanes:  # they came after its last look, and before it was known to have ended
            self._send()

    async def _send_all(self) -> None:
        while self._lanes:
            await self._linger()
            place = await self._embedder.place()
            try:
                seconds = await self._start_call(place)
            except BaseException:
                place.release()
                raise
            if seconds:
                place.release()
                await self._rest(seconds)

    async def _linger(self) -> None:
        """Wait a moment for more when more is likely to come, and nobody is in a hurry."""
        now = asyncio.get_running_loop().time()
        busy = now - self._last_sent < _BUSY_SECONDS
        self._last_sent = now
        end = now + self._linger_seconds
        while busy and not self._lanes.hurry and not self._lanes.fill(self._limits()):
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._arrived.wait()
            except TimeoutError:
                return

    async def _rest(self, seconds: float) -> None:
        """Wait until the budget may have more; something urgent may use more of it, so it is asked again at once."""
        self._arrived.clear()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + seconds):
                urgent = self._lanes.hurry
                while urgent or not self._lanes.hurry:
                    await self._arrived.wait()
                    self._arrived.clear()
        except TimeoutError:
            return

    def _limits(self) -> BatchLimits:
        limits = self._embedder.limits
        if self._budget is None or self._budget.max_call_tokens is None:
            return limits
        return BatchLimits(limits.max_inputs, min(limits.max_tokens, self._budget.max_call_tokens))

    async def _start_call(self, place: Place) -> float:
        """Make a call of what waits; returns the seconds to wait instead when the budget has no more."""
        batch = await self._unpaid(self._lanes.take(self._limits()))
        seconds = await self._take(batch, urgent=False)
        if seconds and any(wanted.urgent for wanted in batch):
            self._put_back(batch)
            batch = await self._unpaid(self._lanes.take(self._limits(), only_urgent=True))
            seconds = await self._take(batch, urgent=True)
        if seconds:
            self._put_back(batch)
        elif batch:
            self._start(self._call(place, batch))
        else:
            place.release()
        return seconds

    def _start(self, call: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _put_back(self, batch: Sequence[Wanted]) -> None:
        self._lanes.put_back(batch)
        for wanted in batch:
            if not wanted.requests:
                del self._wanted[wanted.text_hash]

    async def _take(self, batch: Sequence[Wanted], *, urgent: bool) -> float:
        if self._budget is None or not batch:
            return 0.0
        try:
            return await self._budget.take(sum(wanted.prepared.tokens for wanted in batch), urgent=urgent)
        except BaseException as error:
            self._fail(batch, error)
            raise

    async def _unpaid(self, batch: list[Wanted]) -> list[Wanted]:
        """The batch without what another process has paid for since it was looked up."""
        now = asyncio.get_running_loop().time()
        if not any(now - wanted.looked_up > _FRESH_SECONDS for wanted in batch):
            return batch
        try:
            known = await self._memory.find([wanted.text_hash for wanted in batch])
        except BaseException as error:
            self._fail(batch, error)
            raise
        for wanted in batch:
            wanted.looked_up = now
            if wanted.text_hash in known:
                self._settle(wanted, known[wanted.text_hash])
        return [wanted for wanted in batch if wanted.text_hash not in known]

    async def _call(self, place: Place, batch: Sequence[Wanted]) -> None:
        try:
            outcome = await self._outcome(place, batch)
            paid = [position for position in range(len(batch)) if position not in outcome.failures]
            rows = outcome.vectors
            await self._memory.keep([(batch[p].document_id, batch[p].text_hash, rows[p]) for p in paid])
        except BaseException as error:  # whatever it is, nobody may wait for ever
            self._fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return
        finally:  # not before the vectors are recorded: a crash is to cost no more calls than there are places
            place.release()
        for position in paid:
            self._settle(batch[position], rows[position])
        for position, failure in outcome.failures.items():
            self._fail([batch[position]], failure)

    async def _outcome(self, place: Place, batch: Sequence[Wanted]) -> Outcome:
        urgent = all(wanted.urgent for wanted in batch)
        return await place.embed([wanted.prepared for wanted in batch], urgent=urgent, budget=self._budget)

    def _settle(self, wanted: Wanted, row: Vectors) -> None:
        self._wanted.pop(wanted.text_hash, None)
        for request in wanted.requests:
            request.settle(wanted.text_hash, row)

    def _fail(self, batch: Sequence[Wanted], error: BaseException) -> None:
        for wanted in batch:
            self._wanted.pop(wanted.text_hash, None)
            reason: BaseException = error
            if isinstance(error, UpstreamRejectedError) and error.may_be_about_texts and len(batch) == 1:
                reason = TextRefusedError(wanted.text_hash, error)
            for request in wanted.requests:
                request.fail(reason)
