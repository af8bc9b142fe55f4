"""What a caller must be allowed to do for each route, decided before anything of the body is read."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from inspect import isawaitable
from typing import Annotated, Any

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.callers import Caller, Permission, caller_of
from api.errors import ApiError

_KEY = HTTPBearer(
    scheme_name="key",
    description="A key of this service, where one is needed.",
    bearerFormat="sk-fn-…",
    auto_error=False,
)
"""For the description alone, and so that /docs can ask for a key: `api.authorising` reads it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller, as a dependency that gives the route the caller."""

    any_of: tuple[Permission, ...]
    """One of these is enough; none means that everybody may who has got this far."""
    is_counted: bool = False
    """Whether it counts against the key's limits."""

    async def __call__(self, request: Request, _described: Annotated[Any, Security(_KEY)] = None) -> Caller:
        """The caller; `GuardedRoute` has seen to the rest."""
        return caller_of(request.scope)

    def require(self, caller: Caller) -> None:
        """Raise ApiError (403) unless the caller may."""
        if self.any_of and not any(caller.may(permission) for permission in self.any_of):
            names = " or ".join(f"`{permission}`" for permission in self.any_of)
            message = (
                f"This key may not do that: it needs the permission {names}. Someone with an admin key can add it."
            )
            raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied")


Anybody = Annotated[Caller, Depends(Needs(()))]
"""Everybody with a valid key; those without one too where `api.authorising` lets them through."""
MayRead = Annotated[Caller, Depends(Needs(("search", "documents")))]
"""See what there is: stores, and documents without their text."""
MaySearch = Annotated[Caller, Depends(Needs(("search",)))]
"""Read what is in documents."""
MayAsk = Annotated[Caller, Depends(Needs(("search",), is_counted=True))]
"""Search or ask, which costs something."""
MayWork = Annotated[Caller, Depends(Needs(("documents",)))]
"""Change documents and stores, and follow the work on them."""
MayUpload = Annotated[Caller, Depends(Needs(("documents",), is_counted=True))]
"""Hand in files, which costs something."""
MayAdminister = Annotated[Caller, Depends(Needs(("admin",)))]
MayMeasure = Annotated[Caller, Depends(Needs(("metrics",)))]
"""Read the metrics."""


class GuardedRoute(APIRoute):
    """A route that has one parameter of the kinds above; without one, the program does not start."""

    @property
    def needs(self) -> Needs:
        """What it asks of its caller."""
        found = [part.call for part in self.dependant.dependencies if isinstance(part.call, Needs)]
        if len(found) != 1:
            message = f"The route {self.path} must say what its caller may: see api.permissions."
            raise TypeError(message)
        return found[0]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route with its guard before it: files that nobody may hand in are not even received."""
        needs, handle = self.needs, super().get_route_handler()

        async def guarded(request: Request) -> Response:
            caller = caller_of(request.scope)
            needs.require(caller)
            if not needs.is_counted or caller.key_id is None:
                return await handle(request)
            admission = request.state.services.limits.admit(caller)
            if isawaitable(admission):
                admission = await admission
            response = await handle(request)
            response.raw_headers.extend(admission.headers)
            return response

        return guarded
