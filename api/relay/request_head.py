"""What the relay reads of a JSON request: the model, and what decides how it is sent."""

from typing import Any

import msgspec
from pydantic_core import from_json

_PARTIAL_BYTES = 262_144
_ABSENT = msgspec.Raw()
_HARMLESS_TOOLS = ("function", "custom", "web_search", "file_search", "code_interpreter", "image_generation")


class RequestHead(msgspec.Struct, gc=False):
    """Members of a request; unknown ones are skipped, and any type is taken, since the upstream is to judge them."""

    model: Any = None
    stream: Any = None
    stream_options: msgspec.Raw = _ABSENT
    background: Any = None
    conversation: Any = None
    store: Any = None
    tools: msgspec.Raw = _ABSENT

    @property
    def model_name(self) -> str | None:
        """The model, where it is text."""
        return self.model if isinstance(self.model, str) else None

    @property
    def has_effects(self) -> bool:
        """Whether more than an answer may come of it: background work, a longer conversation, what tools do."""
        if self.background or self.conversation is not None:
            return True
        return bool(self.tools) and not _are_harmless(self.tools)


_DECODER = msgspec.json.Decoder(RequestHead)
NO_HEAD = RequestHead()


def read_head(body: bytes) -> RequestHead:
    """What a whole body says; nothing where it is not a JSON object."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NO_HEAD


def read_partial_head(beginning: bytes) -> RequestHead:
    """What the beginning of a body says, which ends anywhere."""
    try:
        members = from_json(beginning[:_PARTIAL_BYTES], allow_partial=True)
    except ValueError:
        return NO_HEAD
    if not isinstance(members, dict) or next(reversed(members), None) == "model":  # the name may go on
        return NO_HEAD
    return RequestHead(model=members.get("model"), stream=members.get("stream"), background=members.get("background"))


class _Tool(msgspec.Struct):
    type: Any = None


def _are_harmless(tools: msgspec.Raw) -> bool:
    try:
        kinds = [tool.type for tool in msgspec.json.decode(tools, type=list[_Tool])]
    except msgspec.DecodeError:
        return True
    return all(isinstance(kind, str) and kind.startswith(_HARMLESS_TOOLS) for kind in kinds)
