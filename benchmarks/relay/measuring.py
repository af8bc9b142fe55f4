"""The measurement itself: every relay in turn, so that a busy moment of the machine hits all of them."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.processes import ROOT
from benchmarks.relay.cpu import tree_seconds
from benchmarks.relay.load import Order
from benchmarks.relay.running import Relay
from benchmarks.relay.traffic import KINDS, Kind, body, path

_WARM_UP_SECONDS = 0.3
_STOP_SECONDS = 20.0

Send = Callable[[Order], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    kinds: Sequence[Kind] = KINDS
    in_flight: Sequence[int] = (1, 16, 64)
    rounds: int = 3
    seconds: float = 0.6


@dataclass(frozen=True, slots=True)
class Cell:
    """One relay under one load, for one round."""

    relay: str
    kind: Kind
    in_flight: int
    calls: int
    errors: int
    per_second: float
    cpu_ms: float | None
    """For one call; None where there is no relay."""
    p50_ms: float
    p99_ms: float
    first_byte_p50_ms: float


def differences(relays: Sequence[Relay]) -> list[str]:
    """Answers that are not the stub's own, byte for byte; the first relay must be the stub itself."""
    with httpx.Client(timeout=30, trust_env=False) as http:
        return [
            f"{relay.name} gives another answer to {kind}"
            for kind in KINDS
            for relay in relays[1:]
            if _answer(http, relay, kind) != _answer(http, relays[0], kind)
        ]


def _answer(http: httpx.Client, relay: Relay, kind: Kind) -> tuple[int, bytes]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {relay.key}"}
    answer = http.post(f"{relay.address.origin()}/v1{path(kind)}", content=body(kind), headers=headers)
    return answer.status_code, answer.content


def measure(relays: Sequence[Relay], plan: Plan) -> Iterator[Cell]:
    """Every relay under every load, as often as there are rounds."""
    with clients() as send:
        for relay in relays:
            for kind in plan.kinds:
                send(_order(relay, kind, 16, min(_WARM_UP_SECONDS, plan.seconds)))
        for kind in plan.kinds:
            for in_flight in plan.in_flight:
                for _ in range(plan.rounds):
                    yield from (_cell(send, relay, kind, in_flight, plan.seconds) for relay in relays)


def middle(cells: Sequence[Cell]) -> list[Cell]:
    """The median of each figure over the rounds, in the order of the first round."""
    groups: dict[tuple[str, Kind, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.relay, cell.kind, cell.in_flight), []).append(cell)
    return [_median(group) for group in groups.values()]


def _median(group: Sequence[Cell]) -> Cell:
    first = group[0]
    cpu = [cell.cpu_ms for cell in group if cell.cpu_ms is not None]
    return Cell(
        relay=first.relay,
        kind=first.kind,
        in_flight=first.in_flight,
        calls=sum(cell.calls for cell in group),
        errors=sum(cell.errors for cell in group),
        per_second=statistics.median(cell.per_second for cell in group),
        cpu_ms=statistics.median(cpu) if cpu else None,
        p50_ms=statistics.median(cell.p50_ms for cell in group),
        p99_ms=statistics.median(cell.p99_ms for cell in group),
        first_byte_p50_ms=statistics.median(cell.first_byte_p50_ms for cell in group),
    )


def _cell(send: Send, relay: Relay, kind: Kind, in_flight: int, seconds: float) -> Cell:
    before = tree_seconds(relay.pid) if relay.pid else None
    outcome = send(_order(relay, kind, in_flight, seconds))
    time.sleep(relay.settle_seconds)
    spent = tree_seconds(relay.pid) - before if relay.pid and before is not None else None
    calls = int(outcome["calls"])
    return Cell(
        relay=relay.name,
        kind=kind,
        in_flight=in_flight,
        calls=calls,
        errors=outcome["errors"],
        per_second=calls / outcome["seconds"],
        cpu_ms=None if spent is None else spent * 1_000 / max(1, calls),
        p50_ms=outcome["p50_ms"],
        p99_ms=outcome["p99_ms"],
        first_byte_p50_ms=outcome["first_byte_p50_ms"],
    )


def _order(relay: Relay, kind: Kind, in_flight: int, seconds: float) -> Order:
    host, port = relay.address.host, relay.address.port
    assert host is not None
    assert port is not None
    return Order(host, port, kind, in_flight, seconds, relay.key)


@contextmanager
def clients() -> Iterator[Send]:
    """The process that calls."""
    command = [sys.executable, "-m", "benchmarks.relay.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def send(order: Order) -> Mapping[str, Any]:
            words = {name: getattr(order, name) for name in order.__slots__}
            stdin.write(json.dumps(words) + "\n")
            stdin.flush()
            return dict(json.loads(stdout.readline()))

        try:
            yield send
        finally:
            stdin.close()
            process.wait(_STOP_SECONDS)
