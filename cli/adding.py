"""`footnote add`: hand files in and follow them until every one is searchable or has failed."""

from collections.abc import Sequence

from rich.console import Console

from cli.client import Client, ClientError
from cli.following import Bars, Document, Following
from cli.reporting import Report
from cli.walking import Found, batches

_MOST_IN_A_HURRY = 16
"""Who adds more files at once is not waiting for any one of them."""


class Adder:
    """Adds files to a store and shows how far they have come."""

    def __init__(self, client: Client, console: Console, store: str, attributes: str | None) -> None:
        self._client = client
        self._form = {"store": store} | ({"attributes": attributes} if attributes else {})
        self._bars = Bars(console)
        self._following = Following(client, self._bars)

    def run(self, files: Sequence[Found]) -> Report:
        """Add the files; returns when each is completed or failed."""
        if len(files) > _MOST_IN_A_HURRY:
            self._form["lane"] = "bulk"
        with self._bars.shown(len(files)):
            self._upload(files)
            self._following.wait()
        return self._following.report

    def _upload(self, files: Sequence[Found]) -> None:
        """One request after the other.

        More of them side by side are taken in sooner, but keep the service from its work, and all is done later.
        """
        for batch in batches(files):
            for name, outcome in self._add(batch):
                if isinstance(outcome, Exception):
                    self._following.fail(name, str(outcome))
                else:
                    self._following.hold(name, outcome)
                self._bars.uploaded()

    def _add(self, batch: Sequence[Found]) -> list[tuple[str, Document | Exception]]:
        """What came of each file; a batch that is refused is handed in one by one, to know which file is to blame."""
        try:
            documents = self._client.add(batch, self._form)
        except (ClientError, OSError) as error:
            if len(batch) == 1:
                return [(batch[0].name, error)]
            return [outcome for found in batch for outcome in self._add([found])]
        return [(found.name, document) for found, document in zip(batch, documents, strict=True)]
