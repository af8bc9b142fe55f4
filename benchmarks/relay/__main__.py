"""Measures CPU time and latency of relayed calls, beside direct calls and other relays. See README.md."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yarl import URL

from benchmarks.relay.measuring import Cell, Plan, differences, measure, middle
from benchmarks.relay.running import Relay, footnote, has_nginx, litellm, nginx, python_relay, stub
from benchmarks.relay.traffic import KINDS
from benchmarks.reporting import Row, show

_WAYS = ("nginx", "bare", "plain", "footnote")


@contextmanager
def running(ways: Sequence[str], litellm_program: Path | None) -> Iterator[Sequence[Relay]]:
    """All relays before one upstream, which comes first itself."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-benchmark-")))
        base_url = stack.enter_context(stub())
        relays = [Relay("direct", URL(base_url), None)]
        if "nginx" in ways and has_nginx():
            relays.append(stack.enter_context(nginx(folder / "nginx", base_url)))
        if "bare" in ways:
            way = python_relay("raw ASGI + aiohttp", "benchmarks.relay.bare", base_url)
            relays.append(stack.enter_context(way))
        if "plain" in ways:
            relays.append(stack.enter_context(python_relay("FastAPI + httpx", "benchmarks.relay.plain", base_url)))
        if litellm_program is not None:
            relays.append(stack.enter_context(litellm(litellm_program, folder / "litellm", base_url)))
        if "footnote" in ways:
            relays.append(stack.enter_context(footnote(folder / "footnote", base_url)))
        yield relays


def row(cell: Cell, direct: Cell, nginx_cell: Cell | None) -> Row:
    """A line of the table."""
    through_nginx = nginx_cell.cpu_ms if nginx_cell else None
    return {
        "calls": cell.kind,
        "in flight": cell.in_flight,
        "relay": cell.relay,
        "CPU ms/call": "" if cell.cpu_ms is None else f"{cell.cpu_ms:.3f}",
        "/ nginx": f"{cell.cpu_ms / through_nginx:.1f}" if cell.cpu_ms and through_nginx else "",
        "p50 ms": cell.p50_ms,
        "p99 ms": cell.p99_ms,
        "first byte": cell.first_byte_p50_ms,
        "p50 / direct": cell.p50_ms / direct.p50_ms if direct.p50_ms else "",
        "calls/s": round(cell.per_second),
        "measured": cell.calls,
        "errors": cell.errors,
    }


def rows(cells: Sequence[Cell]) -> list[Row]:
    """Each cell beside the direct one and nginx's under the same load."""
    by = {(cell.relay, cell.kind, cell.in_flight): cell for cell in cells}
    return [
        row(cell, by["direct", cell.kind, cell.in_flight], by.get(("nginx", cell.kind, cell.in_flight)))
        for cell in cells
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    plan = Plan(options.calls, options.in_flight, options.rounds, options.seconds)
    with running(options.relays, options.litellm) as relays:
        problems = differences(relays)
        cells = middle(list(measure(relays, plan)))
    if "nginx" in options.relays and not has_nginx():
        problems.append("nginx is not installed here, so it was left out (Debian: `apt install nginx-light`)")
    whole: dict[str, Any] = {"cells": [asdict(cell) for cell in cells], "problems": problems}
    title = f"{options.rounds} rounds of {options.seconds:g} s each, medians; CPU of the relay's processes together"
    show(title, whole, rows(cells), as_json=options.json)
    for problem in problems:
        print(problem, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relay", description=__doc__)
    parser.add_argument("--calls", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--in-flight", nargs="+", type=int, default=[1, 16, 64])
    parser.add_argument("--relays", nargs="+", choices=_WAYS, default=list(_WAYS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.6, help="of each relay under each load, in each round")
    parser.add_argument("--litellm", type=Path, help="the program `litellm` of another environment, to measure it too")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
