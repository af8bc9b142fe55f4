"""`footnote eval --make`: questions drafted from the documents of a store, for people to edit."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from cli.client import Client, ClientError
from cli.ending import exit_with
from cli.evaluating.reaching import StoppedError, with_service
from cli.reporting import count
from cli.showing import line
from search.evaluation import Draft, Drafting, EvaluationError, as_table
from search.evaluation.drafting import PASSAGE_CHARACTERS
from settings import Settings

_UNANSWERABLE_EVERY = 5
"""One question in so many is one that the documents should not answer."""
_TRIES_PER_QUESTION = 3
_LEAST_CHARACTERS = 80
_CHARACTERS_LOOKED_AT = 200_000


def make_questions(settings: Settings, path: Path, store: str, number: int, seed: int) -> None:
    """Write the drafts to a CSV file that is not there yet. What cannot be done ends the command with a message."""
    console = Console(stderr=True)
    try:
        _refuse_to_overwrite(path)
        drafts = with_service(settings, lambda client: Drafter(client, store, seed, console).run(number))
        path.write_bytes(as_table(drafts))
    except (ClientError, EvaluationError, StoppedError) as error:
        exit_with(error)
    except OSError as error:
        exit_with(EvaluationError(f"{path} cannot be written: {error.strerror}."))
    line(
        console,
        f"{count(len(drafts), 'question')} drafted in {path}. Read and mend them, above all those without a document: "
        f"they should be ones that none of your documents answers. Then: footnote eval {path} --store {store}",
    )


class Drafter:
    """Has questions drafted by the chat model behind the service."""

    def __init__(self, client: Client, store: str, seed: int, console: Console) -> None:
        self._client = client
        self._store = store
        self._console = console
        self._random = random.Random(seed)  # noqa: S311  documents are drawn, no secrets

    def run(self, number: int) -> Sequence[Draft]:
        """So many drafts, or fewer where the model writes too few that can be used.

        Raises:
            ClientError: there is no chat model, the store is empty, or no draft can be used.
        """
        model = self._model()
        documents = list(self._client.searchable(self._store))
        if not documents:
            raise ClientError(f"The store {self._store} has no searchable documents: `footnote add` some first.")
        drafts: list[Draft] = []
        with Progress(console=self._console) as progress:
            bar = progress.add_task("drafting", total=number)
            for _ in range(number * _TRIES_PER_QUESTION):
                if len(drafts) == number:
                    break
                drafting = self._drafting(documents, answerable=(len(drafts) + 1) % _UNANSWERABLE_EVERY != 0)
                if drafting and (draft := drafting.draft(self._reply(model, drafting))) and draft not in drafts:
                    drafts.append(draft)
                    progress.advance(bar)
        if not drafts:
            raise ClientError(f"{model} wrote no question that can be used. Try another chat model.")
        return drafts

    def _model(self) -> str:
        model = self._client.readiness()["chat_model"]
        if model is None:
            raise ClientError(
                "Drafting questions needs a chat model, and the service has none. Set OPENAI_API_KEY or "
                "OPENAI_BASE_URL for the service, and upstream.chat_model if it is not the one you want."
            )
        return str(model)

    def _drafting(self, documents: Sequence[Mapping[str, Any]], *, answerable: bool) -> Drafting | None:
        """A passage of a document, both drawn at random; None for one with too little text."""
        document = self._random.choice(documents)
        text = self._client.content(document["id"], 0, _CHARACTERS_LOOKED_AT)
        begin = self._random.randrange(max(1, len(text) - PASSAGE_CHARACTERS + 1))
        passage = text[begin : begin + PASSAGE_CHARACTERS].strip()
        if len(passage) < _LEAST_CHARACTERS:
            return None
        return Drafting(_name(document, documents), passage, answerable)

    def _reply(self, model: str, drafting: Drafting) -> str:
        reply = self._client.complete({"model": model, "messages": drafting.messages()})
        try:
            return str(reply["choices"][0]["message"]["content"])
        except (KeyError, IndexError, TypeError) as error:
            raise ClientError(f"{model} answered in a form that is not OpenAI's.") from error


def _name(document: Mapping[str, Any], documents: Sequence[Mapping[str, Any]]) -> str:
    """The file name, or the id where the name could mean another or would be parted in the table."""
    name = str(document["filename"])
    is_clear = sum(other["filename"] == name for other in documents) == 1 and not {";", "；"} & set(name)
    return name if is_clear else str(document["id"])


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists():
        raise EvaluationError(f"{path} is there already, and may have been edited. Name another file, or remove it.")
    if not path.resolve().parent.is_dir():
        raise EvaluationError(f"{path} cannot be written: there is no folder {path.resolve().parent}.")
