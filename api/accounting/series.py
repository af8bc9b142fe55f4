"""Counters and histograms by label, made for many observations at a time.

Those of `prometheus_client` cost some microseconds an observation, most of it for locks; these have none, so whoever
uses them takes care that nobody else does at the same time.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

OTHER = "other"
"""Label of all that came when there were too many names already."""

Labels = tuple[str, ...]


class Names:
    """Names that may become labels: the first so many, and `other` for the rest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """The name itself, or `other`."""
        known = self._known.get(name)
        if known is None and len(self._known) < self._most:
            known = self._known[name] = name[:100]
        return known or OTHER


class Counts:
    """Sums that only grow."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], *, most: int = 2_000) -> None:
        self._name, self._meaning, self._labels, self._most = name, meaning, labels, most
        self._sums: dict[Labels, float] = {}

    def add(self, labels: Labels, amount: float = 1.0) -> None:
        """Add to the sum under these labels."""
        if labels not in self._sums and len(self._sums) >= self._most:
            labels = (OTHER,) * len(labels)
        self._sums[labels] = self._sums.get(labels, 0.0) + amount

    def family(self) -> CounterMetricFamily:
        """All sums, as Prometheus reads them."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        for labels, amount in self._sums.items():
            family.add_metric(labels, amount)
        return family


@dataclass(slots=True)
class _Seen:
    counts: list[int]
    """By bucket, each counted once; the last is above all bounds."""
    total: float = field(default=0.0)


class Spread:
    """How values are spread over buckets."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], bounds: Sequence[float], *, most: int = 2_000
    ) -> None:
        self._name, self._meaning, self._labels, self._most = name, meaning, labels, most
        self._bounds = bounds
        self._marks = [*(str(float(bound)) for bound in bounds), "+Inf"]
        self._seen: dict[Labels, _Seen] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Count a value under these labels."""
        seen = self._seen.get(labels)
        if seen is None:
            if len(self._seen) >= self._most:
                labels = (OTHER,) * len(labels)
            seen = self._seen.setdefault(labels, _Seen([0] * len(self._marks)))
        seen.counts[bisect_left(self._bounds, value)] += 1
        seen.total += value

    def family(self) -> HistogramMetricFamily:
        """All values, as Prometheus reads them."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._labels)
        for labels, seen in self._seen.items():
            so_far = 0
            buckets: list[tuple[str, float]] = []
            for mark, count in zip(self._marks, seen.counts, strict=True):
                so_far += count
                buckets.append((mark, so_far))
            family.add_metric(labels, buckets, seen.total)
        return family
