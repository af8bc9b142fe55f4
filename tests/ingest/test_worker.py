"""The worker with an embedder that waits, fails and counts as it is told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from ingest import remove_document, remove_store
from ingest.worker import open_worker
from records import documents, stores
from records.documents import Status
from records.jobs import Step
from settings import IngestSettings
from tests.ingest.embedder import DIMENSIONS, FakeEmbedder
from tests.ingest.parts import LEASE_SECONDS, Parts, working
from tests.upstream.waiting import until
from upstream import Upstream, UpstreamAuthenticationError, UpstreamUnavailableError
from vectorstore import Collection, VectorStore, VectorStoreUnavailableError

pytestmark = pytest.mark.anyio
COLLECTION = Collection("fake", DIMENSIONS)
TEXT = b"The dome is opened one hour before observing."
STARS = "\n\n".join(f"Star number {n} is seen from the terrace in winter." for n in range(200)).encode()


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def parts(plain: Parts, embedder: FakeEmbedder) -> Parts:
    remote: Callable[[str], Any] = lambda _: embedder  # noqa: E731
    return replace(plain, upstream=Upstream("fake", None, remote, None))


def sent(embedder: FakeEmbedder) -> list[str]:
    return [text for call in embedder.calls for text in call]


async def test_failures_are_recorded_with_their_reason_and_tried_again(parts: Parts, embedder: FakeEmbedder) -> None:
    embedder.failures = [UpstreamAuthenticationError("The key is refused.")]
    store = await parts.store("s")
    failed = await parts.add(store, "dome.txt", TEXT)
    async with working(parts) as worker:
        failed = await parts.ended(failed)
        assert failed.error is not None
        assert (failed.error.code, failed.error.message) == ("embedding_failed", "The key is refused.")
        assert await parts.vectors.count(COLLECTION, store.id) == 0

        photo = await parts.add(store, "photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
        worker.wake()
        photo = await parts.ended(photo)
        assert photo.error is not None
        assert photo.error.code == "unsupported_type"

        again = await parts.add(store, "dome.txt", TEXT)
        assert (again.id, again.status, again.error) == (failed.id, Status.QUEUED, None)
        worker.wake()
        completed = await parts.ended(again)
        assert (completed.status, completed.error) == (Status.COMPLETED, None)
        assert await parts.vectors.count(COLLECTION, store.id) == completed.chunks == 1


async def test_what_does_not_answer_puts_a_document_off_and_says_why(parts: Parts, embedder: FakeEmbedder) -> None:
    embedder.failures = [UpstreamUnavailableError("The upstream does not answer.")]
    document = await parts.add(await parts.store("s"), "dome.txt", TEXT)
    async with working(parts):
        await parts.reaches(document, lambda _, job: job.failures == 1)
        job = await parts.job(document)
        assert job.error is not None
        assert (job.status, job.error.message) == (Status.QUEUED, "The upstream does not answer.")
        done = await parts.ended(document)
    job = await parts.job(document)
    assert (done.status, job.attempts, job.error) == (Status.COMPLETED, 2, None)


async def test_a_document_that_was_put_off_too_often_fails(parts: Parts, embedder: FakeEmbedder) -> None:
    embedder.failures = [UpstreamUnavailableError("The upstream does not answer.")]
    document = await parts.add(await parts.store("s"), "dome.txt", TEXT)
    settings = IngestSettings(max_failures=0, parse_processes=1)
    async with open_worker(settings, parts.records, parts.vectors, parts.upstream):
        failed = await parts.ended(document)
    assert failed.error is not None
    assert failed.error.message == "The upstream does not answer."


async def test_an_interrupted_document_goes_on_at_the_step_it_had_reached(parts: Parts, embedder: FakeEmbedder) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "stars.txt", STARS)
    async with working(parts):
        await until(lambda: bool(embedder.calls))
        await parts.reaches(document, lambda _, job: job.chunks_done >= 64)
        embedder.open.clear()
    job = await parts.job(document)
    assert (job.status, job.step, job.owner) == (Status.QUEUED, Step.WAITING, None)
    assert 64 <= job.chunks_done < job.chunks
    before = sent(embedder)
    embedder.open.set()
    async with working(parts):
        done = await parts.ended(document)
    assert done.status is Status.COMPLETED
    assert await parts.vectors.count(COLLECTION, store.id, document.id, 1) == done.chunks
    again = sent(embedder)[len(before) :]
    assert not set(again) & set(before[: job.chunks_done])


async def test_a_layout_that_is_gone_is_made_anew(parts: Parts, embedder: FakeEmbedder) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "stars.txt", STARS)
    async with working(parts):
        await parts.reaches(document, lambda _, job: job.chunks_done >= 64)
        embedder.open.clear()
    await parts.records.blobs.remove_text(document.id, 1)
    before, recorded = sent(embedder), (await parts.job(document)).chunks_done
    embedder.open.set()
    async with working(parts):
        done = await parts.ended(document)
    assert await parts.vectors.count(COLLECTION, store.id, document.id, 1) == done.chunks
    again = sent(embedder)[len(before) :]
    assert not set(again) & set(before[:recorded])


async def test_attributes_that_change_while_chunks_are_written_are_those_that_are_found(
    parts: Parts, embedder: FakeEmbedder
) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "dome.txt", TEXT)
    embedder.open.clear()
    async with working(parts):
        await until(lambda: bool(embedder.calls))
        await parts.records.database.write(lambda c: documents.set_attributes(c, document.id, {"year": 2024}))
        embedder.open.set()
        await parts.ended(document)
    page = await parts.vectors.scroll(COLLECTION, store_id=store.id, after=None, limit=9, with_vectors=False)
    assert [dict(chunk.attributes) for chunk in page.chunks] == [{"year": 2024}]


async def test_what_a_stopped_process_left_in_work_is_completed(parts: Parts, embedder: FakeEmbedder) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "dome.txt", TEXT)
    embedder.open.clear()
    async with working(parts):
        await until(lambda: bool(embedder.calls))
    left = await parts.job(document)
    assert (left.status, left.owner) == (Status.QUEUED, None)

    embedder.open.set()
    async with working(parts):
        assert (await parts.ended(document)).status is Status.COMPLETED
    assert await parts.vectors.count(COLLECTION, store.id, document.id) == 1


@pytest.mark.parametrize("what", ["document", "store"])
async def test_what_is_deleted_in_the_middle_of_work_leaves_no_trace(
    parts: Parts, embedder: FakeEmbedder, what: str
) -> None:
    embedder.open.clear()
    store, other = await parts.store("s"), await parts.store("other")
    document = await parts.add(store, "stars.txt", STARS)
    async with working(parts) as worker:
        await until(lambda: bool(embedder.calls))
        queued = await parts.add(store, "queued.txt", TEXT)
        now = await parts.records.database.read(lambda c: documents.find(c, document.id))
        current = await parts.records.database.read(lambda c: stores.find(c, store.id))
        assert now is not None
        assert current is not None
        assert now.status is Status.IN_PROGRESS
        if what == "store":
            await remove_store(parts.records, parts.vectors, current, lease_seconds=LEASE_SECONDS)
        else:
            assert await remove_document(parts.records, parts.vectors, current, now, lease_seconds=LEASE_SECONDS)
            assert await remove_document(parts.records, parts.vectors, current, queued, lease_seconds=LEASE_SECONDS)
            assert not await remove_document(parts.records, parts.vectors, current, queued, lease_seconds=LEASE_SECONDS)
        embedder.open.set()
        last = await parts.add(other, "last.txt", b"The last one in the queue.")
        worker.wake()
        assert (await parts.ended(last)).status is Status.COMPLETED
        await parts.tidied()

        assert await parts.vectors.count(COLLECTION, store.id) == 0
        assert parts.rows() == {"documents": 1, "files": 1, "jobs": 1, "embeddings": 1, "removals": 0}
        assert sorted(parts.files()) == sorted([last.sha256, f"{last.id}.1.txt"])
        other = await parts.store("other")
        assert await remove_document(parts.records, parts.vectors, other, last, lease_seconds=LEASE_SECONDS)
        assert parts.rows() == {"documents": 0, "files": 0, "jobs": 0, "embeddings": 0, "removals": 0}
        assert parts.files() == []


async def test_a_file_that_another_store_has_too_stays(parts: Parts) -> None:
    store, other = await parts.store("s"), await parts.store("other")
    first, second = await parts.add(store, "dome.txt", TEXT), await parts.add(other, "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(first)
        await parts.ended(second)
        now = await parts.records.database.read(lambda c: stores.find(c, store.id))
        assert now is not None
        assert await remove_document(parts.records, parts.vectors, now, first, lease_seconds=LEASE_SECONDS)
        assert sorted(parts.files()) == sorted([second.sha256, f"{second.id}.1.txt"])
        assert await parts.vectors.count(COLLECTION, store.id) == 0
        assert await parts.vectors.count(COLLECTION, other.id) == 1


async def test_a_store_whose_model_is_gone_fails_with_what_to_do(parts: Parts) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "dome.txt", TEXT)
    without = replace(parts, upstream=Upstream(None, None, None, None))
    async with working(without):
        failed = await parts.ended(document)
    assert failed.error is not None
    assert failed.error.code == "embedding_model_unavailable"
    assert "'fake'" in failed.error.message


async def test_a_store_deleted_as_it_was_before_its_first_document_leaves_no_chunk(parts: Parts) -> None:
    before = await parts.store("s")
    assert before.embedding_dimensions is None
    document = await parts.add(before, "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(document)
    assert await parts.vectors.count(COLLECTION, before.id) == 1
    await remove_store(parts.records, parts.vectors, before, lease_seconds=LEASE_SECONDS)
    assert await parts.vectors.count(COLLECTION, before.id) == 0
    assert parts.rows() == {"documents": 0, "files": 0, "jobs": 0, "embeddings": 0, "removals": 0}


async def test_what_the_vector_store_could_not_delete_follows_later(parts: Parts) -> None:
    class Down:
        async def delete_document(self, *_: object) -> None:
            raise VectorStoreUnavailableError

    document = await parts.add(await parts.store("s"), "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(document)
    store = await parts.store("s")
    assert await remove_document(parts.records, cast("VectorStore", Down()), store, document, lease_seconds=1)
    assert parts.files() == []
    assert await parts.vectors.count(COLLECTION, store.id) == 1
    async with working(parts):
        await parts.tidied()
    assert await parts.vectors.count(COLLECTION, store.id) == 0
