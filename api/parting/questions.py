"""Whether a question is for stores of ours, judged by the bytes of its JSON."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from api.parting.lenient import is_disguised, members, stray_ids, stray_texts
from api.relay.request_head import read_partial_head
from records.presence import is_our_form

_STORE = re.compile(rb"store\\?/")
"""How names of store models begin; JSON may have a backslash before the slash."""
_MARKS = b'file_search"', b'"resp_'
"""What stands in a request for a response that may be about things of ours."""
_PLAIN = re.compile(r"[\w.:@-]+", re.ASCII)


class _Asked(msgspec.Struct):
    model: Any = None
    previous_response_id: Any = None
    tools: Any = None


_DECODER = msgspec.json.Decoder(_Asked)


class Questions:
    """Reads requests for answers.

    Args:
        names: Models of the settings that have stores.
        is_store_model: Whether a model is one that answers from stores.
    """

    def __init__(self, names: Collection[str], is_store_model: Callable[[str], bool]) -> None:
        self.is_store_model = is_store_model
        self._names = [name.encode() for name in names]
        self._tells_by_bytes = all(_PLAIN.fullmatch(name) for name in names)
        """JSON can spell other names in several ways."""

    def may_name_model(self, body: bytes) -> bool:
        """Whether it is worth to look closer; cheap, since every relayed call comes by."""
        if b"store" in body and _STORE.search(body) is not None:
            return True
        if self._names and (not self._tells_by_bytes or any(name in body for name in self._names)):
            return True
        return is_disguised(body)

    @staticmethod
    def may_name_things(body: bytes) -> bool:
        """Whether a response may be asked for that is about stores or responses of ours; as cheap."""
        return any(mark in body for mark in _MARKS) or is_disguised(body)

    def names_model(self, body: bytes, *, is_whole: bool) -> bool:
        """Whether the model is one that answers from stores."""
        models = _models(body, is_whole=is_whole)
        return any(isinstance(model, str) and self.is_store_model(model) for model in models)

    @staticmethod
    def things_named(body: bytes) -> tuple[list[str], bool]:
        """Ids of our form of stores to search and of the response before, and whether a search is wanted at all."""
        asked = _read(body)
        if asked is None:
            return [one for one in stray_ids(body) if is_our_form(one)], False
        tools = [tool for tool in _listed(asked.tools) if isinstance(tool, dict) and tool.get("type") == "file_search"]
        ids = [one for tool in tools for one in _listed(tool.get("vector_store_ids"))]
        named = [one for one in (*ids, asked.previous_response_id) if isinstance(one, str) and is_our_form(one)]
        return named, bool(tools)


def _read(body: bytes) -> _Asked | None:
    """What a question says; None where it cannot be read."""
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        read = members(body)
    if read is None:
        return None
    return _Asked(read.get("model"), read.get("previous_response_id"), read.get("tools"))


def _models(body: bytes, *, is_whole: bool) -> Sequence[Any]:
    """What may be the model: one, where the question can be read."""
    if is_whole:
        asked = _read(body)
        return stray_texts(body, "model") if asked is None else [asked.model]
    model = read_partial_head(body).model
    return stray_texts(body, "model") if model is None else [model]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
