"""One list of the models of several servers."""

import pytest

from settings.options import UpstreamServer
from tests.fakes.echo_server import EchoServer, Reply, error_reply, json_reply
from tests.upstream.relay.conftest import Open, server

pytestmark = pytest.mark.anyio


def _list(*names: str) -> Reply:
    return json_reply({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "x"} for name in names]})


async def test_each_model_is_listed_once_and_aliases_beside_them(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    echo.answering = lambda _: _list("gpt-4o", "gpt-3", "hidden")
    second.answering = lambda _: _list("gpt-4o", "qwen")
    upstreams = {
        "a": server(echo, models=["gpt-*"], aliases={"latest": "gpt-4o"}),
        "b": server(second),
        "gone": UpstreamServer(base_url="http://127.0.0.1:9/v1"),
    }
    async with open_relay(upstreams, max_retries=0, aliases={"best": "qwen", "nothing": "absent"}) as relay:
        models = await relay.models()
    assert [model["id"] for model in models] == ["gpt-4o", "gpt-3", "latest", "qwen", "best"]
    assert all(model["owned_by"] == "x" for model in models)


@pytest.mark.parametrize("reply", [error_reply(500, "x"), Reply([b"{"]), Reply([b"[]"]), Reply([b'{"data": 1}'])])
async def test_a_server_without_a_list_is_left_out(
    open_relay: Open, echo: EchoServer, second: EchoServer, reply: Reply
) -> None:
    echo.answering = lambda _: reply
    second.answering = lambda _: _list("qwen")
    async with open_relay({"a": server(echo), "b": server(second)}, max_retries=0) as relay:
        assert [model["id"] for model in await relay.models()] == ["qwen"]
