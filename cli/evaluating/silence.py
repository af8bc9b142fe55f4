"""What is declined, and what would be, on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.showing import line
from search.evaluation import Curve, Halves, Point

_COLUMNS = ("threshold", "questions", "unanswerable declined", "declined rightly", "answerable answered")


def show_curve(name: str, curve: Curve, console: Console) -> None:
    """What the service declined, and what the best threshold would, on both halves of the questions."""
    line(console, f"\nSilence, {name}: area {curve.area:.3f} (0.5 is chance)")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", *_COLUMNS):
        table.add_column(column)
    for way, halves in (("as it is set", curve.served), ("best threshold", curve.suggested)):
        if halves is not None:
            _add(table, way, halves)
    if table.row_count:
        console.print(table)


def _add(table: Table, way: str, halves: Halves) -> None:
    table.add_row(way, *_cells("half that chooses", halves.choosing))
    table.add_row("", *_cells("other half", halves.reporting))


def _cells(half: str, point: Point) -> list[Text]:
    threshold = "" if point.threshold is None else f"{point.threshold:.3f}"
    precision = "-" if point.precision is None else f"{point.precision:.1%}"
    return [Text(cell) for cell in (threshold, half, f"{point.recall:.1%}", precision, f"{point.answered:.1%}")]
