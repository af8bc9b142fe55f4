"""The official Python SDK sends and gets through Footnote what it sends and gets without it."""

from typing import Any

import pytest
from openai import OpenAI

from tests.fakes.echo_server import EchoServer, json_reply
from tests.relay.door import UPSTREAM_KEY
from tests.relay.families import OPERATIONS, Operation
from tests.relay.seen import seen


def _plain(result: Any) -> Any:
    return result.to_dict() if hasattr(result, "to_dict") else result


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, of endpoints that are to end
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_call_is_the_same_at_the_upstream_and_its_answer_at_the_client(
    echo: EchoServer, relayed: OpenAI, straight: OpenAI, operation: Operation
) -> None:
    echo.answering = lambda _: json_reply(operation.answer)
    expected, result = (_plain(operation.call(client)) for client in (straight, relayed))
    without, through = echo.requests[-2:]
    method, _, target = operation.line.partition(" ")
    assert (through.method, through.target) == (method, f"/v1{target}")
    assert seen(through) == seen(without)
    assert through.values("authorization") == [f"Bearer {UPSTREAM_KEY}".encode()]
    assert result == expected
    assert result.items() >= operation.answer.items()
