"""Server-sent events: the way the bytes are split never matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.sse import EventDecoder, EventTooLongError

LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
VALUES = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12)


def _decode(pieces: list[bytes]) -> list[str]:
    return _feed(EventDecoder(), pieces)


def _feed(decoder: EventDecoder, pieces: list[bytes]) -> list[str]:
    return [event for piece in pieces for event in decoder.feed(piece)]


@st.composite
def _streams(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Events, and one way to write them, with noise between the lines."""
    events, text = [], draw(st.sampled_from(["", "\ufeff"]))
    for lines in draw(st.lists(st.lists(VALUES, min_size=1, max_size=3), max_size=5)):
        events.append("\n".join(lines))
        end = draw(LINE_ENDS)
        noise = draw(st.sampled_from(["", f": comment{end}", f"event: x{end}", f"id: 1{end}", f"nonsense{end}"]))
        text += noise + "".join(f"data: {line}{end}" for line in lines) + end
    return events, text.encode()


@given(_streams(), st.data())
def test_any_split_of_the_bytes_gives_the_same_events(stream: tuple[list[str], bytes], data: st.DataObject) -> None:
    events, written = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=8)))
    pieces = [written[a:b] for a, b in zip([0, *cuts], [*cuts, len(written)], strict=True)]
    assert _decode(pieces) == events
    assert _decode([written[i : i + 1] for i in range(len(written))]) == events


@pytest.mark.parametrize(
    ("written", "events"),
    [
        (b"data:no space\n\n", ["no space"]),
        (b"data:  two spaces\n\n", [" two spaces"]),
        (b"data\n\n", [""]),
        (b"data: a\r\rdata: b\r\n\r\n", ["a", "b"]),
        (b"data: unfinished\n", []),
        (b"\n\n: only a comment\n\n", []),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_events_are_read_as_the_standard_says(written: bytes, events: list[str]) -> None:
    assert _decode([written]) == events


@pytest.mark.parametrize("piece", [b"x" * 60, b"data: xxxxxxxxxxxxxx\n"])
def test_an_event_without_end_is_refused(piece: bytes) -> None:
    decoder = EventDecoder(max_event_bytes=100)
    with pytest.raises(EventTooLongError):
        _feed(decoder, [piece] * 20)
