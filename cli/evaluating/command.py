"""`footnote eval` on the command line."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.client import ClientError
from cli.ending import exit_with, settings_or_exit

_SET = typer.Argument(
    help="A folder in BEIR's form (corpus.jsonl, queries.jsonl, qrels.tsv, perhaps answers.jsonl), whose documents are "
    "added first, or a CSV file with the columns question, documents, answer about documents that are there.",
    metavar="SET",
    show_default=False,
)
_COMPARE = typer.Option(
    help="Measure this way of searching too, over the same questions, and how it differs from the first: mode, limit, "
    "rerank, per_document, diversity, queries.",
    metavar="KEY=VALUE[,…]",
)


def evaluate(
    path: Annotated[Path | None, _SET] = None,
    store: Annotated[
        str | None, typer.Option(help="Name or id of the store; without it, the folder's name, or default for a CSV.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask so many of the questions, drawn at random.")] = None,
    answers: Annotated[
        bool | None,
        typer.Option(
            "--answers/--no-answers",
            help="Ask for answers too; without either, where the set knows right ones and has 1,000 questions at most.",
        ),
    ] = None,
    mode: Annotated[
        Literal["hybrid", "dense", "bm25"] | None, typer.Option(help="By meaning and words, or by one of them.")
    ] = None,
    compare: Annotated[list[str] | None, _COMPARE] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            help="End with status 1 when a figure of the first way is lower, such as ndcg@10=0.6.",
            metavar="FIGURE=VALUE",
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the report for programs.")] = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the report as a page with plots.")] = None,
    make: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draft questions from the store's documents into this CSV, to be edited."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1_000, help="How many questions to draft.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="For what is drawn at random: the same gives the same.")] = 0,
) -> None:
    """Measure search and answers on questions whose documents or answers are known.

    Asks the service that runs; where none does, and FOOTNOTE_URL names none, one is started for as long as it takes.
    Where answers are measured, every question is put to the chat model, once for each way: --limit keeps that cheap.

    footnote eval scifact --compare mode=dense --compare mode=bm25 --html report.html

    footnote eval questions.csv --store handbook --fail-under ndcg@10=0.75
    """
    if (path is None) == (make is None):
        exit_with(ClientError("Name a set of questions to measure with, or a file to draft some into with --make."))
    settings = settings_or_exit()
    # What measures loads numpy and the search package: other commands do without.
    if make is not None:
        from cli.evaluating.drafts import make_questions  # noqa: PLC0415

        make_questions(settings, make, store or "default", count, seed)
        return
    from cli.evaluating.running import Wish, run_evaluation  # noqa: PLC0415

    assert path is not None
    wish = Wish(
        path=path,
        store=store,
        limit=limit,
        answers=answers,
        settings={} if mode is None else {"mode": mode},
        compared=compare or (),
        floors=fail_under or (),
        json=json,
        html=html,
        seed=seed,
        command=shlex.join(["footnote", *sys.argv[1:]]),
    )
    shortfalls = run_evaluation(settings, wish)
    for shortfall in shortfalls:
        typer.echo(shortfall, err=True)
    if shortfalls:
        raise typer.Exit(1)
