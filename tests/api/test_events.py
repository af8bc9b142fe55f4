"""Progress as server-sent events, over a real connection."""

import asyncio
import gc
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any, cast

import httpx
import pytest

from api.changes import Change
from api.feed import Feed, Listener
from records import Database, open_records
from settings import DatabaseSettings, DataSettings
from tests.cli.terminal import until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add, add_and_wait, listening, service, settings_for

LONG = "\n\n".join(f"Star number {n} is seen from the terrace." for n in range(1_500)).encode()


def test_a_document_is_followed_to_its_end(http: httpx.Client, store: str) -> None:
    (document,) = add(http, {"stars.txt": LONG}, store=store)
    with listening(http, f"/documents/{document['id']}/events") as events:
        told = list(events)
    assert {name for _, name, _ in told} == {"document"}
    jobs = [body["job"] for _, _, body in told]
    assert [job["chunks_done"] for job in jobs] == sorted(job["chunks_done"] for job in jobs)
    assert [job["status"] for job in jobs[:-1]] == [s for s in (job["status"] for job in jobs) if s != "completed"]
    last = told[-1][2]
    assert (last["status"], last["chunks_done"]) == ("completed", last["chunks"])
    assert last == http.get(f"/documents/{document['id']}").json()


def test_an_ended_document_is_told_once_and_then_not_again(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"a.txt": b"The dome is opened."}, store=store)
    path = f"/documents/{document['id']}/events"
    with listening(http, path) as events:
        ((event_id, _, body),) = list(events)
    assert body["status"] == "completed"
    assert http.get(path, headers={"Last-Event-ID": event_id}).status_code == 204
    http.put(f"/documents/{document['id']}", files={"file": ("b.txt", b"")}).raise_for_status()
    with listening(http, path, **{"Last-Event-ID": event_id}) as events:
        assert list(events)[-1][2]["job"]["status"] == "failed"


def test_a_deleted_document_ends_its_stream(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    before = len(upstream.requests)
    upstream.script(Behaviour("stall_headers"))
    (document,) = add(http, {"a.txt": b"It is deleted on the way."}, store=store)
    until(lambda: len(upstream.requests) > before)
    with listening(http, f"/documents/{document['id']}/events") as events:
        assert next(events)[1] == "document"
        http.delete(f"/documents/{document['id']}").raise_for_status()
        assert [name for _, name, _ in events][-1] == "deleted"
    assert http.get(f"/documents/{document['id']}/events").status_code == 404


def test_all_that_happens_in_a_store_is_told_and_nothing_else(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"before.txt": b"It was there before."}, store=store)
    http.post("/stores", json={"name": "elsewhere"})
    with listening(http, f"/events?store={store}") as events:
        _, name, totals = next(events)
        assert (name, totals["jobs"]["completed"], totals["jobs"]["total"]) == ("totals", 1, 1)
        add_and_wait(http, {"elsewhere.txt": b"Of no interest here."}, store="elsewhere")
        add(http, {"a.txt": b"One star.", "empty.txt": b""}, store=store)
        ended: dict[str, str] = {}
        while len(ended) < 2:
            _, name, body = next(events)
            assert (name, body["filename"] in {"a.txt", "empty.txt"}) == ("document", True)
            if body["status"] in {"completed", "failed"}:
                ended[body["filename"]] = body["status"]
        assert ended == {"a.txt": "completed", "empty.txt": "failed"}


def test_who_comes_back_is_told_what_was_missed(http: httpx.Client, store: str) -> None:
    with listening(http, f"/events?store={store}") as events:
        last_id, *_ = next(events)
    added = add_and_wait(http, {f"{n}.txt": f"Star {n}.".encode() for n in range(3)}, store=store)
    with listening(http, f"/events?store={store}", **{"Last-Event-ID": last_id}) as events:
        missed = [next(events) for _ in added]
        assert {body["id"] for _, _, body in missed} == {document["id"] for document in added}
        assert {body["status"] for _, _, body in missed} == {"completed"}


@pytest.mark.parametrize("nonsense", ["x", "1e999", "nan", "-1", "99999999999999"])
def test_an_id_that_is_none_of_ours_does_no_harm(http: httpx.Client, store: str, nonsense: str) -> None:
    (document,) = add_and_wait(http, {"a.txt": f"A text, {nonsense}.".encode()}, store=store)
    with listening(http, f"/events?store={store}", **{"Last-Event-ID": nonsense}) as events:
        names = [name for _, name, _ in (next(events) for _ in range(1))]
        assert names[0] in {"totals", "document"}
    assert http.get(f"/documents/{document['id']}/events", headers={"Last-Event-ID": nonsense}).status_code in {
        200,
        204,
    }


def test_a_service_that_stops_ends_all_streams_also_of_who_does_not_read(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, FOOTNOTE_SERVER_SHUTDOWN_SECONDS="5")
    ends: list[Any] = []

    def listen(address: str) -> None:
        with httpx.Client(base_url=address, timeout=60) as http, listening(http, "/events") as events:
            ends.append(next(events)[1])
            ends.extend(name for _, name, _ in events)
            ends.append("the end")

    with ExitStack() as unread, service(settings) as address:
        threads = [Thread(target=listen, args=(address,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        until(lambda: len(ends) == 5)
        silent = unread.enter_context(httpx.Client(base_url=address, timeout=60))
        assert unread.enter_context(silent.stream("GET", "/events")).status_code == 200
    for thread in threads:
        thread.join(60)
    assert ends == ["totals"] * 5 + ["the end"] * 5


def change(key: str, text: str = "") -> Change:
    return Change(key, (), 0.0, text, is_final=False)


async def taken(listener: Listener) -> list[str]:
    listener.end()
    return [told.text async for told in listener.changes()]


def test_a_slow_listener_is_told_the_latest_of_each_document_only() -> None:
    listener = Listener()
    for number in range(100):
        for key in ("a", "b"):
            listener.tell(change(key, f"{key}{number}"))
    assert asyncio.run(taken(listener)) == ["a99", "b99"]


def test_a_listener_that_falls_far_behind_is_let_go_and_keeps_nothing() -> None:
    listener = Listener()
    for number in range(100_000):
        listener.tell(change(str(number)))

    async def rest() -> list[str]:
        return [told.key async for told in listener.changes()]

    assert len(asyncio.run(rest())) < 3_000


@pytest.mark.anyio
async def test_the_database_is_read_only_while_somebody_listens(tmp_path: Path) -> None:
    async with open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records:
        counting = Counting(records.database)
        feed = Feed(cast("Database", counting))
        async with feed.listen("doc_a"), feed.listen("vs_b"), feed.listen(""):
            before = counting.reads
            await asyncio.to_thread(until, lambda: counting.reads > before + 2)
            assert is_read()
        assert not is_read()
        async with feed.listen(""):
            assert is_read()
        feed.close()
        async with feed.listen("") as listener:
            assert [told async for told in listener.changes()] == []


class Counting:
    """A database that counts how often it is read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_exclusive = database.is_exclusive
        self.reads = 0

    async def read(self, work: Any) -> Any:
        self.reads += 1
        return await self._database.read(work)


def is_read() -> bool:
    """Whether any service of this process looks for changes."""
    gc.unfreeze()  # a command that was tried in this process has put all there was out of sight
    return any(thing.is_reading for thing in gc.get_objects() if type(thing) is Feed)


def test_clients_that_leave_end_the_looking_for_changes(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    before = len(upstream.requests)
    upstream.script(Behaviour("stall_headers"))
    (document,) = add(http, {"a.txt": b"It never ends."}, store=store)
    until(lambda: len(upstream.requests) > before)
    until(lambda: not is_read())
    for path in ("/events", f"/events?store={store}", f"/documents/{document['id']}/events"):
        with (
            httpx.Client(base_url=http.base_url, timeout=60) as other,
            listening(http, path) as events,
            listening(other, path) as more,
        ):
            assert (next(events)[1], next(more)[1]) in {("totals", "totals"), ("document", "document")}
            until(is_read)
        until(lambda: not is_read())
    http.delete(f"/documents/{document['id']}").raise_for_status()
