"""A small fault run: everybody gets an answer or a clear error, every call leaves a row, and nothing else stays."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.relay.faults.measuring import CALLS, Part, measure

pytestmark = pytest.mark.anyio
_SIZES = {
    "reset before an answer": 24,
    "reset in a body": 12,
    "reset in a stream": 8,
    "half-closed stream": 8,
    "stall before an answer": 4,
    "stall in a stream": 8,
    "malformed events": 4,
    "no HTTP": 4,
    "storm of 429": 15,
    "unknown name": 8,
    "one of three dies and returns": 120,
    "200 clients leave in mid-stream": 200,
    "upload of 512 MiB": 64,
    "slow upload": 2,
    "upload that is refused early": 64,
    "upload that nobody reads": 64,
    "20 slow readers": 4,
}


async def test_every_client_gets_an_answer_or_a_clear_error_and_nothing_is_left_behind(tmp_path: Path) -> None:
    parts: Mapping[str, tuple[Part, int]] = {name: (part, _SIZES[name]) for name, (part, _) in CALLS.items()}
    problems: list[str] = []
    async for report in measure(tmp_path, parts):
        problems += [f"{report.name}: {problem}" for problem in report.outcome.problems]
        problems += [f"{report.name}: the upstreams were not used again"] * (not report.recovered)
        problems += [f"{report.name}: {report.tasks_left} tasks are left"] * (report.tasks_left > 0)
        problems += [f"{report.name}: {report.sockets_left} connections are left"] * (report.sockets_left > 0)
        problems += [f"{report.name}: {report.missing_rows} calls have no row"] * (report.missing_rows != 0)
    assert problems == []
