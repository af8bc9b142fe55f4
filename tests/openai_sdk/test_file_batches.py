"""The official Python SDK attaches many files at once."""

import pytest
from openai import NotFoundError, OpenAI

_NUMBERS = ("one", "two", "three")


def test_a_batch_of_kept_files_is_attached_and_listed(client: OpenAI) -> None:
    store = client.vector_stores.create(name="batch").id
    kept = [client.files.create(file=(f"{n}.txt", f"Number {n}.".encode()), purpose="assistants") for n in _NUMBERS]
    ids = [each.id for each in kept]
    batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=ids, attributes={"kind": "number"})
    assert (batch.status, batch.object, batch.vector_store_id) == ("completed", "vector_store.files_batch", store)
    assert (batch.file_counts.completed, batch.file_counts.total) == (3, 3)
    assert client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store) == batch
    batches = client.vector_stores.file_batches
    listed = batches.list_files(batch.id, vector_store_id=store, limit=2, order="asc", filter="completed")
    assert [each.id for each in listed] == ids
    assert {str(each.attributes) for each in listed} == {"{'kind': 'number'}"}


def test_each_file_of_a_batch_may_have_attributes_of_its_own(client: OpenAI) -> None:
    store = client.vector_stores.create(name="own attributes").id
    kept = [client.files.create(file=(f"{n}.txt", f"Numeral {n}.".encode()), purpose="assistants") for n in _NUMBERS]
    made = client.vector_stores.file_batches.create(
        store,
        files=[{"file_id": each.id, "attributes": {"n": number}} for number, each in enumerate(kept)],
    )
    done = client.vector_stores.file_batches.poll(made.id, vector_store_id=store)
    assert done.file_counts.completed == 3
    attributes = {each.id: each.attributes for each in client.vector_stores.files.list(store, order="asc", limit=2)}
    assert attributes == {each.id: {"n": number} for number, each in enumerate(kept)}


def test_a_cancelled_batch_comes_to_an_end(client: OpenAI) -> None:
    store = client.vector_stores.create(name="cancelled").id
    kept = client.files.create(file=("one.txt", b"Number one."), purpose="assistants")
    batch = client.vector_stores.file_batches.create(store, file_ids=[kept.id])
    client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
    ended = client.vector_stores.file_batches.poll(batch.id, vector_store_id=store)
    assert ended.id == batch.id
    assert ended.status in {"cancelled", "completed"}
    assert ended.file_counts.in_progress == 0


def test_nothing_is_attached_when_one_file_is_not_there(client: OpenAI) -> None:
    store = client.vector_stores.create(name="half").id
    kept = client.files.create(file=("one.txt", b"Number one."), purpose="assistants")
    with pytest.raises(NotFoundError):
        client.vector_stores.file_batches.create(store, file_ids=[kept.id, "file-000000000000000000000000"])
    assert client.vector_stores.files.list(store).data == []
