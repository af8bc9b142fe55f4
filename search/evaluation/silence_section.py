"""The part of the page that tells what is declined, and what would be."""

from collections.abc import Iterable, Sequence
from html import escape

from search.evaluation.abstention import Curve, Halves, Point
from search.evaluation.plots import curve_plot, threshold_plot
from search.evaluation.report import Row

_KEYS = ("unanswerable questions that are declined", "declined questions that are unanswerable", "answered questions")


def silence(rows: Sequence[Row]) -> Iterable[str]:
    """Nothing where no confidence was told, or no question is unanswerable."""
    curves = [(number, row.curve) for number, row in enumerate(rows) if row.curve is not None]
    if not curves:
        return
    yield (
        "<h2>Silence</h2><p>What would become of answers if the service declined below some confidence. On the left, "
        "every threshold; the dashed line is chance, the square what the service did as it is set, the dot the "
        "threshold that is best on half of the questions: both with their figures on the other half. On the right, "
        "what each threshold would do.</p>"
    )
    yield f'<div class="pair">{curve_plot(curves)}{threshold_plot(curves[0][1])}</div>{_legend(rows[curves[0][0]])}'
    yield from (_halves(rows[number], curve) for number, curve in curves)


def _legend(row: Row) -> str:
    keys = "; ".join(f'<span class="key c{number}"></span> {name}' for number, name in enumerate(_KEYS))
    return f"<p><small>On the right, {escape(row.name)}: {keys}.</small></p>"


def _halves(row: Row, curve: Curve) -> str:
    ways = [("as it is set", curve.served), ("best threshold", curve.suggested)]
    lines = "".join(_way(name, halves) for name, halves in ways if halves is not None)
    return (
        f"<table><caption>{escape(row.name)}: area {curve.area:.3f} (0.5 is chance)</caption><tr><th></th>"
        "<th>threshold</th><th>questions</th><th>unanswerable declined</th><th>declined rightly</th>"
        "<th>answerable answered</th></tr>"
        f"{lines}</table>"
    )


def _way(name: str, halves: Halves) -> str:
    return _line(name, "half that chooses", halves.choosing) + _line("", "other half", halves.reporting)


def _line(name: str, half: str, point: Point) -> str:
    threshold = "" if point.threshold is None else f"{point.threshold:.3f}"
    precision = "–" if point.precision is None else f"{point.precision:.1%}"
    cells = (threshold, half, f"{point.recall:.1%}", precision, f"{point.answered:.1%}")
    drawn = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f"<tr><th>{name}</th>{drawn}</tr>"
