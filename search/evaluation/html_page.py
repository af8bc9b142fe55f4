"""The report as one HTML file that needs nothing else: no scripts, no fonts, no pictures from elsewhere."""

from collections.abc import Sequence
from html import escape

from search.evaluation.outcomes import Outcome
from search.evaluation.plots import COLOURS, bars
from search.evaluation.report import Latency, Report, Row
from search.evaluation.scoring import ANSWER_METRICS, METRICS
from search.evaluation.silence_section import silence

_HARDEST = 20
_FAILURES = 20
_STYLE = """
:root{color-scheme:light dark;--ink:#1c1f23;--soft:#667;--line:#d5d8de;--paper:#fff;
--c0:#2f6db3;--c1:#d9822b;--c2:#3f9a63;--c3:#a24fa0;--c4:#c2473f;--c5:#6b7280}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3b2;--line:#3a4048;--paper:#15181c;
--c0:#6aa5e8;--c1:#f0a45b;--c2:#6cc592;--c3:#cf86cd;--c4:#ee7f77;--c5:#9aa3b2}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--paper)}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}small,caption{color:var(--soft)}
svg{width:100%;height:auto}svg text{font-size:12px;fill:var(--ink)}.grid{stroke:var(--line);fill:none}
.chance{stroke:var(--soft);stroke-dasharray:4 4;fill:none}.whisker{stroke:var(--ink);fill:none}
.line{fill:none!important;stroke-width:2}.pair{display:flex;flex-wrap:wrap;gap:1rem}.pair svg{flex:1 1 20rem}
code{overflow-wrap:anywhere}.key{display:inline-block;width:.8em;height:.8em}
"""
_COLOUR_STYLE = "".join(
    f".c{n}{{fill:var(--c{n});stroke:none}}.line.c{n}{{stroke:var(--c{n})}}.key.c{n}{{background:var(--c{n})}}"
    for n in range(COLOURS)
)


def as_html(report: Report) -> str:
    """The page; whatever comes from documents, questions or settings is escaped."""
    title = escape(f"{report.context.set_name}: how well it is found and answered")
    names = [name for name in METRICS if any(name in row.metrics for row in report.rows)]
    sections = [_about(report), _figures(report.rows, names), bars(report.rows, names), *silence(report.rows)]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}{_COLOUR_STYLE}</style>'
        f"</head><body><h1>{title}</h1>{''.join(sections)}{_latencies(report.rows)}{_hardest(report.rows[0])}"
        f"</body></html>\n"
    )


def _about(report: Report) -> str:
    context = report.context
    questions = report.questions
    unanswerable = sum(question.unanswerable for question in questions)
    written = {"chat": f"answers by {context.chat_model}", "extractive": "answers of the documents' own sentences"}
    facts = [
        f"{len(questions)} questions" + (f", {unanswerable} of them unanswerable" if unanswerable else ""),
        f"{context.documents} documents in the store {context.store}",
        f"embedding model {context.embedding_model}",
        written.get(context.method or "", "no answers asked for"),
        context.created_at,
    ]
    return f"<p>{escape('; '.join(facts))}</p><p><code>{escape(context.command)}</code></p>{_failed(report)}"


def _failed(report: Report) -> str:
    """The documents that cannot be found, the first of them by name."""
    failed = report.context.failed
    if not failed:
        return ""
    some = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in list(failed.items())[:_FAILURES])
    more = f"<li>and {len(failed) - _FAILURES} more</li>" if len(failed) > _FAILURES else ""
    return (
        f"<p><strong>{len(failed)} documents of the set cannot be searched</strong>; {report.expecting_failed} "
        f"questions expect one of them, which counts as not found.</p><ul>{some}{more}</ul>"
    )


def _figures(rows: Sequence[Row], names: Sequence[str]) -> str:
    heads = "".join(
        f'<th><span class="key c{n % COLOURS}"></span> {escape(row.name)}</th>' for n, row in enumerate(rows)
    )
    body = "".join(
        f"<tr><th>{escape(name)}<br><small>{escape(ANSWER_METRICS.get(name, ''))}</small></th>"
        f"{''.join(_cell(row, name) for row in rows)}</tr>"
        for name in names
    )
    note = "95 % intervals by bootstrap over questions; below, the difference from the first column."
    return f"<table><caption>{note}</caption><tr><th></th>{heads}</tr>{body}</table>"


def _cell(row: Row, name: str) -> str:
    interval = row.metrics.get(name)
    if interval is None:
        return '<td class="n">–</td>'
    text = f"{interval.value:.3f} <small>{interval.low:.3f} to {interval.high:.3f}</small>"
    difference = (row.differences or {}).get(name)
    if difference is not None:
        span = f"{difference.low:+.3f} to {difference.high:+.3f}, p = {difference.p:.3f}"
        text += f"<br>{difference.value:+.3f} <small>{span}</small>"
    return f'<td class="n">{text}</td>'


def _latencies(rows: Sequence[Row]) -> str:
    cells = "".join(
        f"<tr><th>{escape(row.name)}</th>{_latency(row.search)}{_latency(row.answers)}"
        f'<td class="n">{row.answers_failed or ""}</td></tr>'
        for row in rows
    )
    return (
        "<h2>Time</h2><table><tr><th></th><th>search, median and p95</th><th>answer, median and p95</th>"
        f"<th>failed</th></tr>{cells}</table>"
    )


def _latency(latency: Latency | None) -> str:
    if latency is None or not latency.requests:
        return '<td class="n">–</td>'
    return f'<td class="n">{latency.p50_seconds * 1000:.0f} ms, {latency.p95_seconds * 1000:.0f} ms</td>'


def _hardest(row: Row) -> str:
    """The questions for which search did worst: what to look into first."""
    if "ndcg@10" not in row.scores.names:
        return ""
    at = row.scores.names.index("ndcg@10")
    judged = [number for number in range(len(row.outcomes)) if row.scores.wholes[number, at]]
    worst = sorted(judged, key=lambda number: float(row.scores.parts[number, at]))[:_HARDEST]
    lines = "".join(_hard(row.outcomes[number], float(row.scores.parts[number, at])) for number in worst)
    return (
        "<h2>Hardest to find</h2><table><tr><th>ndcg@10</th><th>question</th><th>expected</th><th>found first</th></tr>"
        f"{lines}</table>"
    )


def _hard(outcome: Outcome, value: float) -> str:
    expected = ", ".join(name for name, grade in outcome.question.relevant.items() if grade > 0)
    first = outcome.ranking[0] if outcome.ranking else "nothing"
    return (
        f'<tr><td class="n">{value:.3f}</td><td>{escape(outcome.question.text)}</td><td>{escape(expected)}</td>'
        f"<td>{escape(first)}</td></tr>"
    )
