"""`footnote usage` as a table."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from cli.usage import show_usage
from tests.cli.terminal import Outcome, run, until

SUMS: dict[str, Any] = {
    "calls": 1_234,
    "errors": 5,
    "input_tokens": 1_000_000,
    "cached_tokens": 0,
    "output_tokens": 2_000,
    "cost_usd": 12.5,
    "unpriced_calls": 0,
    "mean_seconds": 0.5,
}
GROUPS = [
    SUMS | {"key": "key_a", "key_name": "web site\x1b[31m", "model": "gpt-4o"},
    SUMS | {"key": None, "key_name": None, "model": None, "mean_seconds": None},
]


def shown(**different: Any) -> list[str]:
    usage = {"group_by": ["key", "model"], "data": GROUPS, "total": SUMS, "has_more": False} | different
    written = io.StringIO()
    show_usage(usage, Console(file=written))
    return [" ".join(row.split()) for row in written.getvalue().splitlines() if row.strip()]


def test_there_is_a_row_for_each_group_and_one_for_all() -> None:
    assert shown() == [
        "key model calls errors input cached output USD mean",
        "web site[31m (key_a) gpt-4o 1,234 5 1,000,000 0 2,000 12.5000 0.50 s",
        "- - 1,234 5 1,000,000 0 2,000 12.5000",
        "all 1,234 5 1,000,000 0 2,000 12.5000 0.50 s",
    ]


def test_without_groups_there_is_one_row() -> None:
    assert shown(group_by=[], data=[])[1:] == ["1,234 5 1,000,000 0 2,000 12.5000 0.50 s"]


def test_what_the_numbers_leave_out_is_said() -> None:
    notes = shown(total=SUMS | {"unpriced_calls": 3}, has_more=True)[-2:]
    assert notes == [
        "The price of 3 of these calls is not known; set it with usage.prices.",
        "Only the 2 groups with most calls are shown.",
    ]


def test_the_command_shows_what_the_service_has_counted(http: httpx.Client, address: str, tmp_path: Path) -> None:
    def usage(*options: str) -> Outcome:
        return run(tmp_path, "usage", *options, FOOTNOTE_URL=address)

    http.get("/stores").raise_for_status()
    until(lambda: any(row.startswith("GET /stores ") for row in usage("--by", "endpoint").out.splitlines()))
    found = json.loads(usage("--by", "key,day", "--days", "1", "--json").out)
    assert (found["group_by"], found["data"][0]["key"]) == (["key", "day"], None)
    refused = usage("--by", "colour")
    assert (refused.status, refused.out) == (1, "")
    assert "'colour'" in refused.err
