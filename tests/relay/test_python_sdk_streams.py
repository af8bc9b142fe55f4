"""Streams, files of bytes, errors and realtime: the official Python SDK gets through Footnote what it gets without."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import APIStatusError, AsyncOpenAI, OpenAI

from tests.fakes.echo_server import EchoServer, Fault, Reply, SocketScript, error_reply, json_reply
from tests.relay import streaming
from tests.relay.door import UPSTREAM_KEY, Door
from tests.relay.families import sound
from tests.relay.seen import seen

_MESSAGES: Any = [{"role": "user", "content": "hi"}]
_BYTES = bytes(range(256)) * 1_000

Stream = Callable[[OpenAI], Any]


STREAMS: list[tuple[str, Any, Stream]] = [
    (
        "chat",
        streaming.chat_stream,
        lambda c: c.chat.completions.create(model="gpt-4o-mini", messages=_MESSAGES, stream=True),
    ),
    (
        "chat with usage",
        streaming.chat_stream,
        lambda c: c.chat.completions.create(
            model="gpt-4o-mini", messages=_MESSAGES, stream=True, stream_options={"include_usage": True}
        ),
    ),
    (
        "completions",
        streaming.completion_stream,
        lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt="a", stream=True),
    ),
    (
        "responses",
        streaming.response_stream,
        lambda c: c.responses.create(model="gpt-4.1-mini", input="hi", stream=True),
    ),
    (
        "transcription",
        streaming.transcript_stream,
        lambda c: c.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound(), stream=True),
    ),
    (
        "image",
        streaming.image_stream,
        lambda c: c.images.generate(model="gpt-image-1", prompt="a hill", stream=True, partial_images=1),
    ),
]


@pytest.mark.parametrize(("answering", "call"), [each[1:] for each in STREAMS], ids=[each[0] for each in STREAMS])
def test_every_event_of_a_stream_arrives_as_it_was_sent(
    echo: EchoServer, relayed: OpenAI, straight: OpenAI, answering: Any, call: Stream
) -> None:
    echo.answering = answering
    expected, found = ([event.to_dict() for event in call(client)] for client in (straight, relayed))
    assert found == expected
    assert len(found) >= 2


def test_a_request_that_asks_for_usage_reaches_the_upstream_unchanged(
    echo: EchoServer, relayed: OpenAI, straight: OpenAI
) -> None:
    echo.answering = streaming.chat_stream
    for client in (straight, relayed):
        events = list(STREAMS[1][2](client))
        assert events[-1].usage.total_tokens == 15
    without, through = echo.requests[-2:]
    assert seen(through) == seen(without)


@pytest.mark.anyio
async def test_the_async_client_streams_too(echo: EchoServer, door: Door) -> None:
    echo.answering = streaming.chat_stream
    async with AsyncOpenAI(base_url=door.base_url, api_key=door.key) as client:
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=_MESSAGES, stream=True)
        words = [chunk.choices[0].delta.content async for chunk in stream]
    assert tuple(words) == streaming.WORDS


def test_events_arrive_while_the_upstream_still_holds_the_next_ones_back(echo: EchoServer, relayed: OpenAI) -> None:
    def answering(recorded: Any) -> Reply:
        whole = streaming.chat_stream(recorded)
        first, *rest = whole.pieces
        return Reply([first, Fault.STALL, *rest], headers=whole.headers, framing="chunked")

    echo.answering = answering
    stream = relayed.chat.completions.create(model="gpt-4o-mini", messages=_MESSAGES, stream=True)
    assert next(stream).choices[0].delta.content == streaming.WORDS[0]
    echo.release()
    assert [chunk.choices[0].delta.content for chunk in stream] == list(streaming.WORDS[1:])


def test_speech_is_the_same_bytes(echo: EchoServer, relayed: OpenAI) -> None:
    echo.answering = lambda _: Reply(
        [_BYTES[:70_001], _BYTES[70_001:]], headers=((b"content-type", b"audio/mpeg"),), framing="chunked"
    )
    call = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Guten Tag"}
    with relayed.audio.speech.with_streaming_response.create(**call) as speech:  # type: ignore[arg-type]
        assert b"".join(speech.iter_bytes()) == _BYTES
        assert speech.headers["content-type"] == "audio/mpeg"
    assert json.loads(echo.requests[-1].body) == call


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_a_transcription_in_words_is_the_same_text(echo: EchoServer, relayed: OpenAI, form: Any) -> None:
    text = "1\n00:00:00,000 --> 00:00:01,000\nGuten Tag – 你好\n"
    echo.answering = lambda _: Reply([text.encode()], headers=((b"content-type", b"text/plain; charset=utf-8"),))
    found: Any = relayed.audio.transcriptions.create(model="whisper-1", file=sound(), response_format=form)
    assert found == text


@pytest.mark.parametrize("path", ["/files/file-1/content", "/videos/v_1/content", "/containers/c/files/f/content"])
def test_the_content_of_a_file_is_the_same_bytes(echo: EchoServer, relayed: OpenAI, path: str) -> None:
    echo.answering = lambda _: Reply([_BYTES], headers=((b"content-type", b"application/octet-stream"),))
    assert relayed.get(path, cast_to=bytes, options={"headers": {"accept": "*/*"}}) == _BYTES


@pytest.mark.parametrize("status", [400, 404, 409, 422, 429, 500, 503])
def test_an_error_of_the_upstream_is_the_clients_error(
    echo: EchoServer, relayed: OpenAI, straight: OpenAI, status: int
) -> None:
    headers = ((b"x-request-id", b"req_upstream"), (b"x-ratelimit-remaining-requests", b"0"))
    echo.answering = lambda _: error_reply(status, "scripted", "Not so.", headers=headers)
    errors = []
    for client in (straight, relayed):
        with pytest.raises(APIStatusError) as caught:
            client.files.create(file=("f", b"x"), purpose="batch")
        errors.append(caught.value)
    expected, found = errors
    assert type(found) is type(expected)
    assert (found.status_code, found.code, found.body) == (status, "scripted", expected.body)
    assert found.request_id == "req_upstream"
    assert found.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_headers_of_the_answer_are_the_upstreams(echo: EchoServer, relayed: OpenAI) -> None:
    own = ((b"x-request-id", b"req_1"), (b"openai-processing-ms", b"12"), (b"x-new", b"a"), (b"x-new", b"b"))
    echo.answering = lambda _: json_reply({"object": "list", "data": []}, headers=own)
    answer = relayed.files.with_raw_response.list()
    assert answer.headers.get_list("x-new") == ["a", "b"]
    assert (answer.headers["x-request-id"], answer.headers["openai-processing-ms"]) == ("req_1", "12")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # how the SDK calls `websockets`
def test_realtime_talks_both_ways(echo: EchoServer, relayed: OpenAI) -> None:
    greeting = {"type": "session.created", "event_id": "e_1", "session": {"type": "realtime", "model": "gpt-realtime"}}
    done = {"type": "response.done", "event_id": "e_2", "response": {"id": "r_1", "usage": {"total_tokens": 5}}}
    echo.socket_script = SocketScript(greeting=[json.dumps(greeting)], replies=[json.dumps(done)])
    with relayed.realtime.connect(model="gpt-realtime") as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(session={"type": "realtime", "instructions": "Sag 你好"})
        assert connection.recv().type == "response.done"
    request = echo.requests[-1]
    assert request.target == "/v1/realtime?model=gpt-realtime"
    assert request.values("authorization") == [f"Bearer {UPSTREAM_KEY}".encode()]
    assert json.loads(request.frames[0])["session"]["instructions"] == "Sag 你好"
