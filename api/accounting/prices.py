"""What calls cost: the prices of the settings, and else those of the table that `genai-prices` ships.

The table is part of that package and only changes with it: nothing is fetched (`genai_prices.UpdatePrices` would).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from api.accounting.entry import Entry
from settings import Price, Settings
from settings.patterns import fits

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, TieredPrices

_OPENAI = "https://api.openai.com/v1"
_MILLION = 1_000_000
_TRUSTED_SECONDS = 300.0
"""How long a price is remembered: some depend on the date, or the time of day."""
_MOST_REMEMBERED = 2_000

Steps = tuple[tuple[int, float], ...]
"""US dollars a token, by the tokens of the whole input above which they count; the highest first, the last is 0."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a token costs. A long input can make every token dearer."""

    input: Steps
    cached: Steps
    output: Steps

    def cost_usd(self, read: int, cached: int, written: int) -> float:
        """Cost of so many tokens; the cached ones are among those read."""
        cached = min(cached, read)
        return (
            (read - cached) * _step(self.input, read)
            + cached * _step(self.cached, read)
            + written * _step(self.output, read)
        )


class Prices:
    """Finds the price of a model at an upstream. Slow the first time (about a second), so not for the event loop."""

    def __init__(self, own: Mapping[str, Price], addresses: Mapping[str, str]) -> None:
        """`own` prices by model, `*` standing for any characters; `addresses` of upstreams tell who the provider is."""
        self._exact = {name: _own_rate(price) for name, price in own.items() if "*" not in name}
        globs = sorted((name for name in own if "*" in name), key=len, reverse=True)
        self._globs = [(name, _own_rate(own[name])) for name in globs]
        self._addresses = addresses
        self._known: dict[tuple[str, str | None], tuple[float, Rate | None]] = {}

    def cost_usd(self, entry: Entry) -> float | None:
        """What a call cost; None where it used no tokens that were counted, or one of its models has no price."""
        if entry.uses:
            costs = [
                self._cost(use.model, entry.upstream, use.input_tokens, use.cached_tokens, use.output_tokens)
                for use in entry.uses
            ]
            return None if None in costs else sum(cost or 0.0 for cost in costs)
        if entry.model is None:
            return None
        return self._cost(entry.model, entry.upstream, entry.input_tokens, entry.cached_tokens, entry.output_tokens)

    def _cost(self, model: str, upstream: str | None, read: int, cached: int, written: int) -> float | None:
        if not read and not written:
            return None
        rate = self.rate(model, upstream)
        return None if rate is None else rate.cost_usd(read, cached, written)

    def rate(self, model: str, upstream: str | None) -> Rate | None:
        """The price of a model; None where none is known."""
        key = model, upstream
        now = time.monotonic()
        known = self._known.get(key)
        if known is None or known[0] < now:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            known = self._known[key] = now + _TRUSTED_SECONDS, self._find(model, upstream)
        return known[1]

    def _find(self, model: str, upstream: str | None) -> Rate | None:
        if model in self._exact:
            return self._exact[model]
        for pattern, rate in self._globs:
            if fits(model, pattern):
                return rate
        return _table_rate(model, self._addresses.get(upstream or ""))


def addresses_of(settings: Settings) -> Mapping[str, str]:
    """Where the upstreams are, by the names under which the relay knows them."""
    first = {"default": settings.upstream.base_url or _OPENAI}
    return first | {name: server.base_url for name, server in settings.upstreams.items()}


def _own_rate(price: Price) -> Rate:
    cached = price.input if price.cached_input is None else price.cached_input
    return Rate(_flat(price.input), _flat(cached), _flat(price.output))


def _table_rate(model: str, address: str | None) -> Rate | None:
    """The price that the provider at this address asks; of an unknown provider, the one who is known for the model."""
    found = _look_up(model, address)
    prices = None if found is None else found.get_prices(datetime.now(UTC))
    if prices is None or prices.input_mtok is None:  # some are paid by the minute or the picture, which is not counted
        return None
    read = _steps(prices.input_mtok)
    cached = read if prices.cache_read_mtok is None else _steps(prices.cache_read_mtok)
    return Rate(read, cached, () if prices.output_mtok is None else _steps(prices.output_mtok))


def _look_up(model: str, address: str | None) -> "ModelInfo | None":
    # Reading the table takes half a second and 70 MB, which only those shall pay who call models that are in it.
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    snapshot = get_snapshot()
    ways: list[tuple[str | None, str | None]] = [(None, None), ("openai", None)]
    if address is not None:
        ways.insert(0, (None, address))
    for provider, url in ways:
        try:
            return snapshot.find_provider_model(model, None, provider, url)[1]
        except LookupError:
            continue
    return None


def _steps(price: "Decimal | TieredPrices") -> Steps:
    if isinstance(price, Decimal):
        return _flat(float(price))
    tiers = [(tier.start, float(tier.price) / _MILLION) for tier in reversed(price.tiers)]
    return (*tiers, *_flat(float(price.base)))


def _flat(usd_per_million: float) -> Steps:
    return ((0, usd_per_million / _MILLION),)


def _step(steps: Steps, read: int) -> float:
    for start, usd in steps:
        if read > start or start == 0:
            return usd
    return 0.0
