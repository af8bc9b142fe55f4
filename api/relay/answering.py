"""Who answers a request: the upstream as it is, or Footnote out of what upstreams say."""

from api.relay.answers import Answer
from api.relay.dispatching import Dispatching, Got
from api.relay.legacy import Legacy
from api.relay.listing import Listing
from api.relay.requests import Request

_SPECIAL = frozenset({"edits", "engines", "fine-tunes", "models"})


class Answering:
    """The way of a request to its answer."""

    def __init__(self, dispatching: Dispatching, listing: Listing, legacy: Legacy) -> None:
        self.dispatching = dispatching
        self._listing = listing
        self._legacy = legacy

    async def answer(self, request: Request) -> Got:
        """The answer to a request that the caller may make.

        Raises:
            ApiError: The request cannot be served as it is.
            UpstreamError: There is no answer.
        """
        if request.route.first_part in _SPECIAL:
            return await self._special(request)
        return await self.dispatching.answer(request)

    async def _special(self, request: Request) -> Got:
        asked_usage = False

        async def ask(asked: Request) -> Answer:
            nonlocal asked_usage
            listed = await self._listing.answer(asked)
            if listed is not None:
                return listed
            got = await self.dispatching.answer(asked)
            asked_usage = got.asked_usage
            return got.answer

        answer = await self._legacy.answer(request, ask) or await ask(request)
        return Got(answer, asked_usage)
