"""The right to make one embeddings call, and what is done with it until it has gone well."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from upstream.budget import Budget
from upstream.embedder import Outcome, Prepared, Vectors
from upstream.embeddings_call import EmbeddingsCall
from upstream.errors import UpstreamError, UpstreamRejectedError
from upstream.places import Places, Ticket
from upstream.retrying import Retries
from upstream.splitting import Splitting

_HARMLESS = Prepared("word", 1)
_TRIVIAL_SECONDS = 1.0
"""A silence up to which other processes need not be told."""


class _Owner(Protocol):
    """What a place needs of the embedder that gave it."""

    async def dimensions(self) -> int: ...
    def remember(self, *, max_inputs: int | None = None, max_tokens: int | None = None) -> None: ...


class RemotePlace:
    """See `upstream.embedder.Place`. Between two tries it is given back and waited for again, before newcomers."""

    def __init__(self, owner: _Owner, call: EmbeddingsCall, places: Places, ticket: Ticket, retries: Retries) -> None:
        self._owner = owner
        self._call = call
        self._places = places
        self._ticket: Ticket | None = ticket
        self._retries = retries

    def release(self) -> None:
        """Give the place to the next one; doing it again does no harm."""
        if self._ticket is not None:
            self._ticket = None
            self._places.give_back()

    async def embed(self, batch: Sequence[Prepared], *, urgent: bool = False, budget: Budget | None = None) -> Outcome:
        """Vectors of passages, each text failing for itself alone; see `Place`."""
        await self._owner.dimensions()
        try:
            return Outcome(await self.call(batch, urgent=urgent, budget=budget))
        except UpstreamRejectedError as refusal:
            if len(batch) == 1 or not refusal.may_be_about_texts:
                raise
            return await self._split(batch, refusal, urgent=urgent, budget=budget)

    async def call(self, batch: Sequence[Prepared], *, urgent: bool, budget: Budget | None) -> Vectors:
        """Vectors of the batch as a whole; tried again where that can help."""
        texts = [prepared.text for prepared in batch]
        tokens = sum(prepared.tokens for prepared in batch)
        tries = 0
        while True:
            if self._ticket is None:
                await _pay(budget, tokens, urgent=urgent)
                self._ticket = await self._places.take(first=True)
            self._places.start(self._ticket)
            try:
                vectors = await self._call.send(texts)
            except UpstreamError as failure:
                await self._recover(self._ticket, failure, tries, budget)
                tries += 1
            else:
                self._places.succeeded(self._ticket, tokens)
                return vectors

    async def _recover(self, ticket: Ticket, failure: UpstreamError, tries: int, budget: Budget | None) -> None:
        """Give the place back and wait until another try may go well; raises the failure when there must be none."""
        if failure.congestion:
            self._places.congested(ticket, by_number=failure.retry_after_seconds is None)
            await self._keep_silent(failure.retry_after_seconds or 0.0, failure, budget)
        seconds = self._retries.delay_seconds(failure, tries)
        self.release()
        if failure.congestion:
            self._places.hold(seconds, failure)
        else:
            await asyncio.sleep(seconds)

    async def _keep_silent(self, seconds: float, failure: UpstreamError, budget: Budget | None) -> None:
        self._places.hold(seconds, failure)
        if budget is not None and seconds > _TRIVIAL_SECONDS:
            await budget.hold(seconds)

    async def _split(
        self, batch: Sequence[Prepared], refusal: UpstreamRejectedError, *, urgent: bool, budget: Budget | None
    ) -> Outcome:
        """Find out which texts were refused; a harmless one tells first whether any would be accepted."""

        async def call(some: Sequence[Prepared]) -> Vectors:
            await _pay(budget, sum(prepared.tokens for prepared in some), urgent=urgent)
            return await self.call(some, urgent=urgent, budget=budget)

        try:
            await call([_HARMLESS])
        except UpstreamRejectedError:
            raise refusal from None
        splitting = Splitting(batch, call)
        outcome = await splitting.run()
        if splitting.size_was_to_blame:
            self._remember(batch, splitting.accepted, refusal)
        return outcome

    def _remember(self, batch: Sequence[Prepared], accepted: Sequence[range], refusal: UpstreamRejectedError) -> None:
        """Send no more at once than the largest piece that was accepted, by what the refusal speaks of."""
        if "token" in str(refusal).lower():
            sizes = (sum(prepared.tokens for prepared in batch[piece.start : piece.stop]) for piece in accepted)
            self._owner.remember(max_tokens=max(sizes))
        else:
            self._owner.remember(max_inputs=max(map(len, accepted)))


async def _pay(budget: Budget | None, tokens: int, *, urgent: bool) -> None:
    while budget is not None and (seconds := await budget.take(tokens, urgent=urgent)):  # noqa: ASYNC110 - it is shared
        await asyncio.sleep(seconds)
