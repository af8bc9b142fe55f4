"""The commands of `footnote`."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.adding import Adder, show
from cli.client import Client, ClientError
from cli.ending import exit_with, settings_or_exit
from cli.showing import show_answer, show_hits
from cli.walking import files_in
from settings.reference import as_env_file, as_markdown

app = typer.Typer(
    help="Answers questions from your own documents and footnotes every claim.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

Store = Annotated[str, typer.Option(help="Name or id of the store.")]
Limit = Annotated[int | None, typer.Option(min=1, max=50, help="How many passages at most.")]
Filter = Annotated[
    str | None,
    typer.Option("--filter", help='Condition on attributes as JSON: {"type": "eq", "key": "year", "value": 2024}.'),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the service's answer as JSON.")]
Mode = Annotated[Literal["hybrid", "dense", "bm25"], typer.Option(help="By meaning and words, or by one of them.")]


@app.callback(invoke_without_command=True)
def footnote(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Answers questions from your own documents and footnotes every claim."""
    if show_version:
        typer.echo(f"footnote {version('footnote')}")
        raise typer.Exit


@app.command()
def serve() -> None:
    """Run the service until it is stopped; `footnote options` lists what can be set."""
    settings = settings_or_exit()
    from cli.starting import run_or_exit, serve_until_stopped

    run_or_exit(serve_until_stopped(settings))


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files and folders.", metavar="PATH…")],
    store: Store = "default",
    attributes: Annotated[str | None, typer.Option(help='Kept with each file, as JSON: {"year": 2024}.')] = None,
) -> None:
    """Add files, and all files below folders; waits until each is searchable or has failed."""
    files = list(files_in(paths))
    if not files:
        exit_with(ClientError("There is nothing to add: no files are there, other than hidden ones."))
    with _client() as client:
        client.ensure_store(store)
        report = Adder(client, Console(stderr=True), store, attributes).run(files)
    show(report, Console())
    if report.failures:
        raise typer.Exit(1)


@app.command()
def search(
    query: str,
    store: Store = "default",
    limit: Limit = None,
    mode: Mode = "hybrid",
    filter_: Filter = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages that match a question."""
    body = {"query": query, "store": store, "limit": limit, "mode": mode, "filter": _filter(filter_)}
    with _client() as client:
        found = client.search(body)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show_hits(found["data"], Console())


@app.command()
def ask(
    question: str,
    store: Store = "default",
    limit: Limit = None,
    filter_: Filter = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question, with footnotes."""
    body = {"question": question, "store": store, "limit": limit, "filter": _filter(filter_)}
    with _client() as client:
        if as_json:
            done = dict(client.ask(body))["done"]
            typer.echo(json.dumps(done, ensure_ascii=False, indent=2))
        else:
            show_answer(client.ask(body), Console())


@app.command()
def quickstart(
    folder: Annotated[
        Path | None, typer.Argument(exists=True, help="Folder of documents; without one, a small sample.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="What to ask first.")] = None,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop after the answer instead of serving on.")] = False,
) -> None:
    """Serve, add a folder or a small sample, ask a question, print the answer and how to go on."""
    settings = settings_or_exit()
    from cli.quickstart import Quickstart
    from cli.starting import run_or_exit

    run_or_exit(Quickstart(settings, Console(), folder, question).run(serve_on=not exit_))


@app.command()
def options(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown document.")] = False,
) -> None:
    """List every option as a sample `.env` file, with its default and meaning."""
    typer.echo(as_markdown() if markdown else as_env_file(), nl=False)


@contextmanager
def _client() -> Iterator[Client]:
    try:
        with closing(Client(settings_or_exit().url)) as client:
            yield client
    except ClientError as error:
        exit_with(error)


def _filter(text: str | None) -> object:
    try:
        condition = json.loads(text) if text else None
        json.dumps(condition, allow_nan=False)  # Python reads NaN and numbers without end, which are not JSON
    except (ValueError, RecursionError):
        exit_with(ClientError(f"--filter is not JSON: {text}"))
    return condition
