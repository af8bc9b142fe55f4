"""Responses that were kept, for whoever asked for them."""

from api.callers import Caller
from api.errors import ApiError, not_found
from api.services import Services
from records import responses
from records.presence import is_our_form
from records.responses import Response


async def find_response(services: Services, caller: Caller, response_id: str, *, param: str | None = None) -> Response:
    """The response of that id, which the caller or, for admins, anybody asked for.

    Raises:
        ApiError: 404, there is none for this caller.
    """
    found = None
    if is_our_form(response_id):
        found = await services.records.database.read(lambda c: responses.find(c, response_id))
    if found is None or not (found.key_id == caller.key_id or caller.may("admin")):
        raise _gone(response_id, param)
    return found


def _gone(response_id: str, param: str | None) -> ApiError:
    hint = "Responses are kept for 30 days, unless they were made with `store: false`."
    return not_found("response", response_id, hint, param=param or "response_id")
