"""Who gets a call."""

from collections import Counter
from typing import Any

import pytest
from pydantic import SecretStr
from yarl import URL

from upstream import UpstreamRateLimitedError, UpstreamRejectedError, UpstreamUnavailableError
from upstream.endpoint import Endpoint
from upstream.relay.breaker import Breaker
from upstream.relay.keyring import Keyring
from upstream.relay.pool import Pool
from upstream.relay.server import Server


def _server(name: str, **options: Any) -> Server:
    endpoint = Endpoint(URL("http://127.0.0.1:9/v1"), None, "upstream.api_key")
    return Server(name, endpoint, Keyring([SecretStr("key")]), Breaker(1, 15.0), **options)


def _names(pool: Pool, model: str | None = "m", now: float = 0.0) -> list[str]:
    return [server.name for server in pool.candidates(model, None, now)]


def test_a_model_goes_to_the_servers_that_have_it() -> None:
    pool = Pool([_server("a", models=["gpt-*"]), _server("b", models=["qwen*", "gpt-4o"]), _server("c")], {})
    assert set(_names(pool, "gpt-3")) == {"a", "c"}
    assert set(_names(pool, "gpt-4o")) == {"a", "b", "c"}
    assert _names(pool, "llama") == ["c"]


def test_a_model_that_nobody_has_is_refused_as_openai_does() -> None:
    pool = Pool([_server("a", models=["gpt-*"])], {})
    with pytest.raises(UpstreamRejectedError) as caught:
        pool.candidates("llama", None, 0.0)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_aliases_of_all_and_of_one_server_are_followed() -> None:
    pool = Pool(
        [_server("a", models=["big"], aliases={"latest": "big-2"}), _server("b", models=["x"])], {"best": "latest"}
    )
    assert _names(pool, "best") == ["a"]
    assert pool.resolve(pool.servers[0], "best") == "big-2"
    assert pool.resolve(pool.servers[1], "best") is None


def test_weights_share_the_calls() -> None:
    pool = Pool([_server("a", weight=3), _server("b", weight=1), _server("spare", weight=0)], {})
    first = Counter(_names(pool)[0] for _ in range(2_000))
    assert set(first) == {"a", "b"}
    assert 1_350 < first["a"] < 1_650
    assert all(_names(pool)[-1] == "spare" for _ in range(50))


def test_calls_without_a_model_go_to_the_first_that_can_be_reached() -> None:
    servers = [_server("a"), _server("b"), _server("c")]
    pool = Pool(servers, {})
    assert all(_names(pool, None) == ["a", "b", "c"] for _ in range(20))
    servers[0].breaker.failed(0.0, probe=False)
    assert _names(pool, None) == ["b", "c"]


def test_a_full_server_is_passed_over() -> None:
    servers = [_server("a", max_in_flight=1), _server("b", requests_per_minute=1), _server("c", tokens_per_minute=10)]
    pool = Pool(servers, {})
    assert set(_names(pool)) == {"a", "b", "c"}
    servers[0].enter(0.0)
    servers[1].enter(0.0)
    assert _names(pool) == ["c"]
    servers[2].spend(0.0, 10)
    with pytest.raises(UpstreamRateLimitedError) as caught:
        pool.candidates("m", None, 0.0)
    assert (caught.value.retry_after_seconds or 0) >= 1.0
    servers[0].leave()
    assert _names(pool) == ["a"]


def test_where_all_are_broken_the_first_to_be_asked_again_says_when() -> None:
    servers = [_server("a"), _server("b")]
    pool = Pool(servers, {})
    servers[0].breaker.failed(0.0, probe=False)
    servers[1].breaker.failed(5.0, probe=False)
    with pytest.raises(UpstreamUnavailableError) as caught:
        pool.candidates("m", None, 6.0)
    assert caught.value.retry_after_seconds == pytest.approx(9.0)
    assert _names(pool, now=15.0) == ["a"]


def test_servers_whose_keys_rest_come_last() -> None:
    servers = [_server("a"), _server("b")]
    servers[0].keyring.rest(0, until=60.0)
    assert _names(Pool(servers, {}), None) == ["b", "a"]
    assert _names(Pool(servers, {}), None, now=60.0) == ["a", "b"]


def test_a_call_that_is_bound_to_a_server_goes_nowhere_else() -> None:
    pool = Pool([_server("a", models=["x"]), _server("b")], {})
    assert [server.name for server in pool.candidates("m", "a", 0.0)] == ["a"]
    with pytest.raises(UpstreamRejectedError, match="no longer configured"):
        pool.candidates("m", "gone", 0.0)


def test_names_that_clients_make_up_are_not_kept_without_end() -> None:
    pool = Pool([_server("a")], {})
    for number in range(5_000):
        pool.candidates(f"m{number}", None, 0.0)
    assert len(pool._by_model) <= 1_024
