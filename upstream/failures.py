"""Reading what an upstream says when it refuses."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from upstream.errors import (
    UpstreamAuthenticationError,
    UpstreamError,
    UpstreamOverloadedError,
    UpstreamQuotaError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

_MAX_MESSAGE_CHARACTERS = 300
_TEXT_PIECE_CHARACTERS = 24
_KEY_PIECE_CHARACTERS = 9
"""A message with a piece as long as this of a text, or of the key, is an echo and is not shown."""

_OVERLOADED = {503, 529}
_STATUS_OF_CODE = {"rate_limit_exceeded": 429, "rate_limit_error": 429, "insufficient_quota": 429}


@dataclass(frozen=True, slots=True)
class Report:
    """What an error body says; every part may be missing."""

    message: str = ""
    parameter: str | None = None
    code: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status and its body, with all that is needed to say what it means."""

    status: int
    report: Report
    retry_after_seconds: float | None = None
    key_option: str = "upstream.api_key"
    key: str = field(default="", repr=False)
    texts: Sequence[str] = field(default=(), repr=False)
    """Texts of the request: nothing that holds a piece of them, or of the key, is shown."""

    def error(self) -> UpstreamError:
        """The error that callers see."""
        match self.status:
            case 401 | 403:
                return UpstreamAuthenticationError(self._key_message())
            case 408:
                return UpstreamTimeoutError(retry_after_seconds=self.retry_after_seconds)
            case 429 if self.report.code == "insufficient_quota":
                return UpstreamQuotaError()
            case 429:
                return UpstreamRateLimitedError(retry_after_seconds=self.retry_after_seconds)
            case status if status == 409 or status >= 500:  # noqa: PLR2004 - HTTP statuses are their own names
                message = f"The upstream failed with status {status}; try again later."
                kind = UpstreamOverloadedError if status in _OVERLOADED else UpstreamUnavailableError
                return kind(message, retry_after_seconds=self.retry_after_seconds)
        return self._rejection()

    def _key_message(self) -> str:
        if not self.key:
            return f"The upstream asks for a key (status {self.status}); set `{self.key_option}`."
        return f"The upstream refuses the key, or what it may use (status {self.status}); check `{self.key_option}`."

    def _rejection(self) -> UpstreamRejectedError:
        said = _presentable(self.report.message, self.texts, self.key)
        reason = f": {said}" if said else "; check `upstream.base_url` and the model's name."
        return UpstreamRejectedError(
            f"The upstream refuses the request (status {self.status}){reason}",
            status=self.status,
            parameter=self.report.parameter,
            code=self.report.code,
        )


def read_report(body: bytes | str) -> Report:
    """The error in a body, in the forms OpenAI, vLLM, Ollama and FastAPI give it; empty for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Report()
    return report_of(value)


def report_of(value: Any) -> Report:
    """The error in a JSON value; empty when there is none."""
    if not isinstance(value, Mapping):
        return Report()
    error = value.get("error", value.get("detail", value))
    match error:
        case str():
            return Report(message=error)
        case [{"loc": [*_, field], "msg": str(message)}, *_]:
            return Report(message=f"{field}: {message}", parameter=str(field))
        case Mapping():
            return _report_of_fields(error)
    return Report()


def streamed_error(report: Report, texts: Sequence[str]) -> UpstreamError:
    """The error that an event in the middle of a stream reports.

    The request was accepted, so a reason we do not know counts as the server's own failure.
    """
    status = report.status or _STATUS_OF_CODE.get(report.code or "", 0)
    if status:
        return Refusal(status, report, texts=texts).error()
    return UpstreamUnavailableError("The upstream broke off its answer with an error; try again later.")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks to be left alone; None when it does not say.

    Reads `retry-after-ms`, which OpenAI sends, and `retry-after` in seconds or as a date (RFC 9110).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return seconds if seconds is not None else _seconds_until(value)


def _report_of_fields(error: Mapping[Any, Any]) -> Report:
    code, kind = error.get("code"), error.get("type")
    return Report(
        message=_string(error.get("message")) or "",
        parameter=_string(error.get("param")),
        code=_string(code) or _string(kind),
        status=code if isinstance(code, int) and 400 <= code <= 599 else None,  # noqa: PLR2004 - error statuses
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _seconds_until(date: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _presentable(message: str, texts: Iterable[str], key: str) -> str:
    """The message on one line and not too long; empty when it repeats a text or the key."""
    line = " ".join(message.split())[:_MAX_MESSAGE_CHARACTERS]
    spoilt = _repeats(line, key, _KEY_PIECE_CHARACTERS) or any(
        _repeats(line, " ".join(text.split()), _TEXT_PIECE_CHARACTERS) for text in texts
    )
    return "" if spoilt else line


def _repeats(line: str, secret: str, piece_characters: int) -> bool:
    """Whether the line holds the secret, or a stretch of it one third longer than a piece.

    A secret of less than half a piece is not looked for: it can be in any line by chance.
    """
    if len(secret) <= piece_characters:
        return len(secret) * 2 >= piece_characters and secret in line
    starts = range(0, len(line) - piece_characters + 1, piece_characters // 3)
    return any(line[start : start + piece_characters] in secret for start in starts)
