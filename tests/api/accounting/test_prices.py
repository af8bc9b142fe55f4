"""What calls cost."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.accounting.prices import Prices, Rate, addresses_of
from settings import Price, Settings, UpstreamServer
from tests.api.accounting.making import entry
from upstream.metering import Use

MILLION = 1_000_000
OWN = {
    "house-*": Price(input=1.0, output=2.0),
    "house-large-*": Price(input=10.0, output=20.0, cached_input=1.0),
    "house-large-1": Price(input=100.0),
    "gpt-4o": Price(input=7.0),
}
tokens = st.integers(0, 10_000_000)


def cost(
    model: str | None, read: int = MILLION, cached: int = 0, written: int = 0, **different: object
) -> float | None:
    made = entry(model=model, input_tokens=read, cached_tokens=cached, output_tokens=written, **different)
    return Prices(OWN, {"router": "https://openrouter.ai/api/v1"}).cost_usd(made)


@pytest.mark.parametrize(
    ("model", "usd"),
    [("house-small", 1.0), ("house-large-2", 10.0), ("house-large-1", 100.0), ("gpt-4o", 7.0), ("warehouse-1", None)],
)
def test_own_prices_come_first_the_exact_name_before_the_longest_pattern(model: str, usd: float | None) -> None:
    assert cost(model) == (None if usd is None else pytest.approx(usd))


def test_cached_and_written_tokens_have_prices_of_their_own() -> None:
    assert cost("house-large-2", read=MILLION, cached=MILLION // 2, written=MILLION) == pytest.approx(5 + 0.5 + 20)
    assert cost("house-small", read=MILLION, cached=MILLION // 2) == pytest.approx(1.0)


def test_prices_of_known_models_come_with_the_program() -> None:
    mini, dated = cost("gpt-4o-mini", written=MILLION), cost("gpt-4o-mini-2024-07-18", written=MILLION)
    assert mini is not None
    assert mini > 0
    assert dated == mini
    embedding = cost("text-embedding-3-small")
    assert embedding is not None
    assert 0 < embedding < mini


def test_a_provider_that_is_known_by_its_address_has_its_own_names() -> None:
    assert cost("openai/gpt-4o-mini", upstream="router") is not None
    assert cost("openai/gpt-4o-mini", upstream=None) is None


@pytest.mark.parametrize("model", [None, "no-such-model-anywhere", "whisper-1"])
def test_what_has_no_price_by_the_token_costs_nobody_knows_what(model: str | None) -> None:
    assert cost(model) is None


def test_a_call_that_used_no_tokens_has_no_cost() -> None:
    assert cost("house-small", read=0) is None


def test_a_call_of_several_models_costs_what_they_cost_together() -> None:
    both = [Use("house-small", MILLION), Use("house-large-2", 0, 0, MILLION)]
    assert cost("house-large-2", uses=both) == pytest.approx(1 + 20)
    assert cost("house-large-2", uses=[*both, Use("no-such-model-anywhere", 5)]) is None


def test_a_long_input_makes_all_tokens_dearer() -> None:
    rate = Rate(((1_000, 2.0), (0, 1.0)), ((0, 0.5),), ((1_000, 20.0), (0, 10.0)))
    assert rate.cost_usd(1_000, 0, 1) == 1_000 + 10
    assert rate.cost_usd(1_001, 0, 1) == 2_002 + 20
    assert rate.cost_usd(1_001, 1, 0) == 2_000 + 0.5


@given(tokens, tokens, tokens)
def test_no_call_costs_less_than_nothing(read: int, cached: int, written: int) -> None:
    usd = cost("house-large-2", read=read, cached=cached, written=written)
    assert usd is None or usd >= 0


def test_the_addresses_are_those_of_the_settings() -> None:
    servers = {"router": UpstreamServer(base_url="https://openrouter.ai/api/v1")}
    addresses = addresses_of(Settings(upstreams=servers))
    assert addresses == {"default": "https://api.openai.com/v1", "router": "https://openrouter.ai/api/v1"}


_WATCHED = """
import sys, threading
seen = []
def watch(event, _):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        seen.append(event)
sys.addaudithook(watch)
from api.accounting.prices import Prices
prices = Prices({}, {"default": "https://api.openai.com/v1"})
assert prices.rate("gpt-4o", "default") is not None
assert prices.rate("no-such-model-anywhere", "default") is None
assert threading.active_count() == 1, threading.enumerate()
assert not seen, seen
print("nothing was fetched")
"""


def test_prices_are_never_fetched() -> None:
    ran = subprocess.run([sys.executable, "-c", _WATCHED], check=False, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "nothing was fetched\n", ran.stderr
