"""`footnote usage`: calls, tokens and cost as a table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client import Client
from cli.showing import clean, line

Usage = Mapping[str, Any]
_PIPE_COLUMNS = 1_000
"""What goes into a pipe or file is not cut off."""
_NUMBERS = ("calls", "errors", "input", "cached", "output", "USD", "mean")


def usage_of(client: Client, by: str, days: int) -> Usage:
    """What the service knows of the last days, grouped by what `by` names with commas between."""
    since = datetime.now(UTC) - timedelta(days=days)
    return client.usage("/usage", group_by=by, **{"from": since.isoformat()})


def show_usage(usage: Usage, console: Console) -> None:
    """Print a row for each group, then one for all together."""
    if not console.is_terminal:
        console = Console(file=console.file, width=_PIPE_COLUMNS)
    dimensions = usage["group_by"]
    table = Table(box=None, pad_edge=False)
    for name in dimensions:
        table.add_column(name, overflow="fold")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for group in usage["data"]:
        table.add_row(*(Text(clean(_shown(group, name))) for name in dimensions), *_numbers(group))
    if dimensions and usage["data"]:
        table.add_section()
    table.add_row(*_total_names(dimensions), *_numbers(usage["total"]), style="bold")
    console.print(table)
    for note in _notes(usage):
        line(console, (note, "dim"))


def _shown(group: Mapping[str, Any], dimension: str) -> str:
    if dimension == "key" and group.get("key_name"):
        return f"{group['key_name']} ({group['key']})"
    value = group.get(dimension)
    return "-" if value is None else str(value)


def _total_names(dimensions: Sequence[str]) -> list[str]:
    return ["all", *("" for _ in dimensions[1:])] if dimensions else []


def _numbers(sums: Mapping[str, Any]) -> Iterator[str]:
    for name in ("calls", "errors", "input_tokens", "cached_tokens", "output_tokens"):
        yield f"{sums[name]:,}"
    yield f"{sums['cost_usd']:,.4f}"
    yield "" if sums["mean_seconds"] is None else f"{sums['mean_seconds']:.2f} s"


def _notes(usage: Usage) -> Iterator[str]:
    if unpriced := usage["total"]["unpriced_calls"]:
        yield f"The price of {unpriced:,} of these calls is not known; set it with usage.prices."
    if usage["has_more"]:
        yield f"Only the {len(usage['data']):,} groups with most calls are shown."
