"""Pauses between tries: spread, growing, never longer than allowed nor shorter than asked for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.failures import Refusal, Report, read_report, read_retry_after, streamed_error
from upstream.retrying import Retries

SECONDS = st.floats(0.001, 3600)


@given(st.integers(0, 20), SECONDS, st.none() | SECONDS)
def test_a_pause_is_never_longer_than_allowed(tries: int, longest: float, asked: float | None) -> None:
    assert 0.0 <= Retries(20, longest).pause_seconds(tries, asked) <= longest


@given(st.integers(0, 20), SECONDS)
def test_a_pause_is_never_shorter_than_the_server_asks(tries: int, asked: float) -> None:
    assert Retries(20, 3600).pause_seconds(tries, asked) >= asked


def test_pauses_differ_and_grow() -> None:
    retries = Retries(20, 60.0)
    early = [retries.pause_seconds(0, None) for _ in range(200)]
    late = [retries.pause_seconds(6, None) for _ in range(200)]
    assert len(set(early)) > 100
    assert max(early) <= 0.5 < max(late)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_a_date_in_retry_after_counts_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    assert read_retry_after({"retry-after": date}) == pytest.approx(300, abs=30)


@pytest.mark.parametrize(
    ("body", "report"),
    [
        ('{"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}', Report("m", "p", "c")),
        ('{"error": {"message": "m", "type": "t", "code": 404}}', Report("m", None, "t", 404)),
        ('{"error": "plain"}', Report("plain")),
        ('{"object": "error", "message": "m", "type": "t"}', Report("m", None, "t")),
        ('{"detail": [{"loc": ["body", "input"], "msg": "missing"}]}', Report("input: missing", "input")),
        ("<html>Bad gateway</html>", Report()),
        ("[1]", Report()),
        ('{"error": [3]}', Report()),
    ],
)
def test_error_bodies_are_read_in_the_forms_servers_give_them(body: str, report: Report) -> None:
    assert read_report(body) == report


@given(st.text(max_size=60), st.text(min_size=40, max_size=60))
def test_a_message_with_a_stretch_of_the_text_is_not_shown(around: str, text: str) -> None:
    message = f"{around} {text} {around}"
    shown = str(Refusal(400, Report(message), texts=[text]).error())
    assert " ".join(text.split()) not in shown or len(" ".join(text.split())) < 32


def test_a_streamed_error_of_unknown_kind_is_the_servers_own() -> None:
    assert streamed_error(Report("?", code="strange"), []).retryable
    assert not streamed_error(Report("?", status=400), []).retryable
