"""Figures as a table or as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def show(title: str, report: Mapping[str, Any], rows: Sequence[Row], *, as_json: bool) -> None:
    """Print the report, whole as JSON or its rows as a table."""
    print(json.dumps(report, indent=2) if as_json else f"{title}\n\n{table(rows)}")


def table(rows: Sequence[Row]) -> str:
    """Rows of equal columns, the names of the first row on top."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
