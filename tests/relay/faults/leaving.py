"""Parts in which clients leave or read slowly."""

import asyncio
import itertools
import time
from collections.abc import Iterator

from tests.fakes.echo.reply import Piece
from tests.fakes.echo_server import Fault, Recorded, event_stream
from tests.relay.faults.course import Course, broken_stream
from tests.relay.faults.growth import MEBIBYTE, growth, note_growth
from tests.relay.faults.verdicts import Outcome
from tests.relay.raw import Connection

_SAMPLE_SECONDS = 0.02
_PATIENCE_SECONDS = 20.0
_STILL_SECONDS = 0.5
_PIECE = b"data: " + b"x" * 65_000 + b"\n\n"


async def clients_leave_in_mid_stream(course: Course, clients: int) -> Outcome:
    """Each takes a first piece of its stream and goes; the upstream's side must end too."""
    course.answer_with(lambda _: broken_stream(Fault.STALL))
    before = len(course.sole.requests)
    connections = await asyncio.gather(*(_begun(course) for _ in range(clients)))
    left_at = time.monotonic()
    for connection in connections:
        connection.leave()
    requests = course.sole.requests[before:]
    await until_ended(requests)
    outcome = Outcome()
    left = [request.ended_at for request in requests if request.outcome == "left" and request.ended_at is not None]
    outcome.expect(len(left) == clients, f"{clients - len(left)} calls went on at the upstream")
    if left:
        outcome.notes.append(
            f"the last upstream call ended {(max(left) - left_at) * 1_000:.0f} ms after the clients left"
        )
    return outcome


async def _begun(course: Course) -> Connection:
    connection = await course.connect()
    await connection.send(course.request(stream=True))
    status, _ = await connection.head()
    assert status == 200
    assert await connection.chunk()
    return connection


async def _stopped(sent: list[int]) -> bool:
    """Whether nothing more is sent for a while, before the patience ends."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before = sent[0]
        await asyncio.sleep(_STILL_SECONDS)
        if sent[0] == before:
            return True
    return False


async def until_ended(requests: list[Recorded]) -> None:
    """Wait until the upstreams are done with these, or patience ends."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(each.outcome == "open" for each in requests) and time.monotonic() < deadline:  # noqa: ASYNC110 - by a thread
        await asyncio.sleep(_SAMPLE_SECONDS)


async def slow_readers(course: Course, clients: int) -> Outcome:
    """Clients that do not read hold the upstream back; nothing piles up in between."""
    produced = itertools.count()
    sent = [0]

    def endless() -> Iterator[Piece]:
        for number in produced:
            sent[0] = number
            yield _PIECE

    course.answer_with(lambda _: event_stream(endless()))
    before = len(course.sole.requests)
    async with growth(course) as grown:
        connections = await asyncio.gather(*(_begun(course) for _ in range(clients)))
        stopped = await _stopped(sent)
    outcome = Outcome()
    outcome.expect(stopped, "the upstream could go on sending though nobody read")
    outcome.notes.append(f"{sent[0] * len(_PIECE) / clients / MEBIBYTE:.1f} MiB a client were under way in all buffers")
    note_growth(outcome, grown, f"{clients} clients that do not read")
    for connection in connections:
        connection.leave()
    await until_ended(course.sole.requests[before:])
    return outcome
