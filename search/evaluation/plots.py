"""Plots as SVG, drawn into the page itself."""

from collections.abc import Sequence
from html import escape

from search.evaluation.abstention import Curve, Point
from search.evaluation.report import Row

_WIDTH, _LABEL_WIDTH, _VALUE_WIDTH = 720, 170, 150
_BAR_HEIGHT, _GROUP_GAP = 16, 12
_SIDE, _MARGIN = 320, 44
_SQUARE = _SIDE + 2 * _MARGIN
COLOURS = 6
"""Classes `c0` to `c5` of the page's style sheet."""


def bars(rows: Sequence[Row], names: Sequence[str]) -> str:
    """A group of bars for each figure, one for each row, with its interval."""
    parts, top = [], 4.0
    for name in names:
        height = len(rows) * _BAR_HEIGHT
        parts.append(_text(_LABEL_WIDTH - 8, top + height / 2 + 4, name, "end"))
        parts += [_bar(row, name, number, top + number * _BAR_HEIGHT) for number, row in enumerate(rows)]
        top += height + _GROUP_GAP
    return _svg(_WIDTH, top, "Figures with their intervals of 95 %", parts)


def curve_plot(curves: Sequence[tuple[int, Curve]]) -> str:
    """Share of answerable questions that are answered (up) against unanswerable ones that are declined (right)."""
    parts = [_grid("unanswerable questions that are declined", "answerable questions that are answered")]
    parts.append(f'<path class="chance" d="M{_x(0):.1f} {_y(1):.1f}L{_x(1):.1f} {_y(0):.1f}"/>')
    for number, curve in curves:
        parts.append(_line(number, [(point.recall, point.answered) for point in curve.points]))
        parts += [_mark(number, halves.reporting) for halves in (curve.served, curve.suggested) if halves is not None]
    return _svg(_SQUARE, _SQUARE, "Abstention at every threshold of confidence", parts)


def threshold_plot(curve: Curve) -> str:
    """What a threshold (right) would do: the shares declined rightly, found to be unanswerable, and answered."""
    parts = [_grid("threshold of confidence", "share of the questions")]
    lines = [
        [(point.threshold or 0.0, point.recall) for point in curve.points],
        [(point.threshold or 0.0, point.precision) for point in curve.points if point.precision is not None],
        [(point.threshold or 0.0, point.answered) for point in curve.points],
    ]
    parts += [_line(number, line) for number, line in enumerate(lines)]
    return _svg(_SQUARE, _SQUARE, "What each threshold of confidence would do", parts)


def _line(number: int, points: Sequence[tuple[float, float]]) -> str:
    drawn = " ".join(f"{_x(min(right, 1.0)):.1f},{_y(up):.1f}" for right, up in points)
    return f'<polyline class="line c{number % COLOURS}" points="{drawn}"/>'


def _mark(number: int, point: Point) -> str:
    """A square for what the service did, a dot for a threshold."""
    x, y, colour = _x(point.recall), _y(point.answered), f'class="c{number % COLOURS}"'
    if point.threshold is None:
        return f'<path {colour} d="M{x - 5:.1f} {y - 5:.1f}h10v10h-10z"/>'
    return f'<circle {colour} cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def _bar(row: Row, name: str, number: int, top: float) -> str:
    interval = row.metrics.get(name)
    if interval is None:
        return ""
    middle = top + _BAR_HEIGHT / 2
    low, high = _along(interval.low), _along(interval.high)
    return (
        f'<rect class="c{number % COLOURS}" x="{_LABEL_WIDTH}" y="{top + 2:.1f}" '
        f'width="{_along(interval.value) - _LABEL_WIDTH:.1f}" height="{_BAR_HEIGHT - 4}">'
        f"<title>{escape(row.name)}</title></rect>"
        f'<path class="whisker" d="M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 4:.1f}v8'
        f'M{high:.1f} {middle - 4:.1f}v8"/>'
        + _text(_WIDTH - _VALUE_WIDTH + 12, middle + 4, f"{interval.value:.3f}", "start")
    )


def _along(value: float) -> float:
    value = min(max(value, 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124  nan is not equal to itself
    return _LABEL_WIDTH + value * (_WIDTH - _LABEL_WIDTH - _VALUE_WIDTH)


def _grid(right_label: str, up_label: str) -> str:
    right, bottom = _MARGIN + _SIDE, _MARGIN + _SIDE
    lines = "".join(
        f'<path class="grid" d="M{_x(share):.1f} {_MARGIN}V{bottom}M{_MARGIN} {_y(share):.1f}H{right}"/>'
        + _text(_x(share), bottom + 16, f"{share:g}", "middle")
        + _text(_MARGIN - 6, _y(share) + 4, f"{share:g}", "end")
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        lines
        + _text(_MARGIN + _SIDE / 2, bottom + 36, right_label, "middle")
        + _text(_MARGIN, _MARGIN - 14, up_label, "start")
    )


def _x(share: float) -> float:
    return _MARGIN + share * _SIDE


def _y(share: float) -> float:
    return _MARGIN + (1 - share) * _SIDE


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
