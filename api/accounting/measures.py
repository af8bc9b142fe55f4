"""What Prometheus is told of the calls.

By the names of OpenTelemetry's conventions for generative AI, in the form its exporters give them, where there are any.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ has names, attributes and buckets.
"""

from collections.abc import Iterator, Sequence
from threading import Lock

from prometheus_client.core import Metric

from api.accounting.entry import Entry
from api.accounting.series import Counts, Names, Spread
from upstream.metering import Use

_MOST_MODELS = 200
_MOST_ENDPOINTS = 400
_MOST_ERRORS = 100
_FIRST_ERROR = 400

_SECONDS = tuple(0.01 * 2**step for step in range(14))
_TOKENS = tuple(4.0**step for step in range(14))
_FIRST_TOKEN_SECONDS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1),
    *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
_OPERATIONS = {
    "POST /ask": "chat",
    "POST /search": "embeddings",
    "POST /v1/chat/completions": "chat",
    "POST /v1/responses": "chat",
    "POST /v1/completions": "text_completion",
    "POST /v1/edits": "text_completion",
    "POST /v1/embeddings": "embeddings",
    "POST /v1/moderations": "moderation",
    "POST /v1/audio/speech": "speech",
    "POST /v1/audio/transcriptions": "transcription",
    "POST /v1/audio/translations": "translation",
    "POST /v1/images/generations": "image_generation",
    "POST /v1/images/edits": "image_generation",
    "POST /v1/images/variations": "image_generation",
    "GET /v1/realtime": "realtime",
    "POST /v1/engines/{id}/completions": "text_completion",
    "POST /v1/engines/{id}/embeddings": "embeddings",
    "POST /v1/engines/{id}/edits": "text_completion",
}
"""Calls of models; the first six values are the convention's, the others ours in its manner."""
_BACKGROUND = "embeddings"
_CALL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Measures:
    """Counts calls in batches, and is read whenever Prometheus asks; from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._models, self._endpoints, self._errors = Names(_MOST_MODELS), Names(_MOST_ENDPOINTS), Names(_MOST_ERRORS)
        self._duration = Spread(
            "gen_ai_client_operation_duration_seconds",
            "Time of calls of models, from their arrival to the last byte.",
            (*_CALL, "error_type"),
            _SECONDS,
        )
        self._tokens = Spread(
            "gen_ai_client_token_usage", "Tokens of calls of models.", (*_CALL, "gen_ai_token_type"), _TOKENS
        )
        self._first_token = Spread(
            "gen_ai_server_time_to_first_token_seconds",
            "Time to the first byte of streamed answers.",
            _CALL,
            _FIRST_TOKEN_SECONDS,
        )
        self._requests = Counts("footnote_requests", "Requests that were answered.", ("endpoint", "status"))
        self._seconds = Spread(
            "footnote_request_duration_seconds", "Time to the last byte of an answer.", ("endpoint",), _SECONDS
        )
        self._cost = Counts("footnote_cost_usd", "Cost of calls whose price is known.", _CALL[1:])
        self._retries = Counts("footnote_upstream_retries", "Tries after the first.", (_CALL[1],))
        self._refused = Counts("footnote_refused_keys", "Requests whose key is missing or wrong.", ())
        self._unpriced = Counts("footnote_unpriced_calls", "Calls that used tokens of unknown price.", _CALL[1:])

    def refuse(self) -> None:
        """Count a request whose key is missing or wrong."""
        with self._lock:
            self._refused.add(())

    def observe(self, entries: Sequence[Entry]) -> None:
        """Count calls that have ended."""
        with self._lock:
            for entry in entries:
                self._observe(entry)

    def observe_background(self, uses: Sequence[Use]) -> None:
        """Count tokens that no request asked for: those of documents that are made searchable."""
        with self._lock:
            for use in uses:
                self._count_tokens((_BACKGROUND, "", self._models[use.model]), use.input_tokens, use.output_tokens)

    def collect(self) -> Iterator[Metric]:
        """All that was counted, as `prometheus_client` writes it out."""
        with self._lock:
            yield from [
                series.family()
                for series in (
                    *(self._duration, self._tokens, self._first_token, self._requests, self._seconds),
                    *(self._cost, self._retries, self._unpriced, self._refused),
                )
            ]

    def _observe(self, entry: Entry) -> None:
        endpoint = self._endpoints[entry.endpoint]
        self._requests.add((endpoint, str(entry.status)))
        self._seconds.observe((endpoint,), entry.seconds)
        provider, model = entry.upstream or "", self._models[entry.model] if entry.model else ""
        if entry.retries:
            self._retries.add((provider,), entry.retries)
        if entry.cost_usd is not None:
            self._cost.add((provider, model), entry.cost_usd)
        elif entry.input_tokens or entry.output_tokens:
            self._unpriced.add((provider, model))
        operation = _OPERATIONS.get(entry.endpoint)
        if operation is not None and (entry.model or entry.uses):
            self._observe_model(entry, (operation, provider, model))

    def _observe_model(self, entry: Entry, labels: tuple[str, str, str]) -> None:
        self._duration.observe((*labels, self._error(entry)), entry.seconds)
        if entry.streamed and entry.first_byte_seconds is not None:
            self._first_token.observe(labels, entry.first_byte_seconds)
        for use in entry.uses:
            self._count_tokens((*labels[:2], self._models[use.model]), use.input_tokens, use.output_tokens)
        if not entry.uses:
            self._count_tokens(labels, entry.input_tokens, entry.output_tokens)

    def _count_tokens(self, labels: tuple[str, str, str], read: int, written: int) -> None:
        if read:
            self._tokens.observe((*labels, "input"), read)
        if written:
            self._tokens.observe((*labels, "output"), written)

    def _error(self, entry: Entry) -> str:
        if entry.error:
            return self._errors[entry.error]
        return str(entry.status) if entry.status >= _FIRST_ERROR else ""
