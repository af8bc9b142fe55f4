"""The measurement of throughput runs and counts what is there; its upstream serves as many calls as it says."""

import asyncio
import json
from functools import partial

import pytest

from benchmarks import throughput
from benchmarks.upstream import Desk, Seen

pytestmark = pytest.mark.anyio


def test_every_document_and_every_text_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    throughput.main(["--documents", "20", "--batch-inputs", "4", "--dimensions", "8", "--latency-ms", "5", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (report["completed"], report["failed"]) == (20, 0)
    assert report["texts"] >= 20
    assert report["calls"] >= report["texts"] / 4
    assert 0 < report["upstream_share"] <= 1
    assert {"service", "readers", "engine"} <= report["cpu_ms_per_document"].keys()


def test_sqlite_is_not_measured_with_several_workers() -> None:
    with pytest.raises(SystemExit, match="postgres"):
        throughput.main(["--documents", "1", "--workers", "2"])


async def test_calls_beyond_the_limit_wait_for_their_turn() -> None:
    seen, answered = Seen(), asyncio.Queue[int]()
    desk = Desk(seen, 0.001, 2, refuse=False)
    for number in range(6):
        assert desk.take(partial(answered.put_nowait, number))
        assert desk.served <= 2
    assert [await answered.get() for _ in range(6)] == list(range(6))
    assert seen.busy_seconds > 0


async def test_calls_beyond_the_limit_are_refused_when_asked_for() -> None:
    ended = asyncio.Event()
    desk = Desk(Seen(), 0.001, 1, refuse=True)
    assert desk.take(ended.set)
    assert not desk.take(ended.set)
    await ended.wait()
    assert desk.take(ended.set)
