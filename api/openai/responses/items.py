"""Items of a response's input: what was said before."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from api.openai.conversation import Said, said, unsupported

_OF_THE_ANSWER = ("file_search_call", "reasoning")
"""Items of earlier answers that clients send back; what was said is in the messages."""

Item = Mapping[str, Any]


def kept_items(asked: Sequence[Item]) -> Iterator[Item]:
    """The input as items with ids, as they are kept and listed.

    Raises:
        ApiError: 400, one of them is none that can be answered from stores.
    """
    for index, item in enumerate(asked):
        param = f"input.{index}"
        kind = item.get("type", "message")
        if kind in _OF_THE_ANSWER:
            continue
        if kind != "message":
            raise unsupported(f"{param}: items of this type cannot be answered from stores; send messages.", param)
        yield _item(said(item, param), str(item["role"]))


def messages_of(items: Iterable[Item]) -> Iterator[Said]:
    """What was said in items that were kept, or in the output of an answer."""
    for item in items:
        if item.get("type") == "message":
            yield said(item, "input")


def _item(one: Said, role: str) -> Item:
    if one.role == "assistant":
        part: Item = {"type": "output_text", "text": one.text, "annotations": [], "logprobs": []}
    else:
        part = {"type": "input_text", "text": one.text}
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": role,
        "status": "completed",
        "content": [part],
    }
