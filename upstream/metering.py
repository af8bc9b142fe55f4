"""Counting the tokens that typed calls use, for whoever asked for them.

Whoever wants to know sets a meter for all that happens from there on (a request, the work on documents); the calls of
chat and embedders add to it what the server says they used. Calls nobody wants to know of are not counted.
"""

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_MARK = b'"usage"'
_NEAR_BYTES = 2_048
"""Where `usage` stands from the end or the beginning of an answer that is mostly numbers."""
_JSON = json.JSONDecoder()


@dataclass(slots=True)
class Use:
    """Tokens of one model."""

    model: str
    input_tokens: int = 0
    """Tokens read, cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0


class Meter:
    """Tokens used since it was last read, by model, and who answered last."""

    def __init__(self) -> None:
        self.upstream: str | None = None
        """Name of the server that answered last."""
        self.model: str | None = None
        """Model that answered last, by its server's name for it."""
        self.retries = 0
        """Tries after the first, of all calls together."""
        self._uses: dict[str, Use] = {}
        self._names: dict[str, str] = {}

    def answered(self, upstream: str, model: str, served: str | None, tries: int) -> None:
        """A server has answered a call of `model`, which it calls `served`, after so many tries."""
        self.upstream = upstream
        self.model = self._names[model] = served or model
        self.retries += tries - 1

    def add(self, used: Use) -> None:
        """Count what one call used, under the name by which the server knows the model."""
        model = self._names.get(used.model, used.model)
        total = self._uses.pop(model, None) or Use(model)
        total.input_tokens += used.input_tokens
        total.cached_tokens += used.cached_tokens
        total.output_tokens += used.output_tokens
        self._uses[model] = total

    def take(self) -> Sequence[Use]:
        """What was used, the model that was called last in the end; counting begins anew."""
        uses, self._uses = self._uses, {}
        return list(uses.values())


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


def use_meter(meter: Meter) -> None:
    """Count what this task, and those it starts from now on, use."""
    _current.set(meter)


def note_answer(upstream: str, model: str, served: str | None, tries: int) -> None:
    """Note who answers a call; see `Meter.answered`."""
    meter = _current.get()
    if meter is not None:
        meter.answered(upstream, model, served, tries)


def count_reported(model: str, usage: Any) -> None:
    """Count what a server reports as `usage`, in the names of chat completions or of responses."""
    meter = _current.get()
    if meter is not None and isinstance(usage, Mapping):
        meter.add(_read(model, usage))


def read_use(model: str, usage: Any) -> Use | None:
    """What a server reports as `usage`; None when it reports nothing."""
    return _read(model, usage) if isinstance(usage, Mapping) else None


def count_answer(model: str, body: bytes) -> None:
    """Count the `usage` in the JSON of an answer that is mostly vectors, without reading those."""
    if _current.get() is not None:
        count_reported(model, _find(body[-_NEAR_BYTES:]) or _find(body[:_NEAR_BYTES]))


def _find(piece: bytes) -> Any:
    place = piece.rfind(_MARK)
    if place < 0:
        return None
    rest = piece[place + len(_MARK) :].decode(errors="replace").lstrip().removeprefix(":").lstrip()
    try:
        return _JSON.raw_decode(rest)[0]
    except (ValueError, RecursionError):
        return None


def _read(model: str, usage: Mapping[str, Any]) -> Use:
    read = _number(usage, "prompt_tokens") or _number(usage, "input_tokens")
    written = _number(usage, "completion_tokens") or _number(usage, "output_tokens")
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = _number(details, "cached_tokens") if isinstance(details, Mapping) else 0
    return Use(model, read, cached, written)


def _number(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value > 0 else 0
