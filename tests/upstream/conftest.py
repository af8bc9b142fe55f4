"""A fake server for each test, and the upstream that talks to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from settings.options import UpstreamSettings
from tests.fakes.openai_server import FakeOpenAI
from upstream import BulkEmbedder, Chat, open_upstream

KEY = "sk-secret-0123456789"

Connect = Callable[..., AbstractAsyncContextManager[tuple[BulkEmbedder, Chat]]]


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def connect(fake: FakeOpenAI) -> Connect:
    """Opens embedder and chat on the fake server; pauses are short unless the options say otherwise."""

    @asynccontextmanager
    async def connected(**options: Any) -> AsyncIterator[tuple[BulkEmbedder, Chat]]:
        given: dict[str, Any] = {
            "base_url": fake.base_url,
            "api_key": SecretStr(KEY),
            "max_retry_delay_seconds": 0.05,
        } | options
        async with open_upstream(UpstreamSettings(**given)) as upstream:
            embedder = upstream.embedder(upstream.default_embedding_model or "")
            assert embedder is not None
            assert upstream.chat is not None
            yield embedder, upstream.chat

    return connected
