"""Keys are held to their requests and tokens per minute, and to their budget."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files

import pytest
from fakeredis import TcpFakeServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis import Redis

from api.callers import LOCAL, Caller
from api.limiting import Admission, LimitedError, Limits, open_limits
from settings import KeysSettings, SettingsError
from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI

pytestmark = pytest.mark.anyio


def a_caller(key_id: str = "key_a", **limits: float) -> Caller:
    return Caller(key_id, **limits)  # type: ignore[arg-type]


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server on loopback; yields its address."""
    with TcpFakeServer(("127.0.0.1", 0), server_type="redis") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host, port = server.server_address[:2]
        # The fake hangs up on whoever names a script that it does not know yet; a real server says so.
        script = files("limits") / "resources" / "redis" / "lua_scripts" / "incr_expire.lua"
        with Redis(host=str(host), port=port) as client:
            client.script_load(script.read_text())
        try:
            yield f"redis://{host!s}:{port}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def counting(kind: str, spent_usd: float = 0.0) -> AsyncIterator[Limits]:
    """Limits that are counted here, or in a Redis server."""
    if kind == "own":
        async with open_limits(KeysSettings(), lambda _: spent_usd) as limits:
            yield limits
        return
    with redis() as url:
        async with open_limits(KeysSettings(limits_url=SecretStr(url)), lambda _: spent_usd) as limits:
            yield limits


async def admitted(answer: Admission | Awaitable[Admission]) -> dict[str, str]:
    """The headers of an admission."""
    found = await answer if inspect.isawaitable(answer) else answer
    assert isinstance(found, Admission)
    return {name.decode(): value.decode() for name, value in found.headers}


async def refused(limits: Limits, caller: Caller) -> LimitedError:
    with pytest.raises(LimitedError) as caught:
        await admitted(limits.admit(caller))
    return caught.value


@pytest.mark.parametrize("kind", ["own", "shared"])
async def test_requests_are_admitted_up_to_the_limit_and_each_key_for_itself(kind: str) -> None:
    async with counting(kind) as limits:
        caller = a_caller(requests_per_minute=3)
        left = [(await admitted(limits.admit(caller)))["x-ratelimit-remaining-requests"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        error = await refused(limits, caller)
        assert (error.status, error.code) == (429, "rate_limit_exceeded")
        assert error.headers is not None
        assert 1 <= int(error.headers["retry-after"]) <= 60
        assert error.headers["x-ratelimit-limit-requests"] == "3"
        assert error.headers["x-ratelimit-remaining-requests"] == "0"
        assert await admitted(limits.admit(a_caller("key_b", requests_per_minute=3)))


@pytest.mark.parametrize("kind", ["own", "shared"])
async def test_tokens_count_once_they_are_known_however_many_one_call_took(kind: str) -> None:
    async with counting(kind) as limits:
        caller = a_caller(tokens_per_minute=100, requests_per_minute=10)
        first = await admitted(limits.admit(caller))
        assert (first["x-ratelimit-limit-tokens"], first["x-ratelimit-remaining-tokens"]) == ("100", "100")
        limits.spent(caller, 40)
        await settled(limits)
        assert (await admitted(limits.admit(caller)))["x-ratelimit-remaining-tokens"] == "60"
        limits.spent(caller, 5_000)
        await settled(limits)
        error = await refused(limits, caller)
        assert "100 tokens a minute" in error.detail
        assert error.headers is not None
        assert error.headers["x-ratelimit-remaining-tokens"] == "0"
        assert "x-ratelimit-remaining-requests" not in error.headers  # what is refused is not counted


async def settled(limits: Limits) -> None:
    """Wait until what was spent is counted."""
    while limits._spending:
        await asyncio.wait(limits._spending)


@pytest.mark.parametrize("kind", ["own", "shared"])
async def test_who_has_no_limits_is_told_of_none(kind: str) -> None:
    async with counting(kind, spent_usd=1e9) as limits:
        for caller in (LOCAL, a_caller()):
            limits.spent(caller, 1_000)
            assert await admitted(limits.admit(caller)) == {}


async def test_a_budget_that_is_spent_ends_the_month() -> None:
    async with counting("own", spent_usd=2.5) as limits:
        assert await admitted(limits.admit(a_caller(monthly_budget_usd=2.51))) == {}
        error = await refused(limits, a_caller(monthly_budget_usd=2.5))
        assert (error.status, error.code) == (429, "insufficient_quota")
        assert error.headers == {"x-should-retry": "false"}


async def test_several_processes_count_together() -> None:
    with redis() as url:
        settings = KeysSettings(limits_url=SecretStr(url))
        async with open_limits(settings, lambda _: 0.0) as one, open_limits(settings, lambda _: 0.0) as other:
            caller = a_caller(requests_per_minute=2)
            await admitted(one.admit(caller))
            await admitted(other.admit(caller))
            await refused(one, caller)
            await refused(other, caller)


async def test_while_redis_is_away_each_process_counts_for_itself() -> None:
    settings = KeysSettings(limits_url=SecretStr("redis://127.0.0.1:1"))
    async with open_limits(settings, lambda _: 0.0) as limits:
        caller = a_caller(requests_per_minute=1, tokens_per_minute=10)
        assert (await admitted(limits.admit(caller)))["x-ratelimit-remaining-requests"] == "0"
        limits.spent(caller, 5)
        await refused(limits, caller)


async def test_an_address_that_is_none_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_KEYS_LIMITS_URL"):
        async with open_limits(KeysSettings(limits_url=SecretStr("nonsense")), lambda _: 0.0):
            pass


@given(limit=st.integers(1, 50), calls=st.integers(0, 120))
def test_of_any_number_of_calls_so_many_are_admitted_as_the_limit_says(limit: int, calls: int) -> None:
    limits, caller, count = Limits(lambda _: 0.0), a_caller(requests_per_minute=limit), 0
    for _ in range(calls):
        try:
            limits.admit(caller)
        except LimitedError:
            continue
        count += 1
    assert count == min(limit, calls)


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        yield opened


def test_questions_and_uploads_count_and_the_rest_does_not(guarded: Keyholders) -> None:
    with guarded.holder("documents", "search", requests_per_minute=3) as holder:
        for _ in range(5):
            assert "x-ratelimit-limit-requests" not in holder.get("/stores").headers
        assert holder.post("/search", json={"query": "x"}).headers["x-ratelimit-remaining-requests"] == "2"
        assert holder.post("/ask", json={"query": "x"}).headers["x-ratelimit-remaining-requests"] == "1"
        uploaded = holder.post("/documents", files={"file": ("a.txt", b"Some text.")})
        assert uploaded.headers["x-ratelimit-remaining-requests"] == "0"
        answer = holder.post("/search", json={"query": "x"})
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answer.headers["retry-after"]) >= 1
        assert holder.get("/stores").status_code == 200
