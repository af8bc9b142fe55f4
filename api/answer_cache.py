"""Answers that are kept for a while, as HTTP speaks of them."""

from collections.abc import Mapping

from starlette.requests import Request

from api.services import Services
from search import Event, Passages

_HEADER = "Footnote-Cache"


def wants_fresh(request: Request) -> bool:
    """Whether the client asks for an answer that is written anew: `Cache-Control: no-cache`, as browsers say it."""
    return "no-cache" in request.headers.get("cache-control", "").lower()


def cache_headers(services: Services, *, cached: bool) -> Mapping[str, str]:
    """What tells whether an answer was kept, where answers are: `Footnote-Cache: hit` or `miss`."""
    if services.settings.search.answer_cache_seconds == 0:
        return {}
    return {_HEADER: "hit" if cached else "miss"}


def begins_kept(first: Event) -> bool:
    """Whether the first event of an answer tells that it was kept."""
    return isinstance(first, Passages) and first.cached
