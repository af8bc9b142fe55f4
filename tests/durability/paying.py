"""What was sent to the embeddings server, and what of it more than once."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI


@dataclass(slots=True)
class Call:
    """Texts that were sent together."""

    texts: Sequence[str]
    outcome: Literal["cut", "refused", "spoilt", "answered"] = "cut"
    """`cut` when the caller, or the connection, was gone before the answer; `spoilt` when the answer was wrong."""


@dataclass(frozen=True, slots=True)
class Repetitions:
    """What was sent again."""

    texts: int
    """Different texts."""
    texts_sent: int
    batches: int
    texts_again: int
    """Texts that were sent although they had been sent before."""
    batches_again: int
    """Batches of which anything was sent again."""
    most_by_one_kill: int
    """Most of these that were under way when one process was killed."""


class PaidOpenAI(FakeOpenAI):
    """Remembers each call for embeddings and how it ended."""

    def __init__(self, latency_seconds: float = 0.01) -> None:
        super().__init__(Character(latency_seconds=latency_seconds))
        self.calls: list[Call] = []

    async def _answer(self, endpoint: Any, request: web.Request, body: Any) -> web.StreamResponse:
        call = Call(body["input"] if isinstance(body["input"], list) else [body["input"]])
        self.calls.append(call)
        response = await super()._answer(endpoint, request, body)
        if response.status >= 400:
            call.outcome = "refused"
        else:
            call.outcome = "answered" if request.get("served") else "spoilt"
        return response

    async def _embeddings(self, request: web.Request, body: Any, behaviour: Behaviour | None) -> web.StreamResponse:
        request["served"] = behaviour is None
        return await super()._embeddings(request, body, behaviour)


def repetitions(calls: Sequence[Call], calls_at_kills: Sequence[int]) -> Repetitions:
    """Every call counts that was not refused, answered or not; `calls_at_kills` are their number at each kill."""
    latest: dict[str, int] = {}
    lost: set[int] = set()
    sent = again = batches = 0
    for number, call in enumerate(calls):
        if call.outcome == "refused":
            continue
        batches += 1
        for text in call.texts:
            sent += 1
            if text in latest:
                again += 1
                lost.add(latest[text])
            latest[text] = number
    by_kill = Counter(bisect_right(calls_at_kills, number) for number in lost)
    return Repetitions(len(latest), sent, batches, again, len(lost), max(by_kill.values(), default=0))
