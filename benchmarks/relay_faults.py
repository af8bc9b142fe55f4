"""Lets upstreams and clients of the relay fail in every way, and counts what came of it. See README.md."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.reporting import Row, show
from tests.relay.faults.measuring import CALLS, Part, PartReport, measure
from tests.relay.faults.verdicts import Verdict

_MEBIBYTE = 1 << 20


def row(report: PartReport) -> Row:
    """A line of the table."""
    return {
        "part": report.name,
        **{verdict.value: report.outcome.verdicts[verdict] for verdict in Verdict},
        "problems": len(report.outcome.problems),
        "recovered": "yes" if report.recovered else "no",
        "tasks left": report.tasks_left,
        "sockets left": report.sockets_left,
        "rows missing": report.missing_rows,
        "MiB": round(report.rss_bytes / _MEBIBYTE),
        "seconds": round(report.seconds, 1),
    }


async def run(parts: Mapping[str, tuple[Part, int]], rounds: int) -> list[PartReport]:
    """All parts on one service, as often as asked for, so that what piles up shows."""
    repeated = {
        f"{name} ({number})" if number else name: part for number in range(rounds) for name, part in parts.items()
    }
    with tempfile.TemporaryDirectory(prefix="footnote-faults-") as folder:
        return [report async for report in measure(Path(folder), repeated)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relay_faults", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=CALLS, default=list(CALLS), metavar="PART", help="by name")
    parser.add_argument("--rounds", type=int, default=1, help="how often all parts are run, on the same service")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    reports = asyncio.run(run({name: CALLS[name] for name in options.parts}, options.rounds))
    rows = [row(report) for report in reports]
    problems = [f"{report.name}: {problem}" for report in reports for problem in report.outcome.problems]
    notes = [f"{report.name}: {note}" for report in reports for note in report.outcome.notes]
    show(
        "Faults of upstreams and clients",
        {"parts": rows, "notes": notes, "problems": problems},
        rows,
        as_json=options.json,
    )
    for line in (*notes, *problems):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
