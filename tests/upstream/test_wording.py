"""Questions and passages as embedding models want them."""

import pytest

from settings.options import EmbeddingWording, UpstreamSettings
from tests.fakes.openai_server import FakeOpenAI
from upstream.opening import open_upstream

pytestmark = pytest.mark.anyio

_E5 = EmbeddingWording(models=("*e5*",), question_prefix="query: ", document_prefix="passage: ")
_FIELDS = EmbeddingWording(models=("voyage-*",), question_fields={"input_type": "query"})


async def test_models_are_told_what_is_a_question_and_what_a_passage(fake: FakeOpenAI) -> None:
    options = UpstreamSettings(base_url=fake.base_url)
    async with open_upstream(options, wordings={"e5": _E5, "voyage": _FIELDS}) as upstream:
        for model in ("intfloat/multilingual-e5-small", "voyage-3", "text-embedding-3-small"):
            embedder = upstream.require(model)
            await embedder.embed_question("Where is it?")
            await embedder.embed_documents(["It is here."])
    inputs = [request.body["input"] for request in fake.requests]
    plain = [["Where is it?"], ["It is here."]]
    assert inputs == [["query: Where is it?"], ["passage: It is here."], *plain, *plain]
    assert [request.body.get("input_type") for request in fake.requests] == [None, None, "query", None, None, None]


async def test_vectors_of_passages_sent_otherwise_are_not_taken_for_the_same(fake: FakeOpenAI) -> None:
    options = UpstreamSettings(base_url=fake.base_url)
    async with open_upstream(options) as plain, open_upstream(options, wordings={"e5": _E5}) as worded:
        assert plain.require("e5-large").variant != worded.require("e5-large").variant
        assert plain.require("voyage-3").variant == worded.require("voyage-3").variant


async def test_a_cut_passage_and_its_prefix_stay_within_the_models_window(fake: FakeOpenAI) -> None:
    options = UpstreamSettings(base_url=fake.base_url, max_input_tokens=20)
    async with open_upstream(options, wordings={"e5": _E5}) as upstream:
        await upstream.require("e5").embed_documents(["word " * 100])
    (sent,) = fake.requests[0].body["input"]
    assert sent.startswith("passage: word")
    assert len(sent.split()) <= 20
