"""Lets what Footnote depends on fail every now and then, and counts what came of it. See README.md."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from benchmarks.reporting import Row, show
from tests.durability.faults import FaultReport, Part, measure_faults
from tests.postgres import running_postgres

_PARTS: Sequence[Part] = ("embeddings", "qdrant", "database")


def row(part: Part, report: FaultReport) -> Row:
    """A line of the table."""
    findings = report.findings
    return {
        "part": part,
        "calls": report.calls,
        "faults": report.faults,
        "documents": report.documents,
        "completed": findings.statuses["completed"],
        "failed as due": findings.statuses["failed"],
        "lost": findings.lost,
        "points": findings.points_found,
        "expected": findings.points_expected,
        "texts": report.paid.texts,
        "paid twice": report.paid.texts_again,
        "problems": len(findings.problems),
        "seconds": round(report.seconds, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    parts: Sequence[Part] = (options.part,) if options.part else _PARTS
    reports: dict[Part, FaultReport] = {}
    for part in parts:
        with running_postgres() if part == "database" else nullcontext() as url:
            reports[part] = measure_faults(part, documents=options.documents, every=options.every, postgres_url=url)
    rows = [row(part, report) for part, report in reports.items()]
    problems = [problem for report in reports.values() for problem in report.findings.problems]
    show(f"One call in {options.every} fails", {"parts": rows, "problems": problems}, rows, as_json=options.json)
    for problem in problems:
        print(problem, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--part", choices=_PARTS, help="only one of them")
    parser.add_argument("--every", type=int, default=20, help="one call in so many fails")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
