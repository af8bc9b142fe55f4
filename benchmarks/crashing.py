"""Kills the processes that work on documents, over and over, and counts what was lost. See README.md."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from benchmarks.reporting import Row, show
from tests.durability.kills import ENGINE, Kill, every_kill
from tests.durability.measuring import Combination, Report, measure
from tests.postgres import running_postgres

_ENGINE_EVERY = 12
"""On SQLite the engine's process alone is killed too, once between so many kills."""


def plan(options: argparse.Namespace) -> list[Kill]:
    """At every step of a job and at random."""
    kills = every_kill(options.kills, options.seed)
    if options.database == "postgres":
        return kills
    return [
        each
        for number, kill in enumerate(kills, 1)
        for each in ((kill, Kill(ENGINE)) if number % _ENGINE_EVERY == 0 else (kill,))
    ]


def summary(report: Report) -> dict[str, Any]:
    """All counts but those of the kills."""
    course, findings = report.course, report.findings
    return {
        "kills": course.kills.total(),
        "engine kills": course.engine_kills,
        "documents": report.documents,
        **{f"documents {status}": count for status, count in sorted(findings.statuses.items())},
        "documents lost": findings.lost,
        "documents parked": len(findings.parked) - len(report.wrongly_parked),
        "documents parked wrongly": len(report.wrongly_parked),
        "documents found by search": findings.found_by_search,
        "points expected": findings.points_expected,
        "points found": findings.points_found,
        "texts embedded": report.paid.texts,
        "texts sent more than once": report.paid.texts_again,
        "batches sent": report.paid.batches,
        "batches repeated": report.paid.batches_again,
        "most batches repeated by one kill": report.paid.most_by_one_kill,
        "other problems": len(findings.problems),
        "seconds": round(report.seconds, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    server = running_postgres() if options.database == "postgres" else nullcontext(None)
    with server as url:
        report = measure(
            Combination(options.database, options.workers, options.documents, plan(options), options.seed), url
        )
    counts = summary(report)
    rows: list[Row] = [{"kill point": point, "kills": count} for point, count in sorted(report.course.kills.items())]
    title = "\n".join(f"{name}: {count}" for name, count in counts.items())
    whole = {"counts": counts, "kills": dict(report.course.kills), "missed": report.course.missed}
    whole["findings"] = {"parked": report.findings.parked, "problems": report.findings.problems}
    show(f"{options.database}, {options.workers} worker(s)\n{title}", whole, rows, as_json=options.json)
    for problem in (*report.findings.problems, *(f"never came: {point}" for point in report.course.missed)):
        print(problem, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crashing", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="processes on Postgres, within one process on SQLite")
    parser.add_argument("--kills", type=int, default=100, help="from 78 on, every step of a job is among them")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
