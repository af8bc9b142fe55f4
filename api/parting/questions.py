"""Whether a question is for stores of ours, judged by the bytes of its JSON."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from api.relay.request_head import read_partial_head
from records.presence import is_our_form

_STORE = re.compile(rb"store\\?/")
"""How names of store models begin; JSON may have a backslash before the slash."""
_MARKS = b'file_search"', b'"resp_'
"""What stands in a request for a response that may be about things of ours; no client writes them in another way."""
_PLAIN = re.compile(r"[\w.:@-]+", re.ASCII)


class _Tool(msgspec.Struct):
    type: Any = None
    vector_store_ids: Any = None


class _Asked(msgspec.Struct):
    model: Any = None
    previous_response_id: Any = None
    tools: msgspec.Raw = msgspec.Raw()


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
        return bool(self._names) and (not self._tells_by_bytes or any(name in body for name in self._names))

    @staticmethod
    def may_name_things(body: bytes) -> bool:
        """Whether a response may be asked for that is about stores or responses of ours; as cheap."""
        return any(mark in body for mark in _MARKS)

    def names_model(self, body: bytes, *, is_whole: bool) -> bool:
        """Whether the model is one that answers from stores."""
        model = _read(body).model if is_whole else read_partial_head(body).model
        return isinstance(model, str) and self.is_store_model(model)

    @staticmethod
    def things_named(body: bytes) -> tuple[list[str], bool]:
        """Ids of our form of stores to search and of the response before, and whether a search is wanted at all."""
        asked = _read(body)
        tools = [tool for tool in _tools(asked.tools) if tool.type == "file_search"]
        ids = [one for tool in tools for one in _texts(tool.vector_store_ids)]
        return [one for one in (*ids, *_texts([asked.previous_response_id])) if is_our_form(one)], bool(tools)


def _read(body: bytes) -> _Asked:
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Asked()


def _tools(raw: msgspec.Raw) -> list[_Tool]:
    try:
        return msgspec.json.decode(raw, type=list[_Tool]) if bytes(raw) else []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _texts(values: Any) -> Iterator[str]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, str):
            yield value
