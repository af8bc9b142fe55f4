"""The commands of `footnote`."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.adding import Adder
from cli.client import Client, ClientError
from cli.controlling import each, replace_and_wait
from cli.ending import exit_with, settings_or_exit
from cli.evaluating.command import evaluate
from cli.keys import app as keys
from cli.reembedding import change_model, give_up_change
from cli.reporting import count, show
from cli.showing import line, show_answer, show_hits
from cli.status import overview, show_status, watch_status
from cli.usage import show_usage, usage_of
from cli.walking import files_in
from settings.reference import as_env_file, as_markdown

app = typer.Typer(
    help="Answers questions from your own documents and footnotes every claim.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

app.add_typer(keys, name="keys")

Store = Annotated[str, typer.Option(help="Name or id of the store.")]
AnyStore = Annotated[str | None, typer.Option("--store", help="Name or id of a store; without it, all stores.")]
Documents = Annotated[list[str], typer.Argument(help="Ids of documents.", metavar="ID…")]
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
def worker() -> None:
    """Work on documents until it is stopped, beside a service: any number of times, on any number of machines.

    All of them need the same Postgres (`database.url`), Qdrant server (`qdrant.url`) and files (`files.url`).
    """
    settings = settings_or_exit()
    from cli.starting import run_or_exit
    from cli.working import work_until_stopped

    run_or_exit(work_until_stopped(settings))


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files and folders.", metavar="PATH…")],
    store: Store = "default",
    attributes: Annotated[str | None, typer.Option(help='Kept with each file, as JSON: {"year": 2024}.')] = None,
) -> None:
    """Add files, and all files below folders; waits until each is searchable or has failed.

    More than 16 go into the bulk lane, where they do not hold up what others wait for.
    """
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
def replace(
    document: Annotated[str, typer.Argument(help="Id of the document.", metavar="ID")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What takes its place.")],
    attributes: Annotated[
        str | None, typer.Option(help="In place of its attributes, as JSON; without it, they stay.")
    ] = None,
) -> None:
    """Replace a document's content; the present version is found until the new one is, and stays if that fails."""
    form = {} if attributes is None else {"attributes": attributes}
    with _client() as client:
        replace_and_wait(client, document, file, form, Console())


@app.command()
def status(
    store: AnyStore = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing until Ctrl-C; on a terminal only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many documents there are, what is in work, what waits and why, and what has failed."""
    console = Console()
    with _client() as client:
        if as_json:
            typer.echo(json.dumps(overview(client, store), ensure_ascii=False, indent=2))
        elif watch and console.is_terminal:
            watch_status(client, store, console)
        else:
            show_status(overview(client, store), console)


@app.command()
def usage(
    by: Annotated[str, typer.Option(help="Of key, model, day, endpoint and upstream, with commas between.")] = "model",
    days: Annotated[int, typer.Option(min=1, max=4_000, help="How many days back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show calls, tokens and cost; with a key that is no admin's, those of this key."""
    with _client() as client:
        found = usage_of(client, by, days)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show_usage(found, Console())


@app.command()
def cancel(documents: Documents) -> None:
    """Stop the work on documents, whether they wait or are under way."""
    with _client() as client:
        each(documents, client.cancel, "cancelled", Console())


@app.command()
def retry(
    documents: Annotated[list[str] | None, typer.Argument(help="Ids of documents.", metavar="[ID…]")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every document whose last job failed.")] = False,
    store: AnyStore = None,
) -> None:
    """Queue documents anew that failed or were cancelled."""
    if failed == bool(documents) or (store and not failed):
        exit_with(ClientError("Name documents, or use --failed, alone or with --store: `footnote retry --failed`."))
    with _client() as client:
        if failed:
            line(Console(), f"{count(client.retry_failed(store), 'document')} queued again.")
        else:
            each(documents or [], client.retry, "queued again", Console())


@app.command()
def reembed(
    store: Store = "default",
    model: Annotated[str, typer.Option(help="The new embedding model; `bm25` for none.")] = "",
    give_up: Annotated[bool, typer.Option("--give-up", help="Leave the store with the model it has.")] = False,
) -> None:
    """Change a store to another embedding model; it is searched as before until the last document is done.

    The service goes on with it when this command is stopped. Run again, it shows how far that is, and tries documents
    again that failed.
    """
    if bool(model) == give_up:
        exit_with(ClientError("Say the new model with --model, or give the change up with --give-up."))
    with _client() as client:
        if give_up:
            give_up_change(client, store, Console())
        elif not change_model(client, store, model, Console()):
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


app.command("eval")(evaluate)


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
def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it; `.gz` at the end compresses it.")],
    offline: Annotated[bool, typer.Option(help="Open the data itself, where no service runs.")] = False,
) -> None:
    """Write a backup of everything to a file, while the service runs on.

    The file is checked, and takes the place of an older one of that name, only when it is whole. It holds all
    documents: keep it as safe as the data.
    """
    settings = settings_or_exit()
    from cli.backing_up import ERRORS, back_up, exit_for, show_backup

    try:
        manifest = back_up(settings, file, offline=offline, progress=Console(stderr=True))
    except (*ERRORS, OSError) as error:
        exit_for(error, file)
    show_backup(manifest, f"Backed up to {file}", Console())


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `footnote backup` wrote.")],
) -> None:
    """Load a backup into an empty installation, of whatever kind the settings name; no service may run.

    A backup of SQLite, a disk and the embedded engine can go to Postgres, S3 and a Qdrant server, and the reverse.
    """
    settings = settings_or_exit()
    from cli.backing_up import ERRORS, bring_back, exit_for, show_backup

    try:
        manifest = bring_back(settings, file)
    except (*ERRORS, OSError) as error:
        exit_for(error, file)
    show_backup(manifest, f"Restored {file}", Console())


@app.command()
def options(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown document.")] = False,
) -> None:
    """List every option as a sample `.env` file, with its default and meaning."""
    typer.echo(as_markdown() if markdown else as_env_file(), nl=False)


@contextmanager
def _client() -> Iterator[Client]:
    try:
        settings = settings_or_exit()
        with closing(Client(settings.url, settings.api_key)) as client:
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
