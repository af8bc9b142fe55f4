"""Parts in which files pass through, as far as upstreams take them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from tests.fakes.echo_server import Recorded, Reply, error_reply, json_reply
from tests.relay.faults.course import Course
from tests.relay.faults.growth import MEBIBYTE, growth, note_growth
from tests.relay.faults.leaving import until_ended
from tests.relay.faults.verdicts import Outcome, Verdict
from tests.relay.raw import Answer, Request

_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n'
_END = b"\r\n--b--\r\n"
_PATIENCE_SECONDS = 4.0
_SILENT_SECONDS = 1.5
_TRICKLE_SECONDS = 1.2
"""Longer than the relay waits for an answer."""
_PIECES = 10
_TOO_LARGE = 413


def _request(course: Course) -> Request:
    return Request("POST", "/v1/files", [course.headers[0], (b"content-type", b"multipart/form-data; boundary=b")])


def _chunks(mebibytes: int) -> Sequence[bytes]:
    return (_HEAD, *[bytes(range(256)) * (MEBIBYTE // 256)] * mebibytes, _END)


def _uploads(course: Course) -> list[Recorded]:
    """Those that came, to the first upstream, where all that names no model goes."""
    return [request for request in course.sole.requests if request.target == "/v1/files"]


async def large_uploads(course: Course, mebibytes: int) -> Outcome:
    """A file passes through in pieces, whatever its size."""
    course.answer_with(lambda _: json_reply({"id": "file-1", "object": "file"}))
    chunks = _chunks(mebibytes)
    connection = await course.connect()
    async with growth(course) as grown:
        await connection.send_long(_request(course), chunks)
        answer = await connection.answer()
    connection.leave()
    outcome = Outcome.of([answer])
    outcome.expect(outcome.verdicts[Verdict.ANSWERED] == 1, f"the upload was not answered: {answer}")
    (*_, request) = _uploads(course)
    outcome.expect(request.body_bytes == sum(map(len, chunks)), f"the upstream got {request.body_bytes} bytes")
    note_growth(outcome, grown, f"an upload of {mebibytes} MiB")
    return outcome


async def slow_uploads(course: Course, clients: int) -> Outcome:
    """A client that takes its time is waited for: only the upstream's silence counts."""
    course.answer_with(lambda _: json_reply({"id": "file-1", "object": "file"}))
    outcome = Outcome.of(await asyncio.gather(*(_trickle(course) for _ in range(clients))))
    outcome.expect(outcome.verdicts[Verdict.ANSWERED] == clients, f"slow clients were cut off: {outcome.verdicts}")
    return outcome


async def _trickle(course: Course) -> Answer:
    connection = await course.connect()
    pieces = [bytes(1_000)] * _PIECES
    sending = asyncio.create_task(
        connection.send_long(_request(course), (_HEAD, *pieces, _END), pause_seconds=_TRICKLE_SECONDS / _PIECES)
    )
    answer = await connection.answer()
    await sending
    connection.leave()
    return answer


async def uploads_that_are_refused_early(course: Course, mebibytes: int) -> Outcome:
    """The upstream refuses before it has read all, and the client hears why."""
    refusal = error_reply(_TOO_LARGE, "file_too_large", "The file is too large.")
    outcome = await _upload(course, mebibytes, replace(refusal, body_bytes_read=MEBIBYTE))
    outcome.expect(outcome.verdicts[Verdict.REFUSED] == 1, f"the client did not hear of it: {outcome.verdicts}")
    return outcome


async def uploads_that_nobody_reads(course: Course, mebibytes: int) -> Outcome:
    """The upstream reads no more: nothing piles up, and the client's leaving ends it."""
    return await _upload(course, mebibytes, Reply(before=[_SILENT_SECONDS], body_bytes_read=MEBIBYTE))


async def _upload(course: Course, mebibytes: int, reply: Reply) -> Outcome:
    """Upload until there is an answer, or patience ends."""
    course.sole.script(reply)  # only what is scripted can answer before it has read all
    connection = await course.connect()
    answers = []
    async with growth(course) as grown:
        sending = asyncio.create_task(connection.send_long(_request(course), _chunks(mebibytes)))
        with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            answers.append(await connection.answer(seconds=_PATIENCE_SECONDS))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    connection.leave()
    await until_ended(_uploads(course))
    outcome = Outcome.of(answers)
    outcome.expect(all(each.outcome != "open" for each in _uploads(course)), "an upload went on at the upstream")
    note_growth(outcome, grown, f"an upload of {mebibytes} MiB")
    return outcome
