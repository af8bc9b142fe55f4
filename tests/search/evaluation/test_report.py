import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from search.evaluation import Context, Outcome, Question, Report, as_html, as_json, evaluate
from tests.search.evaluation.outcomes import outcome, reply

CONTEXT = Context(
    set_name="<b>telescopes</b>",
    store="telescopes",
    embedding_model="small",
    documents=3,
    failed={"d0": "<i>too old</i>", "e": "empty"},
    method="chat",
    chat_model="gpt",
    seed=0,
    command="footnote eval telescopes",
    created_at="2030-01-01T00:00:00+00:00",
)
HOSTILE = "<script>alert(1)</script>"


def outcomes(rank: int) -> list[Outcome]:
    answerable = [
        outcome(
            Question(f"a{n}", f"{HOSTILE} {n}?", {f"d{n}": 1}, ["yes"]),
            [*("x", "y")[:rank], f"d{n}"],
            reply("yes", cited=[(f"d{n}", True)], claims=1, grounded=1, confidence=0.7 + n / 100),
        )
        for n in range(12)
    ]
    unanswerable = [
        outcome(Question(f"u{n}", "?", unanswerable=True), ["x"], reply(answered=bool(n % 2), confidence=n / 20))
        for n in range(12)
    ]
    return [*answerable, *unanswerable, outcome(Question("f", "failed?", {"d": 1}), [], None)]


@pytest.fixture(scope="module")
def report() -> Report:
    runs = [("as set", {}, outcomes(0)), ("mode=<i>dense</i>", {"mode": "dense"}, outcomes(2))]
    return evaluate(CONTEXT, runs, asked=True)


def test_rows_after_the_first_are_compared_with_it(report: Report) -> None:
    first, second = report.rows
    assert first.differences is None
    assert second.differences is not None
    assert second.differences["mrr@10"].value == pytest.approx(12 / 13 * (1 / 3 - 1))
    assert second.differences["mrr@10"].p == 0.0
    assert second.differences["token_f1"].value == 0.0


def test_answers_that_failed_are_counted(report: Report) -> None:
    assert [row.answers_failed for row in report.rows] == [1, 1]
    unasked = evaluate(CONTEXT, [("as set", {}, [replace(o, reply=None) for o in outcomes(0)])], asked=False)
    assert (unasked.rows[0].answers_failed, unasked.rows[0].answers) == (0, None)


def test_the_json_holds_every_figure_and_every_question(report: Report) -> None:
    found = json.loads(as_json(report), parse_constant=pytest.fail)
    assert (found["version"], found["set_name"], found["seed"]) == (1, "<b>telescopes</b>", 0)
    assert found["counts"] == {
        "questions": 25,
        "judged": 13,
        "with_answers": 12,
        "unanswerable": 12,
        "expecting_failed": 1,
    }
    assert found["failed"] == {"d0": "<i>too old</i>", "e": "empty"}
    row = found["rows"][0]
    assert row["metrics"]["contains"] == {"value": 1.0, "low": 1.0, "high": 1.0, "questions": 12}
    assert row["search"] == {"p50_seconds": 0.1, "p95_seconds": 0.1, "requests": 25}
    assert row["abstention"]["points"][0]["recall"] == 0.0
    assert row["abstention"]["suggested"]["reporting"].keys() == {"threshold", "precision", "recall", "answered"}
    assert found["rows"][1]["settings"] == {"mode": "dense"}
    first, failed = found["questions"][0], found["questions"][-1]
    assert (first["id"], first["values"][0]["ndcg@10"], first["values"][1]["mrr@10"]) == (
        "a0",
        1.0,
        pytest.approx(1 / 3),
    )
    assert (first["found"], failed["found"]) == ([["d0"], ["x", "y", "d0"]], [[], []])
    assert (failed["values"][0]["ndcg@10"], failed["values"][0]["token_f1"]) == (0.0, None)


class Outline(HTMLParser):
    """Tags that are open, and all that ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_nothing_in_it_is_taken_for_markup(report: Report) -> None:
    html = as_html(report)
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    tags = {tag for tag, _ in outline.seen}
    assert not tags & {"script", "b", "i", "link", "img", "iframe"}
    assert not any(name in attributes for _, attributes in outline.seen for name in ("src", "href"))
    assert "http" not in re.sub(r'lang="en"', "", html)
    assert "&lt;script&gt;alert(1)" in html


def test_the_page_shows_bars_the_curve_and_the_hardest_questions(report: Report) -> None:
    html = as_html(report)
    assert html.count("<rect") == sum(len(row.metrics) for row in report.rows)
    assert html.count("<circle") == 2
    assert html.count("<polyline") == 2 + 3  # all curves; what each threshold of the first would do
    assert "2 documents of the set cannot be searched</strong>; 1 questions" in html
    assert html.index("failed?") < html.index("0?</td>")


def test_a_report_without_answers_has_no_curve() -> None:
    unasked = evaluate(CONTEXT, [("as set", {}, [replace(o, reply=None) for o in outcomes(0)])], asked=False)
    assert "<polyline" not in as_html(unasked)
    assert json.loads(as_json(unasked))["rows"][0]["abstention"] is None
