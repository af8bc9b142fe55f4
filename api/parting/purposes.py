"""What a file is handed in for, found in as little of the request as that takes."""

from typing import Any

import msgspec

from api.parting.form_search import FormSearch
from api.parting.lenient import members, stray_texts
from api.parting.taken import Taken

OURS = frozenset({"assistants", "user_data"})
"""Purposes of files that are kept here; others are for models of the upstream."""
_JSON_BYTES = 65_536


class _Upload(msgspec.Struct):
    purpose: Any = None


async def purpose_in_json(taken: Taken) -> str | None:
    """The purpose that a JSON body names, if it does."""
    body = await taken.beginning(_JSON_BYTES, _unknown)
    try:
        purpose = msgspec.json.decode(body, type=_Upload).purpose
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        read = members(body)
        purpose = next(iter(stray_texts(body, "purpose")), None) if read is None else read.get("purpose")
    return purpose if isinstance(purpose, str) else None


async def purpose_in_form(taken: Taken, content_type: bytes, most_bytes: int) -> str | None:
    """The first field `purpose` of a form, which may stand behind a large file.

    None where there is none within about `most_bytes`.
    """
    search = FormSearch(content_type, b"purpose")
    while search.goes_on and not taken.has_all and taken.spooled_bytes <= most_bytes:
        search.feed(await taken.piece())
    return search.found


def _unknown() -> None:
    """How long the body is said to be; it does not matter for what is nearly always short."""
