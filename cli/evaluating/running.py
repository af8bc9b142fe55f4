"""A whole evaluation, from a set of questions to a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.client import Client, ClientError
from cli.ending import exit_with
from cli.evaluating.documents import prepared
from cli.evaluating.measuring import Measuring
from cli.evaluating.reaching import StoppedError, with_service
from cli.evaluating.showing import console_for_results, show_report
from cli.evaluating.variants import Variant, variants_of
from cli.reporting import count
from cli.showing import line
from search.evaluation import (
    ANSWER_METRICS,
    Context,
    EvaluationError,
    Floor,
    Outcome,
    QuestionSet,
    Report,
    as_html,
    as_json,
    evaluate,
    floors_of,
    read_set,
    shortfalls,
)
from settings import Settings

_MOST_ASKED_UNBIDDEN = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    path: Path
    store: str | None
    limit: int | None
    answers: bool | None
    settings: Mapping[str, Any]
    compared: Sequence[str]
    floors: Sequence[str]
    json: Path | None
    html: Path | None
    seed: int
    command: str


def run_evaluation(settings: Settings, wish: Wish) -> Sequence[str]:
    """Measure, show and write the report; returns a sentence for each floor that is not reached.

    What cannot be done ends the command with a message.
    """
    try:
        evaluation = Evaluation(wish, Console(stderr=True))
        report = with_service(settings, evaluation.report)
        show_report(report, console_for_results())
        _write(wish.json, lambda: as_json(report))
        _write(wish.html, lambda: as_html(report))
    except (ClientError, EvaluationError, StoppedError) as error:
        exit_with(error)
    return shortfalls(evaluation.floors, report.rows[0].metrics)


class Evaluation:
    """An evaluation whose set, ways and floors have been read, so that mistakes in them show before anything starts.

    Raises:
        ClientError: a comparison is not understood, or a file cannot be written.
        EvaluationError: the set or a floor cannot be used.
    """

    def __init__(self, wish: Wish, console: Console) -> None:
        self.floors: Sequence[Floor] = floors_of(wish.floors)
        self._wish = wish
        self._console = console
        self._variants = variants_of(wish.settings, wish.compared)
        whole = read_set(wish.path)
        self._asks = self._asks_by_itself(whole) if wish.answers is None else wish.answers
        self._set = self._measurable(whole).sample(wish.limit, wish.seed)
        self._refuse_what_cannot_be()

    def report(self, client: Client) -> Report:
        """Ask the service everything. Raises ClientError, SetError."""
        store = self._wish.store or (self._set.name if self._set.entries is not None else "default")
        questions, names = prepared(client, store, self._set, self._console)
        measuring = Measuring(client, store, names, self._console)
        runs = [self._run(measuring, questions, variant) for variant in self._variants]
        (shown,) = client.stores(store)
        context = Context(
            self._set.name,
            store,
            shown["embedding_model"],
            shown["documents"]["completed"],
            names.failed,
            measuring.method,
            measuring.model,
            self._wish.seed,
            self._wish.command,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return evaluate(context, runs, asked=self._asks)

    def _run(
        self, measuring: Measuring, questions: QuestionSet, variant: Variant
    ) -> tuple[str, Mapping[str, Any], Sequence[Outcome]]:
        outcomes = measuring.run(questions.questions, variant, answers=self._asks)
        return variant.name, variant.settings, outcomes

    def _asks_by_itself(self, questions: QuestionSet) -> bool:
        """Where right answers are known: they cost a call each, so thousands are not asked for unbidden."""
        number = min(len(questions.questions), self._wish.limit or len(questions.questions))
        if not questions.has_answers or number <= _MOST_ASKED_UNBIDDEN:
            return questions.has_answers
        line(self._console, f"Answers to {number} questions are asked for only with --answers; --limit asks fewer.")
        return False

    def _measurable(self, questions: QuestionSet) -> QuestionSet:
        kept = questions.measurable(answers=self._asks)
        if left_out := len(questions.questions) - len(kept.questions):
            line(self._console, f"{count(left_out, 'question')} left out, of which nothing is measured.")
        return kept

    def _refuse_what_cannot_be(self) -> None:
        unasked = [floor.name for floor in self.floors if floor.name in ANSWER_METRICS]
        if unasked and not self._asks:
            raise EvaluationError(f"--fail-under {unasked[0]} needs answers; add --answers.")
        for path in (self._wish.json, self._wish.html):
            if path is not None and not path.resolve().parent.is_dir():
                raise EvaluationError(f"{path} cannot be written: there is no folder {path.resolve().parent}.")


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is None:
        return
    try:
        path.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{path} cannot be written: {error.strerror}.") from error
    line(Console(stderr=True), f"Written: {path}")
