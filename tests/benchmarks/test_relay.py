"""The measurement of the relay runs, every relay gives the upstream's answer, and its counts are whole."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from benchmarks.relay import __main__ as relay
from benchmarks.relay.load import Order, carry_out
from benchmarks.relay.running import stub
from benchmarks.relay.traffic import KINDS, Kind
from tests.fakes.echo_server import EchoServer, Fault, Reply


def test_every_relay_is_measured_and_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    relay.main(["--calls", "stream", "--in-flight", "2", "--rounds", "1", "--seconds", "0.05", "--json"])
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert [each for each in report["problems"] if "not installed" not in each] == []
    measured = {cell["relay"] for cell in report["cells"]}
    assert measured >= {"direct", "raw ASGI + aiohttp", "FastAPI + httpx", "Footnote"}
    assert all(cell["calls"] > 0 and cell["errors"] == 0 for cell in report["cells"])
    assert all((cell["cpu_ms"] is None) == (cell["relay"] == "direct") for cell in report["cells"])


@pytest.mark.parametrize("kind", KINDS)
def test_clients_count_each_answer_once(kind: Kind) -> None:
    with stub() as base_url:
        address = urlsplit(base_url)
        assert address.hostname is not None
        assert address.port is not None
        outcome = asyncio.run(carry_out(Order(address.hostname, address.port, kind, 3, 0.05)))
    assert outcome.calls >= 3
    assert outcome.errors == 0
    assert 0 <= outcome.p50_ms <= outcome.p99_ms


def test_answers_other_than_200_and_lost_connections_are_errors() -> None:
    with EchoServer() as echo:
        address = urlsplit(echo.base_url)
        assert address.hostname is not None
        assert address.port is not None
        order = Order(address.hostname, address.port, "chat", 1, 0.0)
        echo.script(Reply([b"{}"], status=500), Reply(before=[Fault.RESET]))
        assert asyncio.run(carry_out(order)).errors == 1
        lost = asyncio.run(carry_out(order))
        assert (lost.calls, lost.errors) == (0, 1)
