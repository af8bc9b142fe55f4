"""Messages of a conversation, in the forms of chat completions and of responses, as the answerer takes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from api.errors import ApiError
from upstream import Message

_MAX_QUESTION = 32_000
"""Characters; as for native questions, for all of it is searched for."""
_TEXTS = ("text", "input_text", "output_text")
_TOLD = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Said:
    """One message."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said, sorted by what it is for."""

    question: str
    """The last thing the user said."""
    history: Sequence[Message]
    """What was said before it, oldest first."""
    instructions: str | None
    """What the client tells the model."""


def said(message: Mapping[str, Any], param: str) -> Said:
    """A message with its text.

    Raises:
        ApiError: 400, it holds something else than text, or comes from a tool.
    """
    role = message.get("role")
    if role in _TOLD:
        return Said("system", _text(message.get("content"), param))
    if role not in ("user", "assistant"):
        reason = "the role must be user, assistant, system or developer, for tools are not called here"
        raise unsupported(f"{param}: {reason}.", f"{param}.role")
    return Said("user" if role == "user" else "assistant", _text(message.get("content"), param))


def conversation(messages: Iterable[Said], param: str) -> Conversation:
    """The conversation that ends with the last message of a user; what follows that one is left out.

    Raises:
        ApiError: 400, the user has said nothing, or too much at once.
    """
    turns = list(messages)
    told = [one.text for one in turns if one.role == "system" and one.text.strip()]
    spoken = [one for one in turns if one.role != "system"]
    while spoken and spoken[-1].role != "user":
        spoken.pop()
    if not spoken or not spoken[-1].text.strip():
        raise unsupported(f"{param}: the last message of the user is the question, and it must have text.", param)
    question = spoken.pop().text
    if len(question) > _MAX_QUESTION:
        message = f"{param}: a question may have {_MAX_QUESTION:,} characters; put longer texts into a store."
        raise unsupported(message, param, code="string_too_long")
    history = [Message("user" if one.role == "user" else "assistant", one.text) for one in spoken]
    return Conversation(question, history, "\n\n".join(told) or None)


def unsupported(message: str, param: str, *, code: str = "unsupported_value") -> ApiError:
    """The error for what OpenAI's API has and answers from stores do not."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, code=code, param=param)


def _text(content: Any, param: str) -> str:
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list):
        raise unsupported(f"{param}: content must be text or a list of parts.", f"{param}.content")
    return "\n".join(_part(part, param) for part in content)


def _part(part: Any, param: str) -> str:
    if isinstance(part, dict):
        if part.get("type") in _TEXTS and isinstance(part.get("text"), str):
            return str(part["text"])
        if part.get("type") == "refusal":
            return ""
    message = f"{param}: answers from stores read text only; add files to the store instead of sending them along."
    raise unsupported(message, f"{param}.content")
