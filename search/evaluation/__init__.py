"""Measuring search and answers on questions whose documents or answers are known."""

from search.evaluation.abstention import Curve, Halves, Point
from search.evaluation.drafting import Draft, Drafting, as_table
from search.evaluation.errors import EvaluationError, SetError
from search.evaluation.floors import Floor, floors_of, shortfalls
from search.evaluation.html_page import as_html
from search.evaluation.intervals import Difference, Interval
from search.evaluation.outcomes import Cited, Outcome, Reply
from search.evaluation.pages import file_name, page
from search.evaluation.questions import Entry, Question, QuestionSet
from search.evaluation.reading import read_set
from search.evaluation.report import Context, Latency, Report, Row, as_json, evaluate
from search.evaluation.scoring import ANSWER_METRICS, METRICS
from search.evaluation.table import resolve

__all__ = [
    "ANSWER_METRICS",
    "METRICS",
    "Cited",
    "Context",
    "Curve",
    "Difference",
    "Draft",
    "Drafting",
    "Entry",
    "EvaluationError",
    "Floor",
    "Halves",
    "Interval",
    "Latency",
    "Outcome",
    "Point",
    "Question",
    "QuestionSet",
    "Reply",
    "Report",
    "Row",
    "SetError",
    "as_html",
    "as_json",
    "as_table",
    "evaluate",
    "file_name",
    "floors_of",
    "page",
    "read_set",
    "resolve",
    "shortfalls",
]
