"""`/metrics`: what Prometheus asks for."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from api.accounting.measures import Measures
from api.permissions import GuardedRoute, MayMeasure
from api.services import Opened, Services
from records import jobs
from records.errors import RecordsError
from upstream.relay.server import ServerState

router = APIRouter(tags=["monitoring"], route_class=GuardedRoute)


class _Everything(Collector):
    """What was counted, and what was found out for this one answer."""

    def __init__(self, measures: Measures, found: Sequence[Metric]) -> None:
        self._measures = measures
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """All of it, and what the operating system knows of this process."""
        yield from self._measures.collect()
        yield from self._found
        yield from ProcessCollector(registry=None).collect()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(services: Opened, _caller: MayMeasure) -> Response:
    """Requests, latencies, tokens, cost, upstreams and queue of this process, as Prometheus reads them."""
    found = [*_of_upstreams(services), *_of_ledger(services), *await _of_jobs(services)]
    text = await asyncio.to_thread(generate_latest, _Everything(services.ledger.measures, found))
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _of_upstreams(services: Services) -> Iterator[Metric]:
    states: Sequence[ServerState] = services.upstream.relay.states() if services.upstream.relay else ()
    by_name = {state.name: state for state in states}
    up = {name: float(state.state == "up") for name, state in by_name.items()}
    in_flight = {name: state.in_flight for name, state in by_name.items()}
    resting = {name: state.keys_resting for name, state in by_name.items()}
    yield _gauges("footnote_upstream_up", "1 where the upstream is called, 0 where it is left alone.", "upstream", up)
    yield _gauges("footnote_upstream_in_flight", "Calls under way at the upstream.", "upstream", in_flight)
    yield _gauges("footnote_upstream_keys_resting", "Keys that are refused or limited.", "upstream", resting)


def _of_ledger(services: Services) -> Iterator[Metric]:
    ledger = services.ledger
    yield GaugeMetricFamily("footnote_ledger_backlog", "Calls whose rows are still to be written.", ledger.backlog)
    yield CounterMetricFamily("footnote_ledger_rows", "Rows that were written.", ledger.written)
    yield CounterMetricFamily("footnote_ledger_rows_lost", "Calls that have no row.", ledger.lost)


async def _of_jobs(services: Services) -> Sequence[Metric]:
    """Nothing where the database does not answer: the rest is worth knowing then."""
    try:
        counts = await services.records.database.read(jobs.counts)
    except RecordsError:
        return ()
    by_status = {status.value: count for status, count in counts.items()}
    return (_gauges("footnote_jobs", "Documents in the queue and behind it, by status.", "status", by_status),)


def _gauges(name: str, meaning: str, label: str, values: Mapping[str, Any]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for value in values:
        family.add_metric([value], values[value])
    return family
