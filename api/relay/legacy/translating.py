"""Which old requests are answered through newer endpoints, and when."""

import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Literal

from api.relay.answers import Answer
from api.relay.legacy import engines, fine_tunes
from api.relay.legacy.asking import Ask, Asker
from api.relay.legacy.edits import Edits
from api.relay.requests import Request
from api.relay.routes import Routes

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE, HTTPStatus.NOT_IMPLEMENTED})
_REMEMBER_SECONDS = 600.0
_FAMILIES = frozenset({"edits", "fine-tunes", "engines"})

Translation = Callable[[Asker], Awaitable[Answer]]

_TRANSLATIONS: Mapping[str, Translation] = {
    "POST /v1/fine-tunes": fine_tunes.create,
    "GET /v1/fine-tunes": fine_tunes.list_all,
    "GET /v1/fine-tunes/{id}": fine_tunes.retrieve,
    "POST /v1/fine-tunes/{id}/cancel": fine_tunes.cancel,
    "GET /v1/fine-tunes/{id}/events": fine_tunes.list_events,
    "GET /v1/engines": engines.answer_engines,
    "GET /v1/engines/{id}": engines.answer_engine,
    **{f"POST /v1/engines/{{id}}/{endpoint}": engines.answer_below for endpoint in engines.ENDPOINTS},
}


class Legacy:
    """Answers old requests through newer endpoints, at once or where the upstream no longer knows them."""

    def __init__(
        self,
        mode: Literal["auto", "translate", "pass"],
        edits: Edits,
        routes: Routes,
        is_alias: Callable[[str], bool],
    ) -> None:
        self._mode = mode
        self._translations: Mapping[str, Translation] = {**_TRANSLATIONS, "POST /v1/edits": edits.answer}
        self._routes = routes
        self._is_alias = is_alias
        self._gone_until: dict[str, float] = {}

    async def answer(self, request: Request, ask: Ask) -> Answer | None:
        """The answer to an old request; None to any other.

        Raises:
            ApiError, UpstreamError: There is none.
        """
        if request.route.first_part not in _FAMILIES or self._mode == "pass":
            return None
        translation = self._translation(request)
        if translation is None:
            return None
        family = request.route.first_part
        if self._mode == "auto" and self._gone_until.get(family, 0.0) < time.monotonic():
            answer = await ask(request)
            if answer.status not in _GONE:
                return answer
            answer.close()
        asker = Asker(request, lambda asked: self._through(asked, ask), self._routes, self._is_alias)
        answer = await translation(asker)
        if answer.status < HTTPStatus.BAD_REQUEST:  # else nobody knows whether the path was missing or the thing
            self._gone_until[family] = time.monotonic() + _REMEMBER_SECONDS
        return answer

    async def _through(self, request: Request, ask: Ask) -> Answer:
        """Ask, where what is asked for may be old itself: an edit below an engine."""
        return await self.answer(request, ask) or await ask(request)

    def _translation(self, request: Request) -> Translation | None:
        if not isinstance(request.body, bytes):
            return None
        return self._translations.get(request.route.label)
