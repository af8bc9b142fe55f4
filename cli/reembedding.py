"""`footnote reembed`: change a store's embedding model and follow how far it has come."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.client import Client
from cli.showing import line

_POLL_SECONDS = 0.5

Change = Mapping[str, Any]


def give_up_change(client: Client, store: str, console: Console) -> None:
    """Leave the store with the model it has."""
    change = client.give_up_change(store)
    line(console, f"{store} stays with {change['embedding_model']}.")


def change_model(client: Client, store: str, model: str, console: Console) -> bool:
    """Change the store to this model; returns once it has it, or cannot get it without help (False)."""
    change = client.change_model(store, model)
    target = change["next_embedding_model"] or change["embedding_model"]
    with _bar(console) as bar:
        task = bar.add_task("chunks", total=change["chunks"])
        while change["status"] == "in_progress":
            bar.update(task, total=change["chunks"], completed=change["chunks_done"])
            time.sleep(_POLL_SECONDS)
            change = client.change_of_model(store)
        if change["embedding_model"] == target:
            bar.update(task, total=change["chunks"], completed=change["chunks"])
    return _show(change, store, target, console)


def _show(change: Change, store: str, target: str, console: Console) -> bool:
    if change["embedding_model"] == target:
        line(console, f"{store} has changed to {target}.")
        return True
    if change["status"] == "idle":
        line(console, (f"The change was given up; {store} stays with {change['embedding_model']}.", "red"))
        return False
    for failed in change["failed"]:
        line(console, (f"{failed['filename']} ({failed['id']}): {failed['message']}", "red"))
    line(
        console,
        f"{change['documents']['failed']} of {change['documents']['total']} documents could not be embedded with"
        f" {target}, so {store} stays with {change['embedding_model']} for now. Run the command again to try them"
        " again, delete them, or give the change up with --give-up.",
    )
    return False


def _bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)
