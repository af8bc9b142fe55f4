"""The decision whether a request under `/v1` is answered here."""

from collections.abc import Awaitable, Callable

from starlette.types import Scope

from api.parting.asked import Asked
from api.parting.purposes import OURS, purpose_in_form, purpose_in_json
from api.parting.questions import Questions
from api.parting.taken import Taken
from records import Database

_CHOICE = b"x-footnote-upstream"
_CHAT = "chat/completions"
_BEHIND = len("/v1/")
_RELAYED = frozenset({"compact", "input_tokens"})
"""Below `responses`, but no ids."""


class Parting:
    """Decides request by request.

    Args:
        questions: What knows requests that are about stores.
        max_form_bytes: How much of a form is read to find out what it is for; one that has not told by then is refused.
    """

    def __init__(self, questions: Questions, *, max_form_bytes: int) -> None:
        self._questions = questions
        self._max_form_bytes = max_form_bytes
        self._families: dict[str, Callable[[Asked], Awaitable[bool]]] = {
            "chat": _never,
            "responses": self._response,
            "files": self._file,
            "uploads": self._upload,
            "models": self._model,
            "vector_stores": _always,
        }

    def concerns(self, path: str) -> bool:
        """Whether what is under this path may be ours."""
        return path[_BEHIND:].partition("/")[0] in self._families

    async def is_ours(self, scope: Scope, taken: Taken, database: Database, *, relays: bool) -> bool:
        """Whether Footnote answers it.

        Args:
            scope: The request's; its path is one that `concerns` us.
            taken: Its messages.
            database: Where it is recorded what is here.
            relays: Whether it could pass on to an upstream at all; what might be ours is, otherwise.
        """
        asked = Asked(scope, taken, database, relays)
        if asked.path == _CHAT:  # the way of nearly all
            return scope["method"] == "POST" and await self._names_model(asked) and asked.header(_CHOICE) is None
        if asked.header(_CHOICE) is not None:
            return False
        return await self._families[asked.path.partition("/")[0]](asked)

    async def _names_model(self, asked: Asked) -> bool:
        body, questions = await asked.body(), self._questions
        return questions.may_name_model(body) and questions.names_model(body, is_whole=asked.taken.has_all)

    async def _response(self, asked: Asked) -> bool:
        if asked.rest in _RELAYED:
            return False
        if asked.rest or asked.method != "POST":
            return await asked.is_about_ours()
        body, questions = await asked.body(), self._questions
        if questions.may_name_model(body) and questions.names_model(body, is_whole=asked.taken.has_all):
            return True
        if not questions.may_name_things(body):
            return False
        ids, searches = questions.things_named(body)
        return (searches and not asked.relays) or await asked.has_any(ids)

    async def _file(self, asked: Asked) -> bool:
        if asked.rest:
            return await asked.is_about_ours()
        if not asked.relays:
            return True
        if asked.method == "GET":
            return asked.queried("purpose") in {None, *OURS}
        if asked.method != "POST":
            return False
        purpose = await purpose_in_form(asked.taken, asked.header(b"content-type") or b"", self._max_form_bytes)
        # One that has not told by then is refused: it could be meant to stay here.
        return purpose in OURS or (purpose is None and asked.taken.spooled_bytes > self._max_form_bytes)

    async def _upload(self, asked: Asked) -> bool:
        if asked.rest:
            return await asked.is_about_ours()
        return not asked.relays or (asked.method == "POST" and await purpose_in_json(asked.taken) in OURS)

    async def _model(self, asked: Asked) -> bool:
        if not asked.rest:
            return not asked.relays
        return asked.method == "GET" and (not asked.relays or self._questions.is_store_model(asked.rest))


async def _always(_asked: Asked) -> bool:
    return True


async def _never(_asked: Asked) -> bool:
    return False
