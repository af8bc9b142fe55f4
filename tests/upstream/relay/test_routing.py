"""Calls find their server and its name of the model; our own calls take the same way."""

from typing import Any

import pytest
from pydantic import SecretStr

from settings.options import RelaySettings, UpstreamServer, UpstreamSettings
from tests.fakes.echo_server import EchoServer
from tests.fakes.openai_server import FakeOpenAI
from tests.upstream.relay.calls import chat, get, send
from tests.upstream.relay.conftest import Open, server
from upstream import Message, RemoteEmbedder, UpstreamConfigurationError, open_upstream

pytestmark = pytest.mark.anyio


async def test_models_decide_on_the_server(open_relay: Open, echo: EchoServer, second: EchoServer) -> None:
    async with open_relay({"a": server(echo, models=["gpt-*"]), "b": server(second, models=["qwen*"])}) as relay:
        assert (await send(relay, chat(b'{"model": "gpt-4o"}', model="gpt-4o"))).upstream == "a"
        assert (await send(relay, chat(b'{"model": "qwen3"}', model="qwen3"))).upstream == "b"
        assert (await send(relay, get("/files"))).upstream == "a"


async def test_each_server_hears_its_own_name_of_the_model(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    upstreams = {"a": server(echo, aliases={"best": "big-a"}), "b": server(second, weight=0)}
    async with open_relay(upstreams, aliases={"gpt-4o-latest": "best"}) as relay:
        body = b'{"model": "gpt-4o-latest", "n": 1.50}'
        first = await send(relay, chat(body, model="gpt-4o-latest"))
        echo.stop()
        other = await send(relay, chat(body, model="gpt-4o-latest"))
    assert (first.model, other.model) == ("big-a", "best")
    assert echo.requests[0].body == b'{"model": "big-a", "n": 1.50}'
    assert second.requests[0].body == b'{"model": "best", "n": 1.50}'


async def test_without_an_alias_the_body_is_the_same_bytes(open_relay: Open, echo: EchoServer) -> None:
    body = b'{ "model":"m" ,"x":1e2,"x":2}'
    async with open_relay(aliases={"other": "m"}) as relay:
        await send(relay, chat(body))
    assert echo.requests[0].body == body


async def test_without_a_server_there_is_no_relay() -> None:
    async with open_upstream(UpstreamSettings(embedding_base_url="http://127.0.0.1:9/v1")) as upstream:
        assert upstream.relay is None


async def test_the_servers_are_named_in_the_order_of_the_options() -> None:
    options = UpstreamSettings(base_url="http://127.0.0.1:9/v1")
    more = {name: UpstreamServer(base_url="http://127.0.0.1:9/v1") for name in ("b", "a")}
    async with open_upstream(options, more) as upstream:
        assert upstream.relay is not None
        assert upstream.relay.names == ("default", "b", "a")
        assert not upstream.relay.has_aliases
    with pytest.raises(UpstreamConfigurationError, match="give it another"):
        async with open_upstream(options, {"default": more["a"]}):
            pass


@pytest.mark.parametrize(
    "options", [{"base_url": "host/v1"}, {"base_url": "http://host/v1", "api_keys": (SecretStr("sk-secret…"),)}]
)
async def test_options_that_cannot_work_name_their_server(options: dict[str, Any]) -> None:
    with pytest.raises(UpstreamConfigurationError, match=r"`upstreams\.mine\.") as caught:
        async with open_upstream(UpstreamSettings(), {"mine": UpstreamServer(**options)}):
            pass
    assert "sk-secret" not in str(caught.value)


async def test_our_own_calls_are_routed_by_model_and_fail_over() -> None:
    with FakeOpenAI() as writer, FakeOpenAI() as embedder:
        upstreams = {
            "gone": UpstreamServer(base_url="http://127.0.0.1:9/v1"),
            "writer": UpstreamServer(base_url=writer.base_url, models=("gpt-*",), weight=0),
            "embedder": UpstreamServer(base_url=embedder.base_url, models=("text-*",), weight=0),
        }
        async with open_upstream(UpstreamSettings(), upstreams) as upstream:
            assert upstream.chat is not None
            assert [piece async for piece in upstream.chat.stream([Message("user", "[1] Rain.\nRain?")], max_tokens=9)]
            remote = upstream.embedder(upstream.default_embedding_model or "")
            assert isinstance(remote, RemoteEmbedder)
            await remote.embed_question("rain")
        assert [seen.path for seen in writer.requests] == ["/v1/chat/completions"]
        assert [seen.path for seen in embedder.requests] == ["/v1/embeddings"]


async def test_any_model_that_a_server_has_can_write() -> None:
    with FakeOpenAI() as server:
        upstreams = {"a": UpstreamServer(base_url=server.base_url, models=("gpt-*",))}
        async with open_upstream(UpstreamSettings(), upstreams) as upstream:
            assert upstream.writer("gpt-4o-mini") is upstream.chat
            assert upstream.writer("other") is None
            writer = upstream.writer("gpt-9")
            assert writer is upstream.writer("gpt-9")
            assert writer is not None
            assert [piece async for piece in writer.stream([Message("user", "[1] Rain.\nRain?")], max_tokens=9)]
    assert [seen.body["model"] for seen in server.requests] == ["gpt-9"]


async def test_a_model_that_no_server_has_is_not_there() -> None:
    upstreams = {"a": UpstreamServer(base_url="http://127.0.0.1:9/v1", models=("bge-*",))}
    async with open_upstream(UpstreamSettings(), upstreams) as upstream:
        assert upstream.chat is None
        assert upstream.default_embedding_model != "text-embedding-3-small"
        assert upstream.embedder("text-embedding-3-small") is None
        assert isinstance(upstream.embedder("bge-m3"), RemoteEmbedder)


async def test_vectors_are_remembered_under_the_name_that_the_servers_know() -> None:
    options = UpstreamSettings(base_url="http://127.0.0.1:9/v1", embedding_dimensions=64, embedding_model="ours")
    relay = RelaySettings(aliases={"ours": "bge-m3"})
    async with open_upstream(options, {}, relay) as upstream:
        ours, plain = upstream.embedder("ours"), upstream.embedder("plain")
        assert isinstance(ours, RemoteEmbedder)
        assert isinstance(plain, RemoteEmbedder)
        assert (ours.model, ours.variant) == ("ours", "bge-m3:64")
        assert plain.variant == "plain"
    more = {"b": UpstreamServer(base_url="http://127.0.0.1:9/v1", aliases={"bge-m3": "BAAI/bge-m3"})}
    async with open_upstream(options, more, relay) as upstream:
        assert upstream.require("ours").variant == "BAAI/bge-m3|bge-m3:64"
