"""Answers that are fetched after they were made: their tokens count once."""

import re

_BACKGROUND = re.compile(rb'"background"\s*:\s*true')
_LABEL = "GET /v1/responses/{id}"
_MOST = 10_000


class Fetched:
    """Responses made in the background that were seen with their tokens, as far back as this process remembers.

    What other requests fetch was counted when it was made.
    """

    def __init__(self) -> None:
        self._paths: dict[bytes, None] = {}

    def counts(self, label: str, path: bytes, body: bytes) -> bool:
        """Whether the tokens that this answer to a GET reports are new."""
        if label != _LABEL or path in self._paths or _BACKGROUND.search(body) is None:
            return False
        if len(self._paths) >= _MOST:
            del self._paths[next(iter(self._paths))]
        self._paths[path] = None
        return True
