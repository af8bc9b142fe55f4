"""Asking the service the questions of a set, and keeping what comes of them."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cli.client import Client, ClientError
from cli.evaluating.documents import Names
from cli.evaluating.variants import Variant
from cli.following import RateColumn
from search.evaluation import Cited, Outcome, Question, Reply

_DEPTH = 100
"""Hits that are asked for: as many as a search gives, and as the deepest figure looks at."""
_SIDE_BY_SIDE = 4
"""Answers under way: more of them would wait for each other at a model of one's own."""
_FAILURES_BEFORE_GIVING_UP = 8


class Measuring:
    """Asks the questions of a set, search by search and answer by answer."""

    def __init__(self, client: Client, store: str, names: Names, console: Console) -> None:
        self.method: str | None = None
        """What wrote the answers: `chat` or `extractive`."""
        self.model: str | None = None
        """The chat model that wrote them."""
        self._client = client
        self._store = store
        self._names = names
        self._console = console

    def run(self, questions: Sequence[Question], variant: Variant, *, answers: bool) -> Sequence[Outcome]:
        """What comes of the questions, searched and asked in this way.

        Raises:
            ClientError: a search failed, or the first answers did.
        """
        with _progress(self._console) as progress:
            self._search(questions[0], variant)  # the first one opens connections and loads the model
            bar = progress.add_task(f"search, {variant.name}", total=len(questions))
            found = []
            for question in questions:
                found.append(self._search(question, variant))
                progress.advance(bar)
            replies = self._replies(questions, variant, progress) if answers else [None] * len(questions)
        return [
            Outcome(question, ranking, seconds, reply)
            for question, (ranking, seconds), reply in zip(questions, found, replies, strict=True)
        ]

    def _search(self, question: Question, variant: Variant) -> tuple[Sequence[str], float]:
        """The documents found, each once, as the best of its passages ranks it."""
        body = {"query": question.text, "store": self._store, "limit": _DEPTH, **variant.settings}
        begun = time.perf_counter()
        hits = self._client.search(body)["data"]
        seconds = time.perf_counter() - begun
        ids = dict.fromkeys(hit["document_id"] for hit in hits)
        return [name for document_id in ids for name in self._names.of(document_id)], seconds

    def _replies(self, questions: Sequence[Question], variant: Variant, progress: Progress) -> list[Reply | None]:
        bar = progress.add_task(f"answers, {variant.name}", total=len(questions))
        replies: list[Reply | None] = []
        failure: ClientError | None = None
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            futures = [pool.submit(self._reply, question, variant) for question in questions]
            try:
                for future in futures:
                    try:
                        replies.append(future.result())
                    except ClientError as error:
                        failure = error
                        replies.append(None)
                    if failure and not any(replies) and len(replies) >= min(_FAILURES_BEFORE_GIVING_UP, len(futures)):
                        raise failure
                    progress.advance(bar)
            finally:
                pool.shutdown(cancel_futures=True)
        return replies

    def _reply(self, question: Question, variant: Variant) -> Reply:
        body = {"question": question.text, "store": self._store, **variant.settings}
        begun = time.perf_counter()
        answer = self._client.answer(body)
        seconds = time.perf_counter() - begun
        self.method, self.model = answer["method"], answer["model"]
        sentences = answer.get("sentences")
        return Reply(
            answer["answer"],
            answer["answered"],
            [self._cited(citation) for citation in answer["citations"]],
            seconds,
            None if sentences is None else len(sentences),
            sum(sentence["grounded"] for sentence in sentences or ()),
            answer.get("confidence"),
        )

    def _cited(self, citation: Mapping[str, Any]) -> Cited:
        """The citation, looked up in the document itself."""
        document_id = citation["document_id"]
        words = self._client.content(document_id, citation["start"], citation["end"])
        return Cited(self._names.of(document_id), words == citation["quote"])


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        RateColumn(),
    )
    return Progress(*columns, console=console)
