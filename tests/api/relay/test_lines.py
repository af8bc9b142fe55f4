import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from api.relay.lines import Lines
from api.relay.usage_lines import UsageLines

_EXTRA = {"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
_PIECES = st.lists(st.integers(1, 40), max_size=60)


def _cut(stream: bytes, sizes: Sequence[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(stream[start : start + size])
        start += size
    return [piece for piece in [*pieces, stream[start:]] if piece]


def _passed(stream: bytes, sizes: Sequence[int]) -> bytes:
    lines = Lines()
    return b"".join(map(lines.feed, _cut(stream, sizes))) + lines.finish()


def _without_usage(stream: bytes, sizes: Sequence[int]) -> bytes:
    lines, usage = Lines(), UsageLines()
    passed = b"".join(usage.feed(lines.feed(piece)) for piece in _cut(stream, sizes))
    return passed + usage.feed(lines.finish())


@settings(deadline=None)
@given(st.text(alphabet='a:\r\n{}"', max_size=200), _PIECES)
def test_a_stream_passes_unchanged_however_it_is_cut(text: str, sizes: Sequence[int]) -> None:
    assert _passed(text.encode(), sizes) == text.encode()


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=20), max_size=8),
    st.sampled_from(["\n\n", "\r\n\r\n", "\r\r"]),
    st.sampled_from([(",", ":"), (", ", ": ")]),
    _PIECES,
)
def test_what_was_added_for_usage_is_taken_out_however_the_stream_is_cut(
    texts: Sequence[str], end: str, separators: tuple[str, str], sizes: Sequence[int]
) -> None:
    def event(value: object) -> str:
        return f"data: {json.dumps(value, separators=separators)}{end}"

    chunks = [{"id": "c", "choices": [{"delta": {"content": text + ' ,"usage":null'}}]} for text in texts]
    plain = "".join(map(event, chunks)) + f"data: [DONE]{end}"
    asked = "".join(event({**chunk, "usage": None}) for chunk in chunks) + event(_EXTRA) + f"data: [DONE]{end}"
    assert _without_usage(asked.encode(), sizes) == plain.encode()


def test_a_leading_empty_usage_is_taken_out_too() -> None:
    assert _without_usage(b'data: {"usage":null, "choices":[]}\n\n', [3]) == b'data: {"choices":[]}\n\n'


def test_usage_beside_text_stays() -> None:
    stream = b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}\n\n: note "usage"\n\ndata: "usage"\n\n'
    assert _without_usage(stream, [9]) == stream


def test_other_events_without_choices_stay() -> None:
    stream = b'data: {"choices":[],"prompt_filter_results":[]}\n\ndata: {"choices":[],"error":"usage"}\n\n'
    assert _without_usage(stream, []) == stream


def test_a_begun_line_is_dropped_where_a_stream_breaks_off() -> None:
    lines = Lines()
    assert lines.feed(b'data: 1\n\ndata: {"half') == b"data: 1\n\n"
    assert lines.broken_off() == b""


def test_a_begun_event_is_ended_where_a_stream_breaks_off() -> None:
    lines = Lines()
    assert lines.feed(b"data: 1\ndata: 2\nda") == b"data: 1\ndata: 2\n"
    assert lines.broken_off() == b"\n"


def test_an_endless_line_passes_in_pieces() -> None:
    lines = Lines()
    passed = [lines.feed(b"x" * 10_000) for _ in range(20)]
    assert sum(map(len, passed)) >= 140_000
    assert lines.broken_off() == b"\n\n"


def test_each_event_passes_as_soon_as_it_is_whole() -> None:
    lines = Lines()
    assert lines.feed(b"data: 1\n\n") == b"data: 1\n\n"
    assert lines.feed(b"data: 2\r\n\r\n") == b"data: 2\r\n\r\n"
