"""The report on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.evaluating.silence import show_curve
from cli.reporting import count
from cli.showing import line
from search.evaluation import METRICS, Interval, Latency, Report, Row

_WIDTH_OF_FILES = 200


def console_for_results() -> Console:
    """Standard output; wide enough for all columns where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_FILES)


def show_report(report: Report, console: Console) -> None:
    """The figures as a table, a column for each way of searching."""
    context = report.context
    line(
        console,
        f"{context.set_name}: {count(len(report.questions), 'question')}, {count(context.documents, 'document')}, "
        f"embedding model {context.embedding_model}, {_writer(report)}",
    )
    if context.failed:
        line(
            console,
            f"{count(len(context.failed), 'document')} of the set cannot be searched; "
            f"{count(report.expecting_failed, 'question')} cannot find what is expected.",
        )
    console.print(_table(report.rows))
    for row in report.rows:
        if row.curve is not None:
            show_curve(row.name, row.curve, console)


def _writer(report: Report) -> str:
    context = report.context
    if context.method is None:
        return "no answers asked for"
    return f"answers by {context.chat_model}" if context.method == "chat" else "answers of the documents' own sentences"


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for row in rows:
        table.add_column(Text(row.name))
    for name in METRICS:
        if any(name in row.metrics for row in rows):
            table.add_row(name, *(_cell(row, name) for row in rows))
    table.add_row("search p50, p95", *(_latency(row.search) for row in rows))
    if any(row.answers is not None for row in rows):
        table.add_row("answer p50, p95", *(_latency(row.answers) for row in rows))
    if any(row.answers_failed for row in rows):
        table.add_row("answers failed", *(str(row.answers_failed) for row in rows))
    return table


def _cell(row: Row, name: str) -> Text:
    interval = row.metrics.get(name)
    if interval is None:
        return Text("-")
    text = Text.assemble(f"{interval.value:.3f}", (f" {_span(interval)}", "dim"))
    difference = (row.differences or {}).get(name)
    if difference is not None:
        sure = difference.low > 0 or difference.high < 0
        span = f"({difference.low:+.3f} to {difference.high:+.3f})"
        text.append(f"\n{difference.value:+.3f} {span}", "bold" if sure else "dim")
    return text


def _span(interval: Interval) -> str:
    return f"({interval.low:.3f}–{interval.high:.3f})"


def _latency(latency: Latency | None) -> str:
    if latency is None or not latency.requests:
        return "-"
    return f"{latency.p50_seconds * 1000:.0f} ms, {latency.p95_seconds * 1000:.0f} ms"
