"""The official Python SDK makes, fills, searches and empties vector stores."""

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

BEES = b"Bees sleep at night. A hive in June has about forty thousand bees."
MOON = b"The moon rises in the east. It takes the moon a month to go round the earth."


def test_a_store_can_be_changed_and_deleted(client: OpenAI) -> None:
    made = client.vector_stores.create(
        name="Bees & co.",
        metadata={"season": "summer"},
        expires_after={"anchor": "last_active_at", "days": 7},
    )
    assert (made.name, made.metadata, made.status) == ("Bees & co.", {"season": "summer"}, "completed")
    assert made.file_counts.total == 0
    assert made.expires_after is not None
    assert made.expires_after.days == 7
    assert made.expires_at is not None
    assert client.vector_stores.retrieve(made.id).id == made.id
    changed = client.vector_stores.update(made.id, name="Wasps", metadata={"season": "autumn"}, expires_after=None)
    assert (changed.id, changed.name, changed.metadata) == (made.id, "Wasps", {"season": "autumn"})
    assert changed.expires_after is None
    assert client.vector_stores.delete(made.id).deleted
    with pytest.raises(NotFoundError):
        client.vector_stores.retrieve(made.id)


def test_stores_may_bear_the_same_name_or_none(client: OpenAI) -> None:
    first, second = (client.vector_stores.create(name="twin") for _ in range(2))
    assert first.id != second.id
    assert first.name == second.name == "twin"
    assert isinstance(client.vector_stores.create().name, str)


def test_stores_are_listed_page_by_page_in_either_order(client: OpenAI) -> None:
    ids = [client.vector_stores.create(name=f"page {number}").id for number in range(3)]
    forth = [each.id for each in client.vector_stores.list(order="asc", limit=2) if each.id in ids]
    back = [each.id for each in client.vector_stores.list(order="desc", limit=1) if each.id in ids]
    assert forth == back[::-1]
    assert set(forth) == set(ids)
    before = client.vector_stores.list(before=forth[1], order="asc", limit=1)
    assert [each.id for each in before.data] == [forth[0]]


def test_a_file_is_attached_searched_and_detached(client: OpenAI) -> None:
    store = client.vector_stores.create(name="attached").id
    kept = client.files.create(file=("bees.txt", BEES), purpose="assistants")
    attached = client.vector_stores.files.create_and_poll(
        kept.id,
        vector_store_id=store,
        attributes={"animal": "bee", "legs": 6, "stings": True},
        chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10}},
    )
    assert (attached.id, attached.status, attached.last_error) == (kept.id, "completed", None)
    assert attached.vector_store_id == store
    assert attached.attributes == {"animal": "bee", "legs": 6, "stings": True}
    assert attached.chunking_strategy is not None
    assert attached.chunking_strategy.to_dict() == {
        "type": "static",
        "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10},
    }
    assert client.vector_stores.files.retrieve(kept.id, vector_store_id=store) == attached
    counts = client.vector_stores.retrieve(store)
    assert (counts.file_counts.completed, counts.file_counts.total) == (1, 1)
    assert counts.usage_bytes > 0
    text = "".join(part.text or "" for part in client.vector_stores.files.content(kept.id, vector_store_id=store))
    assert text.strip() == BEES.decode()
    assert client.vector_stores.files.delete(kept.id, vector_store_id=store).deleted
    assert client.vector_stores.files.list(store).data == []
    assert client.files.retrieve(kept.id).id == kept.id
    with pytest.raises(NotFoundError):
        client.vector_stores.files.retrieve(kept.id, vector_store_id=store)


def test_attributes_change_what_a_filter_finds(client: OpenAI) -> None:
    store = client.vector_stores.create(name="attributes").id
    file = client.vector_stores.files.upload_and_poll(
        vector_store_id=store, file=("bees.txt", BEES), attributes={"year": 2020}
    )
    later = {"key": "year", "type": "gt", "value": 2024}
    assert client.vector_stores.search(store, query="hive", filters=later).data == []  # type: ignore[arg-type]
    changed = client.vector_stores.files.update(file.id, vector_store_id=store, attributes={"year": 2025})
    assert changed.attributes == {"year": 2025}
    (hit,) = client.vector_stores.search(store, query="hive", filters=later).data  # type: ignore[arg-type]
    assert hit.attributes == {"year": 2025}


def test_a_file_that_cannot_be_read_fails_with_a_reason(client: OpenAI) -> None:
    store = client.vector_stores.create(name="broken").id
    uploaded = client.vector_stores.files.upload(vector_store_id=store, file=("broken.pdf", b"%PDF-1.4 broken"))
    failed = client.vector_stores.files.poll(uploaded.id, vector_store_id=store, max_wait_seconds=60)
    assert failed.status == "failed"
    assert failed.last_error is not None
    assert failed.last_error.code in {"invalid_file", "unsupported_file"}
    assert client.vector_stores.files.list(store, filter="completed").data == []
    assert [each.id for each in client.vector_stores.files.list(store, filter="failed")] == [uploaded.id]


def test_hits_say_where_they_are_from(client: OpenAI) -> None:
    store = client.vector_stores.create(name="hits").id
    batch = client.vector_stores.file_batches.upload_and_poll(store, files=[("bees.txt", BEES), ("moon.txt", MOON)])
    assert batch.file_counts.completed == 2
    page = client.vector_stores.search(
        store,
        query=["when do bees sleep", "forty thousand"],
        max_num_results=1,
        rewrite_query=False,
        ranking_options={"ranker": "auto", "score_threshold": 0.0},
    )
    (hit,) = page.data
    assert (hit.filename, hit.content[0].type) == ("bees.txt", "text")
    assert 0 <= hit.score <= 1
    extra = hit.model_extra or {}
    assert BEES.decode()[extra["start"] : extra["end"]] == extra["quote"] == hit.content[0].text
    assert {"chunk_id", "document_id", "page", "headings"} <= extra.keys()
    assert client.files.retrieve(hit.file_id).filename == "bees.txt"


def test_a_file_deleted_is_gone_from_every_store(client: OpenAI) -> None:
    stores = [client.vector_stores.create(name=f"both {number}").id for number in range(2)]
    kept = client.files.create(file=("bees.txt", BEES), purpose="assistants")
    for store in stores:
        client.vector_stores.files.create_and_poll(kept.id, vector_store_id=store)
    client.files.delete(kept.id)
    for store in stores:
        assert client.vector_stores.files.list(store).data == []
        assert client.vector_stores.search(store, query="hive").data == []


def test_what_is_not_there_or_wrong_is_refused_in_openais_words(client: OpenAI) -> None:
    with pytest.raises(NotFoundError):
        client.vector_stores.search("vs_000000000000000000000000", query="x")
    store = client.vector_stores.create().id
    with pytest.raises(NotFoundError):
        client.vector_stores.files.create(store, file_id="file-000000000000000000000000")
    with pytest.raises(BadRequestError) as refused:
        client.vector_stores.search(store, query="x", max_num_results=51)
    assert refused.value.param == "max_num_results"
    assert refused.value.type == "invalid_request_error"
