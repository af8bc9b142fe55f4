"""Nobody gets in without a valid key where one is needed."""

import asyncio
import base64
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.authorising import key_in, keys_are_required
from settings import KeysSettings, ServerSettings, SettingsError
from tests.api.keyholders import ADMIN_KEY, Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import service, settings_for


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        yield opened


def refusal(answer: httpx.Response) -> str:
    """What a 401 says."""
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    error = answer.json()["error"]
    assert (error["code"], error["type"], error["param"]) == ("invalid_api_key", "invalid_request_error", None)
    return str(error["message"])


@pytest.mark.parametrize(
    "path", ["/stores", "/documents", "/jobs", "/events", "/keys", "/backup", "/nowhere", "/v1/models"]
)
def test_without_a_key_nothing_is_served(guarded: Keyholders, path: str) -> None:
    with guarded.client(None) as nobody:
        assert "FOOTNOTE_API_KEY" in refusal(nobody.get(path))
        assert nobody.get(path).text == nobody.get(path).text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
@pytest.mark.parametrize("key", [None, "sk-fn-wrong"])
def test_what_is_public_needs_none(guarded: Keyholders, path: str, key: str | None) -> None:
    with guarded.client(key) as nobody:
        assert nobody.get(path).status_code == 200


def test_only_admins_are_told_of_the_upstreams(guarded: Keyholders) -> None:
    with guarded.client(None) as nobody, guarded.holder("search") as searcher:
        assert nobody.get("/readyz").json()["upstreams"] is None
        assert searcher.get("/readyz").json()["upstreams"] is None
    (one,) = guarded.admin.get("/readyz").json()["upstreams"]
    assert (one["name"], one["state"], one["in_flight"]) == ("default", "up", 0)


def test_every_wrong_key_gets_the_same_answer(guarded: Keyholders) -> None:
    right = guarded.key()["key"]
    wrong = ["sk-fn-", "sk-fn-" + "A" * 43, right[:-1], right + "A", right.upper(), "sk-other", "x", ADMIN_KEY[:-1]]
    answers = set()
    for key in wrong:
        with guarded.client(key) as nobody:
            answers.add(refusal(nobody.get("/stores")))
    assert len(answers) == 1


def test_wrong_keys_are_counted(guarded: Keyholders) -> None:
    def counted() -> float:
        with guarded.client(ADMIN_KEY) as admin:
            lines = admin.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("footnote_refused_keys_total"))

    before = counted()
    with guarded.client("sk-fn-wrong") as stranger:
        assert stranger.get("/stores").status_code == 401
    assert counted() == before + 1


def test_a_key_is_taken_wherever_clients_put_it(guarded: Keyholders) -> None:
    key = guarded.key()["key"]
    for headers in ({"Authorization": f"bearer {key}"}, {"Authorization": f"BEARER  {key}"}, {"api-key": key}):
        assert httpx.get(f"{guarded.address}/stores", headers=headers).status_code == 200, headers
    assert httpx.get(f"{guarded.address}/stores", headers={"Authorization": f"Basic {key}"}).status_code == 401
    assert httpx.get(f"{guarded.address}/stores", params={"api_key": key}).status_code == 401


def test_a_websocket_brings_its_key_as_a_subprotocol() -> None:
    protocols = b"realtime, openai-insecure-api-key.sk-fn-abc, openai-beta.realtime-v1"
    assert key_in([(b"sec-websocket-protocol", protocols)]) == b"sk-fn-abc"
    assert key_in([(b"sec-websocket-protocol", b"realtime")]) is None
    assert key_in([(b"sec-websocket-protocol", protocols), (b"authorization", b"Bearer sk-fn-d")]) == b"sk-fn-d"


def test_a_websocket_without_a_key_is_refused(guarded: Keyholders) -> None:
    host, port = guarded.address.removeprefix("http://").split(":")
    nonce = base64.b64encode(hashlib.sha256(b"nonce").digest()[:16]).decode()
    lines = ["GET /v1/realtime HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {nonce}", "Sec-WebSocket-Version: 13", "", ""]
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 401")


def test_who_had_the_right_key_is_told_that_it_is_over(guarded: Keyholders) -> None:
    revoked, expiring = guarded.key(), guarded.key(expires_at=int(time.time()) + 1)
    with guarded.client(revoked["key"]) as one, guarded.client(expiring["key"]) as other:
        assert one.get("/stores").status_code == 200
        assert guarded.admin.delete(f"/keys/{revoked['id']}").json()["deleted"] is True
        assert "revoked" in refusal(one.get("/stores"))
        while other.get("/stores").status_code == 200:
            time.sleep(0.05)
        assert "expired" in refusal(other.get("/stores"))


def test_a_rotated_key_is_good_for_its_grace_only(guarded: Keyholders) -> None:
    key = guarded.key()
    rotated = guarded.admin.post(f"/keys/{key['id']}/rotate", json={"grace_seconds": 60}).json()
    assert rotated["id"] == key["id"]
    with guarded.client(key["key"]) as before, guarded.client(rotated["key"]) as after:
        assert (before.get("/stores").status_code, after.get("/stores").status_code) == (200, 200)
        again = guarded.admin.post(f"/keys/{key['id']}/rotate").json()
        refusal(before.get("/stores"))
        assert "replaced" not in refusal(after.get("/stores"))
    with guarded.client(again["key"]) as latest:
        assert latest.get("/stores").status_code == 200


def test_a_stream_ends_when_its_key_is_revoked(guarded: Keyholders) -> None:
    key = guarded.key("documents")
    guarded.admin.post("/stores", json={"name": "streamed"})
    with guarded.client(key["key"]) as follower, follower.stream("GET", "/events") as events:
        lines = events.iter_lines()
        while not next(lines).startswith("event: totals"):
            pass
        assert guarded.admin.delete(f"/keys/{key['id']}").status_code == 200
        guarded.admin.post("/documents", data={"store": "streamed"}, files={"file": ("a.txt", b"Secret plans.")})
        assert not any("a.txt" in line for line in lines)


def test_on_this_machine_any_key_of_others_is_taken_for_none(http: httpx.Client) -> None:
    for key in ("sk-other", "x"):
        assert http.get("/stores", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    refusal(http.get("/stores", headers={"Authorization": "Bearer sk-fn-wrong"}))


def test_on_this_machine_a_limited_key_is_limited_all_the_same(http: httpx.Client) -> None:
    made = http.post("/keys", json={"name": "searcher", "permissions": ["search"]}).json()
    assert http.get("/keys", headers={"Authorization": f"Bearer {made['key']}"}).status_code == 403
    assert http.get("/keys").status_code == 200


@pytest.mark.parametrize(
    ("host", "required", "answer"),
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("127.0.0.1", True, True),
        ("127.0.0.1", False, False),
        ("0.0.0.0", None, True),
        ("192.0.2.1", None, True),
        ("0.0.0.0", True, True),
    ],
)
def test_keys_are_needed_where_others_can_reach_the_service(host: str, required: bool | None, answer: bool) -> None:
    assert keys_are_required(KeysSettings(required=required), ServerSettings(host=host)) is answer


def test_a_service_that_others_can_reach_does_not_start_without_keys(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, FOOTNOTE_SERVER_HOST="0.0.0.0", FOOTNOTE_KEYS_REQUIRED="false")
    with pytest.raises(SettingsError, match="FOOTNOTE_KEYS_REQUIRED"), service(settings):
        pass
    assert not any(tmp_path.iterdir())


def test_a_key_of_one_process_is_known_and_revoked_in_the_others(
    upstream: FakeOpenAI, postgres_url: str, tmp_path: Path
) -> None:
    shared = {
        "OPENAI_BASE_URL": upstream.base_url,
        "FOOTNOTE_DATABASE_URL": postgres_url,
        "FOOTNOTE_INGEST_IN_SERVICE": "false",
    }
    with guarded_service(tmp_path / "a", **shared) as one, guarded_service(tmp_path / "b", **shared) as other:
        key = one.key()
        with other.client(key["key"]) as holder:
            eventually(holder, 200)
            assert one.admin.delete(f"/keys/{key['id']}").status_code == 200
            eventually(holder, 401)


def eventually(client: httpx.Client, status: int) -> None:
    """Wait until the service answers so."""
    deadline = time.monotonic() + 30
    while client.get("/stores").status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_first_start_makes_an_admin_key_and_the_next_does_not(tmp_path: Path) -> None:
    from api import running

    async def shown() -> list[str]:
        keys: list[str] = []
        async with running(settings_for(tmp_path, FOOTNOTE_KEYS_REQUIRED="true"), keys.append) as address:
            if keys:
                async with httpx.AsyncClient(headers={"Authorization": f"Bearer {keys[0]}"}) as http:
                    assert (await http.get(f"{address}/keys")).status_code == 200
        return keys

    (first,) = asyncio.run(shown())
    assert first.startswith("sk-fn-")
    assert len(first) == 49
    assert asyncio.run(shown()) == []


def test_an_admin_key_of_the_settings_is_enough(tmp_path: Path) -> None:
    environ = {"FOOTNOTE_KEYS_ADMIN_KEY": ADMIN_KEY, "FOOTNOTE_KEYS_REQUIRED": "true"}
    with service(settings_for(tmp_path, **environ)) as address:
        answer = httpx.get(f"{address}/keys", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
        assert (answer.status_code, answer.json()["data"]) == (200, [])
