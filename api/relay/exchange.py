"""One request that passes through: from its first byte to its row in the ledger."""

import asyncio
import json
import time
from http import HTTPStatus
from inspect import isawaitable

from starlette.types import Receive, Scope, Send

from api.accounting.entry import Entry
from api.callers import caller_of
from api.errors import answer as error_answer
from api.errors import describe
from api.relay.answers import Answer
from api.relay.bodies import Body
from api.relay.counting import Tokens
from api.relay.dispatching import Dispatching
from api.relay.estimating import BYTES_PER_TOKEN, estimated_input_tokens
from api.relay.failures import in_words, no_upstream
from api.relay.parts import Admission, Parts
from api.relay.passing import Passing
from api.relay.permissions import check_route
from api.relay.reading import read_request
from api.relay.routes import Route
from api.relay.stripping import RawHeaders
from api.relay.watching import ClientLeftError, Watch
from upstream import UpstreamError

CLIENT_LEFT = 499
"""As nginx calls it: the client closed the connection before it had its answer."""
_STOPPED = 500
_MAX_MODEL_CHARACTERS = 200


class Exchange:
    """One HTTP request and its answer."""

    __slots__ = (
        "_answer",
        "_began",
        "_body",
        "_caller",
        "_entry",
        "_input_tokens",
        "_parts",
        "_passing",
        "_receive",
        "_route",
        "_scope",
        "_send",
        "_watch",
    )

    def __init__(self, parts: Parts, scope: Scope, receive: Receive, send: Send) -> None:
        self._began = time.perf_counter()
        self._parts = parts
        self._scope = scope
        self._receive = receive
        self._send = send
        self._caller = caller_of(scope)
        self._route: Route = parts.routes.route(scope["method"], scope["raw_path"])
        self._entry = Entry(self._route.label, self._caller.key_id, scope["state"]["request_id"])
        self._watch = Watch(receive)
        self._passing = Passing(send, self._entry, self._watch, self._began)
        self._answer: Answer | None = None
        self._body: Body | None = None
        self._input_tokens: int | None = None

    async def run(self) -> None:
        """Serve the request to its end, whatever that is."""
        try:
            await self._serve()
        except asyncio.CancelledError:
            if not self._watch.has_left:
                self._entry.error, self._entry.status = "stopped", self._entry.status or _STOPPED
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            self._leave()
        except ClientLeftError:
            self._leave()
        except Exception as error:  # noqa: BLE001  whatever it is, the client is told and the ledger has a row
            await self._fail(error)
        finally:
            self._end()

    async def _serve(self) -> None:
        check_route(self._caller, self._route)
        answering = self._parts.answering
        if answering is None:
            raise no_upstream()
        admission = await self._admission()
        body = self._body = Body(self._receive, self._watch)
        request = await read_request(self._scope, self._route, self._caller, body, self._parts.settings)
        self._entry.model = _short(request.model)
        self._input_tokens = estimated_input_tokens(request, body.beginning)
        got = await answering.answer(request)
        if body.is_whole:
            request.body = body.beginning = b""  # a long answer need not keep it in memory
        answer = self._answer = got.answer
        self._note(answer)
        dispatching = answering.dispatching
        ours = _headers(answer, admission, dispatching)
        is_head = request.method == "HEAD"
        await self._passing.pass_on(answer, ours, is_head=is_head, asked_usage=got.asked_usage)
        if dispatching.are_several:
            await dispatching.settle(request, answer, self._passing)

    async def _admission(self) -> Admission:
        admitted = self._parts.limits.admit(self._caller)
        return await admitted if isawaitable(admitted) else admitted

    def _note(self, answer: Answer) -> None:
        entry = self._entry
        entry.upstream = answer.upstream or None
        entry.retries = answer.tries - 1
        if answer.model is not None:
            entry.model = _short(answer.model)

    def _leave(self) -> None:
        if self._passing.has_said_all():
            return
        self._entry.status = CLIENT_LEFT
        self._entry.error = "client_left"

    async def _fail(self, error: Exception) -> None:
        """Tell the client: by the status where it has none yet, else as the end of its stream."""
        if self._watch.has_left:
            self._leave()
            return
        entry = self._entry
        if isinstance(error, UpstreamError):
            entry.retries = max(entry.retries, error.tries - 1)
            entry.upstream = entry.upstream or error.upstream
        error = in_words(error, entry.model)
        if self._passing.started:
            body = describe(error)[1]
            entry.error = body["error"]["code"]
            await self._passing.break_off(body)
            return
        self._watch.finish()
        response = error_answer(error)
        entry.status = response.status_code
        entry.error = json.loads(bytes(response.body))["error"]["code"]
        await response(self._scope, self._receive, self._send)

    def _end(self) -> None:
        """Let go of everything, and write the row."""
        self._watch.stop()
        entry = self._entry
        self._count(entry)
        entry.error = entry.error or self._passing.error()
        if self._answer is not None:
            self._answer.close()
        if self._body is not None:
            entry.request_bytes = self._body.passed_bytes
        entry.seconds = time.perf_counter() - self._began
        self._parts.ledger.add(entry)

    def _count(self, entry: Entry) -> None:
        tokens = self._passing.tokens()
        if tokens is None and self._passing.events:
            tokens = self._estimate()
        if tokens is not None and self._scope["method"] == "GET":
            path, body = self._scope["raw_path"], self._passing.tail()
            tokens = tokens if self._parts.fetched.counts(self._route.label, path, body) else None
        if tokens is not None and self._answer is not None:
            entry.input_tokens, entry.cached_tokens, entry.output_tokens = tokens.input, tokens.cached, tokens.output
            self._parts.limits.spent(self._caller, tokens.input + tokens.output)
            self._answer.spend(tokens.input + tokens.output)

    def _estimate(self) -> Tokens | None:
        """About the tokens of a stream whose upstream never told them; else a key's limits could be got round.

        That is one which ended too soon, or of a kind that tells only when it is asked to, and could not be asked.
        """
        if self._route.streams_usage and self._entry.status < HTTPStatus.BAD_REQUEST:
            size_bytes = 0 if self._body is None else self._body.passed_bytes
            read = size_bytes // BYTES_PER_TOKEN if self._input_tokens is None else self._input_tokens
            return Tokens(read, 0, self._passing.events)
        if self._entry.error is None or self._input_tokens is None:
            return None
        return Tokens(self._input_tokens, 0, self._passing.events)


def _headers(answer: Answer, admission: Admission, dispatching: Dispatching) -> RawHeaders:
    """What Footnote adds to an answer."""
    if dispatching.are_several and answer.upstream:
        return [*admission.headers, (b"x-footnote-upstream", answer.upstream.encode())]
    return admission.headers


def _short(model: str | None) -> str | None:
    """Anybody can send a name of any length."""
    return model if model is None else model[:_MAX_MODEL_CHARACTERS]
