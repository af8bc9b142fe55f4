"""Getting an answer to a request: from which upstream, and with its tokens where they have to be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from api.errors import ApiError
from api.relay.answers import Answer, read_all, whole
from api.relay.asking_usage import Refusals, is_refusal, with_usage
from api.relay.passing import Passing
from api.relay.references import made_by, used_by
from api.relay.requests import Request
from api.relay.stripping import uncompressed
from api.relay.whereabouts import Whereabouts
from upstream.relay import Relay

_UNACCEPTABLE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
_NO_LENGTH = frozenset({b"content-length"})


@dataclass(slots=True)
class Got:
    """An answer, and what the relay did to have it."""

    answer: Answer
    asked_usage: bool = False
    """Whether the upstream was asked for tokens that the caller did not ask for."""


class Dispatching:
    """Chooses the upstream and asks it."""

    def __init__(self, upstreams: Relay, whereabouts: Whereabouts, *, asks_usage: bool) -> None:
        self._upstreams = upstreams
        self._whereabouts = whereabouts
        self._asks_usage = asks_usage
        self._refusals = Refusals()
        self.names = upstreams.names
        """All upstreams, in the order of the configuration."""

    @property
    def are_several(self) -> bool:
        """Whether there is a choice."""
        return len(self.names) > 1

    async def answer(self, request: Request) -> Got:
        """The answer to a request.

        Raises:
            ApiError: The caller wants an upstream that is not there.
            UpstreamError: There is no answer.
        """
        if request.upstream is not None and request.upstream not in self.names:
            message = "There is no upstream of the name in x-footnote-upstream. GET /readyz lists them for admins."
            raise ApiError(HTTPStatus.BAD_REQUEST, message, code="upstream_not_found")
        if not self.are_several or request.upstream is not None:
            return await self._ask(request)
        return await self._ask_where_it_is(request)

    async def _ask_where_it_is(self, request: Request) -> Got:
        """Ask the upstream that has what the request is about; where none is known to, one after the other."""
        ids = [] if request.route.model is not None else list(request.route.ids)
        used = used_by(request.body) if request.is_json and isinstance(request.body, bytes) else []
        known = await self._whereabouts.find([*ids, *used])
        if known is not None and known in self.names:
            return await self._ask(request.to(known))
        if not ids or not isinstance(request.body, bytes):
            return await self._ask(request)
        return await self._ask_around(request, ids)

    async def _ask_around(self, request: Request, ids: Sequence[str]) -> Got:
        first = await self._ask(request)
        answer = first.answer
        tried = answer.upstream
        for name in self.names:
            if answer.status != HTTPStatus.NOT_FOUND:
                break
            if name != tried:
                answer.close()
                answer = (await self._ask(request.to(name))).answer
        if answer.status < HTTPStatus.BAD_REQUEST:
            await self._whereabouts.place(ids[:1], answer.upstream, request.caller.key_id)
        return Got(answer, first.asked_usage)

    async def _ask(self, request: Request) -> Got:
        call = request.call()
        asked = self._with_usage(request)
        if asked is None:
            return Got(await self._upstreams.send(call))
        call.body, call.content_length, call.headers = asked, len(asked), uncompressed(request.headers)
        answer = await self._upstreams.send(call)
        if answer.status not in _UNACCEPTABLE:
            return Got(answer, asked_usage=True)
        body = await read_all(answer)
        if is_refusal(answer.status, body):
            second = await self._upstreams.send(request.call())
            if second.status not in _UNACCEPTABLE:  # else it may only have quoted the request
                self._refusals.add(request.model or "")
            return Got(second)
        headers = [header for header in answer.headers if header[0] not in _NO_LENGTH]
        return Got(whole(body, answer, status=answer.status, headers=headers))

    def _with_usage(self, request: Request) -> bytes | None:
        if not (self._asks_usage and request.route.streams_usage and isinstance(request.body, bytes)):
            return None
        if request.head.stream is not True or (request.model or "") in self._refusals:
            return None
        return with_usage(request.body, request.head)

    async def settle(self, request: Request, answer: Answer, passed: Passing) -> None:
        """Remember where what has been made is, and forget what has been deleted; once the answer has gone out."""
        if not self.are_several or answer.status >= HTTPStatus.BAD_REQUEST:
            return
        if request.method == "DELETE":
            if len(request.route.ids) == 1:  # what is taken out of something else, as a file of a store, may live on
                await self._whereabouts.forget(request.route.ids)
        elif request.route.may_create(request.head.store):
            made = made_by(passed.first_piece, passed.tail(), streamed=passed.streamed)
            await self._whereabouts.place(made, answer.upstream, request.caller.key_id)
