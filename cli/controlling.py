"""`footnote cancel`, `retry` and `replace`: stopping work on documents, starting it anew, giving them other content."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.client import Client, ClientError
from cli.following import Document, settled
from cli.reporting import count
from cli.showing import line
from cli.walking import files_in


def each(ids: Sequence[str], do: Callable[[str], Any], done: str, console: Console) -> None:
    """Do something to each document; those that refuse are told with their reasons, and end with status 1."""
    refused = 0
    for document_id in ids:
        try:
            do(document_id)
            line(console, f"{document_id}: {done}.")
        except ClientError as error:
            refused += 1
            line(console, f"{document_id}: {error}")
    if refused:
        raise typer.Exit(1)


def replace_and_wait(client: Client, document_id: str, path: Path, form: Mapping[str, str], console: Console) -> None:
    """Replace a document's content and return when that has succeeded; fails with the reason otherwise.

    Raises:
        ClientError: it was refused.
    """
    (file,) = files_in([path])
    try:
        client.replace(document_id, file, form)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise ClientError(message) from error
    document = settled(client, document_id, Console(stderr=True))
    if reason := _why_not(document):
        line(console, f"{file.name}: {reason}")
        raise typer.Exit(1)
    line(console, f"{document_id} is {file.name} now, {count(document['chunks'], 'chunk')}.")


def _why_not(document: Document) -> str | None:
    job = document["job"]
    if job["status"] == "completed":
        return None
    reason = job["error"]["message"] if job["status"] == "failed" else "It was cancelled."
    return f"{reason} The earlier version stays." if document["searchable"] else reason
