"""`/v1/edits`, answered by a chat model."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from api.errors import ApiError
from api.relay.answers import Answer, composed
from api.relay.legacy.asking import Asker, read_object
from api.relay.permissions import check_models

_RETIRED = frozenset({"text-davinci-edit-001", "code-davinci-edit-001"})
_PASSED_ON = ("n", "temperature", "top_p")
_TASK = (
    "You edit text. The user gives an instruction and a text. Answer with the whole text as it reads once the "
    "instruction is followed, and with nothing else: no comment, no quotation marks, no code fence."
)


class Edits:
    """Old edits.

    Args:
        edit_model: Chat model for all of them; None takes the one that is named.
        chat_model: For OpenAI's edit models, which are no more.
    """

    def __init__(self, edit_model: str | None, chat_model: str | None) -> None:
        self._edit_model = edit_model
        self._chat_model = chat_model

    async def answer(self, asker: Asker) -> Answer:
        """The edited text, or the upstream's refusal."""
        old = asker.members()
        model = self._model(old.get("model"))
        check_models(asker.request.caller, asker.request.route, [model])
        answer = await asker.post("/chat/completions", chat_of(old, model))
        if answer.status != HTTPStatus.OK:
            return answer
        return composed(edit_of(await read_object(answer)), answer)

    def _model(self, named: Any) -> str:
        model = self._edit_model or (self._chat_model if named in _RETIRED or named is None else named)
        if not isinstance(model, str):
            message = "No chat model is set that could answer edits; set relay.edit_model, or name one in `model`."
            raise ApiError(HTTPStatus.BAD_REQUEST, message, code="model_not_named", param="model")
        return model


def chat_of(old: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The chat request that does what an old edit did.

    Raises:
        ApiError: There is no instruction.
    """
    instruction, text = old.get("instruction"), old.get("input") or ""
    if not isinstance(instruction, str) or not isinstance(text, str):
        message = "An edit needs an `instruction`, and `input` must be text."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_edit", param="instruction")
    asked = f"Instruction: {instruction}\n\nText:\n{text}"
    messages = [{"role": "system", "content": _TASK}, {"role": "user", "content": asked}]
    return {"model": model, "messages": messages} | {name: old[name] for name in _PASSED_ON if name in old}


def edit_of(chat: Mapping[str, Any]) -> dict[str, Any]:
    """A chat answer in the shape of an old edit."""
    choices = [
        {"text": (choice.get("message") or {}).get("content") or "", "index": choice.get("index", place)}
        for place, choice in enumerate(chat.get("choices") or [])
    ]
    return {"object": "edit", "created": chat.get("created"), "choices": choices, "usage": chat.get("usage")}
