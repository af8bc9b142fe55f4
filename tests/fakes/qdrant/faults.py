"""Failures of the stand-in on demand."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from tests.fakes.failing import reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to some of the next calls instead of an answer."""

    kind: Literal["status", "reset", "lost", "promise", "stall"]
    """`status` refuses, `reset` cuts the connection, `lost` carries the call out and then cuts the connection,
    `promise` answers that a write is not carried out yet, `stall` never answers."""
    times: int = 1
    """Calls that fail so; -1 means all that follow."""
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    path: str = ""
    """Only calls by this method whose path ends so."""

    def meets(self, request: web.Request) -> bool:
        """Whether the fault is for this call."""
        return self.method in {None, request.method} and request.path.endswith(self.path)


class Faults:
    """The faults that are due."""

    def __init__(self) -> None:
        self._due: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Fail calls from now on."""
        self._due.append((fault, fault.times))

    def clear(self) -> None:
        """Work well again."""
        self._due.clear()

    async def carry_out(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a call, or fail it when a fault is due for it."""
        fault = self._take(request)
        match fault:
            case Fault(kind="status"):
                body = {"status": {"error": "scripted failure"}, "time": 0.0}
                return web.json_response(body, status=fault.status, headers=fault.headers)
            case Fault(kind="reset"):
                reset(request)
            case Fault(kind="lost"):
                await handler(request)
                reset(request)
            case Fault(kind="promise"):
                result = {"operation_id": 0, "status": "wait_timeout"}
                return web.json_response({"result": result, "status": "ok", "time": 0.0})
            case Fault(kind="stall"):
                await asyncio.Event().wait()
        return await handler(request)

    def _take(self, request: web.Request) -> Fault | None:
        for place, (fault, left) in enumerate(self._due):
            if fault.meets(request):
                if left == 1:
                    del self._due[place]
                else:
                    self._due[place] = (fault, left - 1)
                return fault
        return None
