"""Prometheus is told of every call, under names that stay few."""

from collections.abc import Iterable

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from api.accounting.measures import Measures
from tests.api.accounting.making import entry
from upstream.metering import Use

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
CHAT = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "default",
    "gen_ai_request_model": "writer",
}


class Told(Collector):
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def collect(self) -> Iterable[Metric]:
        return self._measures.collect()


def samples(measures: Measures) -> Samples:
    """What Prometheus reads, by name and labels."""
    text = generate_latest(Told(measures)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def label_values(found: Samples, label: str) -> set[str]:
    pairs: Iterable[tuple[str, str]] = (pair for _, labels in found for pair in labels)
    return {content for name, content in pairs if name == label}


def test_a_chat_call_is_told_by_the_names_of_the_convention() -> None:
    measures = Measures()
    measures.observe([entry(streamed=True, first_byte_seconds=0.03, seconds=0.5, cost_usd=0.25), entry(seconds=100.0)])
    found = samples(measures)
    duration = CHAT | {"error_type": ""}
    assert value(found, "gen_ai_client_operation_duration_seconds_count", **duration) == 2
    assert value(found, "gen_ai_client_operation_duration_seconds_sum", **duration) == 100.5
    assert value(found, "gen_ai_client_operation_duration_seconds_bucket", **duration, le="0.32") == 0
    assert value(found, "gen_ai_client_operation_duration_seconds_bucket", **duration, le="0.64") == 1
    assert value(found, "gen_ai_client_operation_duration_seconds_bucket", **duration, le="81.92") == 1
    assert value(found, "gen_ai_client_operation_duration_seconds_bucket", **duration, le="+Inf") == 2
    assert value(found, "gen_ai_client_token_usage_sum", **CHAT, gen_ai_token_type="input") == 200
    assert value(found, "gen_ai_client_token_usage_sum", **CHAT, gen_ai_token_type="output") == 40
    assert value(found, "gen_ai_server_time_to_first_token_seconds_count", **CHAT) == 1
    assert (
        value(found, "footnote_cost_usd_total", gen_ai_provider_name="default", gen_ai_request_model="writer") == 0.25
    )


def test_every_call_is_counted_by_endpoint_and_status() -> None:
    measures = Measures()
    calls = [entry(), entry(status=429, error="rate_limit_exceeded"), entry(endpoint="GET /v1/files", model=None)]
    measures.observe([*calls, entry(retries=3, upstream="second")])
    found = samples(measures)
    chat = "POST /v1/chat/completions"
    assert value(found, "footnote_requests_total", endpoint=chat, status="200") == 2
    assert value(found, "footnote_requests_total", endpoint=chat, status="429") == 1
    assert value(found, "footnote_requests_total", endpoint="GET /v1/files", status="200") == 1
    assert value(found, "footnote_request_duration_seconds_count", endpoint="GET /v1/files") == 1
    assert value(found, "footnote_upstream_retries_total", gen_ai_provider_name="second") == 3
    duration = CHAT | {"error_type": "rate_limit_exceeded"}
    assert value(found, "gen_ai_client_operation_duration_seconds_count", **duration) == 1


def test_tokens_of_several_models_are_told_apart() -> None:
    measures = Measures()
    uses = [Use("embedder", 5), Use("writer", 100, 0, 20)]
    measures.observe([entry(endpoint="POST /ask", uses=uses, input_tokens=105, upstream=None)])
    measures.observe_background([Use("embedder", 1_000)])
    found = samples(measures)
    embedder = {"gen_ai_provider_name": "", "gen_ai_request_model": "embedder", "gen_ai_token_type": "input"}
    assert value(found, "gen_ai_client_token_usage_sum", gen_ai_operation_name="chat", **embedder) == 5
    assert value(found, "gen_ai_client_token_usage_sum", gen_ai_operation_name="embeddings", **embedder) == 1_000


def test_calls_of_unknown_price_are_counted_apart() -> None:
    measures = Measures()
    measures.observe([entry(), entry(input_tokens=0, output_tokens=0)])
    labels = {"gen_ai_provider_name": "default", "gen_ai_request_model": "writer"}
    assert value(samples(measures), "footnote_unpriced_calls_total", **labels) == 1


@pytest.mark.parametrize(("field", "label"), [("model", "gen_ai_request_model"), ("endpoint", "endpoint")])
def test_names_that_clients_invent_do_not_grow_without_end(field: str, label: str) -> None:
    measures = Measures()
    measures.observe([entry(**{field: f"invented {number}"}) for number in range(5_000)])
    found = samples(measures)
    names = label_values(found, label)
    assert len(names) <= 401
    assert "other" in names
    total = sum(count for (name, _), count in found.items() if name == "footnote_requests_total")
    assert total == 5_000


def test_errors_that_upstreams_invent_do_not_grow_without_end() -> None:
    measures = Measures()
    measures.observe([entry(error=f"invented {number}") for number in range(5_000)])
    assert len(label_values(samples(measures), "error_type")) <= 101


def test_names_cannot_break_out_of_their_line() -> None:
    measures = Measures()
    measures.observe([entry(model='evil"} 1\nfootnote_requests_total{endpoint="x')])
    assert label_values(samples(measures), "gen_ai_request_model") == {'evil"} 1\nfootnote_requests_total{endpoint="x'}
