import gzip
import json
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from api.relay.counting import Tokens, of_answer, of_end
from api.relay.meter import Meter

_CHAT = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 5}}
_RESPONSES = {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 7, "total_tokens": 18}
_REALTIME = {"input_tokens": 11, "input_token_details": {"cached_tokens": 5}, "output_tokens": 7}
_DEEPSEEK = {"prompt_tokens": 11, "completion_tokens": 7, "prompt_cache_hit_tokens": 5}


@pytest.mark.parametrize("usage", [_CHAT, _RESPONSES, _REALTIME, _DEEPSEEK])
def test_every_way_of_naming_tokens_is_understood(usage: dict[str, object]) -> None:
    body = json.dumps({"id": "x", "choices": [], "usage": usage, "user": None}).encode()
    assert of_answer(body) == Tokens(11, 5, 7)
    assert of_end(b'...cut off"}]}],' + body[10:]) == Tokens(11, 5, 7)


def test_embeddings_report_what_was_read_alone() -> None:
    assert of_answer(b'{"data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}') == Tokens(8, 0, 0)


def test_a_total_alone_counts_as_read() -> None:
    assert of_answer(b'{"usage": {"total_tokens": 8}}') == Tokens(8, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"usage": null}',
        b'{"usage": "much"}',
        b'{"usage": {"type": "duration", "seconds": 3}}',
        b'{"usage": {"prompt_tokens": "many"}}',
        b'{"usage": [1, 2]}',
        b'{"usage": {"prompt_tokens": 1',
        b'\xff\xfe{"usage"',
    ],
)
def test_an_answer_without_tokens_is_no_error(body: bytes) -> None:
    assert of_answer(body) is None
    assert of_end(body) is None


def test_what_a_model_writes_is_not_taken_for_usage() -> None:
    text = 'I used "usage": {"prompt_tokens": 999} of it'
    chunk = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 2}, "choices": [{"text": text}]})
    assert of_end(f"data: {chunk}\n\n".encode()) == Tokens(1, 0, 2)


def test_the_last_usage_of_a_stream_counts() -> None:
    stream = b"".join(b'data: {"usage":{"prompt_tokens":3,"completion_tokens":%d}}\n\n' % n for n in range(5))
    assert of_end(stream + b'data: {"usage":null}\n\ndata: [DONE]\n\n') == Tokens(3, 0, 4)


def test_a_meter_keeps_the_end_of_an_answer_alone() -> None:
    meter = Meter()
    for _ in range(1_000):
        meter.feed(b"x" * 4_096)
    meter.feed(b'"}],"usage":{"prompt_tokens":4,"total_tokens":4}}')
    assert 65_536 <= len(meter.tail()) < 65_536 + 4_096
    assert meter.tokens(streamed=False) == Tokens(4, 0, 0)


def _deflate_bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        (b"gzip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"deflate", _deflate_bare),
        (b"br", brotli.compress),
        (b"zstd", zstandard.compress),
        (b"identity", bytes),
    ],
)
def test_compressed_answers_are_counted_too(encoding: bytes, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(json.dumps({"text": "moon " * 500, "usage": _CHAT}).encode())
    meter = Meter(encoding)
    for start in range(0, len(packed), 7):
        meter.feed(packed[start : start + 7])
    assert meter.tokens(streamed=False) == Tokens(11, 5, 7)


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"compress"])
def test_an_answer_that_cannot_be_unpacked_is_not_counted(encoding: bytes) -> None:
    meter = Meter(encoding)
    for _ in range(3):
        meter.feed(b'{"usage":{"prompt_tokens":4,"total_tokens":4}}')
    assert meter.tokens(streamed=False) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_upset_the_counting(body: bytes) -> None:
    of_answer(body)
    of_end(b'{"usage"' + body)
