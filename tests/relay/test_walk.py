"""Every operation of a description relays: same request at the upstream, same answer at the client, byte for byte."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.echo.reply import Answering
from tests.fakes.echo_server import EchoServer, Recorded, Reply
from tests.relay.description import SHARED, SMALL, operations
from tests.relay.door import ADMIN_KEY, UPSTREAM_KEY, Door
from tests.relay.oddities import CHOICE, DROPPED, Case, answer_headers, case_of
from tests.relay.raw import Answer, Connection, Request

pytestmark = pytest.mark.anyio
_FRAMING = {b"connection", b"keep-alive", b"transfer-encoding", b"host", b"authorization"}


async def test_every_operation_of_the_small_description_relays(echo: EchoServer, door: Door) -> None:
    described = operations(SMALL)
    assert len(described) >= 30
    assert await _walk(echo, door, SMALL) == []


async def test_every_operation_of_openais_description_relays(echo: EchoServer, door: Door) -> None:
    if not SHARED.is_file():
        pytest.skip("OpenAI's description (../shared/openai/openapi.json) is not here")
    described = operations(SHARED)
    assert len({(operation.method, operation.path) for operation in described}) >= 288
    assert await _walk(echo, door, SHARED) == []


async def _walk(echo: EchoServer, door: Door, description: Path) -> list[str]:
    """Send each, over one connection; what went wrong."""
    connection = await Connection.open(door.address)
    problems = []
    for number, operation in enumerate(operations(description)):
        case = case_of(operation, number, ADMIN_KEY)  # some are about the account at the upstream
        before = len(echo.requests)
        echo.answering = _always(case.reply)
        answer = await connection.exchange(case.request)
        problems += [f"{operation.name}: {each}" for each in _problems(case, answer, echo.requests[before:])]
    await connection.close()
    return problems


def _always(reply: Reply) -> Answering:
    return lambda _: reply


def _problems(case: Case, answer: Answer, requests: Sequence[Recorded]) -> list[str]:
    if len(requests) != 1:
        return [f"the upstream was asked {len(requests)} times; the client got {answer.status} {answer.body[:200]!r}"]
    return [*_request_problems(case.request, requests[0]), *_answer_problems(case, answer)]


def _request_problems(sent: Request, recorded: Recorded) -> list[str]:
    dropped = {name for name, _ in DROPPED} | {CHOICE[0].lower()} | _FRAMING
    wanted = [(name.lower(), value) for name, value in sent.headers if name.lower() not in dropped]
    found = [
        (name.lower(), value) for name, value in recorded.headers if name.lower() not in _FRAMING | {b"content-length"}
    ]
    body = b"".join(sent.chunks) if sent.chunks else sent.body or b""
    return _unequal(
        ("method", sent.method, recorded.method),
        ("target", sent.target, recorded.target),
        ("request headers", wanted, found),
        ("request body", body, recorded.body),
        ("key", [f"Bearer {UPSTREAM_KEY}".encode()], recorded.values("authorization")),
    )


def _answer_problems(case: Case, answer: Answer) -> list[str]:
    own = _FRAMING | {b"content-length"}
    found = [each for each in answer.headers if each[0] not in own and not each[0].startswith(b"x-footnote-")]
    length = [b"%d" % len(case.answer)] if case.reply.framing == "length" else []
    return _unequal(
        ("status", case.reply.status, answer.status),
        ("answer headers", answer_headers(case.reply), found),
        ("answer length", length, answer.values(b"content-length")),
        ("answer body", case.answer, answer.body),
    )


def _unequal(*triples: tuple[str, object, object]) -> list[str]:
    return [f"{what}: {_shown(wanted, found)}" for what, wanted, found in triples if wanted != found]


def _shown(wanted: object, found: object) -> str:
    if isinstance(wanted, list) and isinstance(found, list):
        wanted, found = [each for each in wanted if each not in found], [each for each in found if each not in wanted]
    return f"wanted {str(wanted)[:300]}, found {str(found)[:300]}"
