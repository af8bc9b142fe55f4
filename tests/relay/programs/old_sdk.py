# mypy: ignore-errors
"""A program of 2023, written against `openai==0.28`: only OPENAI_API_BASE and OPENAI_API_KEY are set.

Prints a JSON object with what each call gave. It runs in an environment of its own.
"""

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import openai

Calls = Iterable[tuple[str, Callable[[], Any]]]
_MESSAGES = [{"role": "user", "content": "Grüße, 你好"}]


def _file(name: str, content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def _text(chunks: Iterable[Any]) -> str:
    return "".join(chunk["choices"][0]["text"] for chunk in chunks)


def _words(chunks: Iterable[Any]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


def _refused() -> Any:
    try:
        openai.Model.retrieve("no-such-model")
    except openai.error.InvalidRequestError as error:
        return [error.http_status, error.code]


def _completing() -> Calls:
    yield "chat", lambda: openai.ChatCompletion.create(model="gpt-4o-mini", messages=_MESSAGES)
    yield (
        "chat stream",
        lambda: _words(openai.ChatCompletion.create(model="gpt-4o-mini", messages=_MESSAGES, stream=True)),
    )
    yield "completion", lambda: openai.Completion.create(model="gpt-3.5-turbo-instruct", prompt="a", max_tokens=1)
    yield (
        "completion stream",
        lambda: _text(openai.Completion.create(model="gpt-3.5-turbo-instruct", prompt="a", stream=True)),
    )
    yield "embedding", lambda: openai.Embedding.create(model="text-embedding-3-small", input=["a"])
    yield "edit", lambda: openai.Edit.create(model="gpt-4o-mini", input="Helo", instruction="Fix the spelling", n=1)
    yield "moderation", lambda: openai.Moderation.create(input="a")
    yield "image", lambda: openai.Image.create(prompt="a hill", n=1)
    yield "transcription", lambda: openai.Audio.transcribe("whisper-1", _file("a.wav", b"RIFF\x00\xff" * 100))
    yield "translation", lambda: openai.Audio.translate("whisper-1", _file("a.wav", b"RIFF\x00\xff" * 100))


def _listing() -> Calls:
    yield "models", openai.Model.list
    yield "model", lambda: openai.Model.retrieve("gpt-4o-mini")
    yield "model delete", lambda: openai.Model.delete("curie:ft-me-2023")
    yield "no model", _refused
    yield "engines", openai.Engine.list
    yield "engine", lambda: openai.Engine.retrieve("gpt-4o-mini")
    yield "engine completion", lambda: openai.Completion.create(engine="gpt-3.5-turbo-instruct", prompt="a")
    yield "engine chat", lambda: openai.ChatCompletion.create(engine="gpt-4o-mini", messages=_MESSAGES)
    yield "engine embedding", lambda: openai.Embedding.create(engine="text-embedding-3-small", input="a")
    yield "file", lambda: openai.File.create(file=_file("train.jsonl", b'{"prompt": "a"}\n'), purpose="fine-tune")
    yield "files", openai.File.list
    yield "file get", lambda: openai.File.retrieve("file-1")
    yield "file content", lambda: list(openai.File.download("file-1"))
    yield "file delete", lambda: openai.File.delete("file-1")


def _tuning() -> Calls:
    made = {"id": "none"}

    def make() -> Any:
        made.update(openai.FineTune.create(training_file="file-1", model="gpt-4o-mini", n_epochs=3, suffix="me"))
        return made

    yield "fine-tune", make
    yield "fine-tunes", openai.FineTune.list
    yield "fine-tune get", lambda: openai.FineTune.retrieve(made["id"])
    yield "fine-tune events", lambda: openai.FineTune.list_events(made["id"])
    yield "fine-tune cancel", lambda: openai.FineTune.cancel(made["id"])
    yield "fine-tune event stream", lambda: [event["message"] for event in openai.FineTune.stream_events(made["id"])]
    yield "job", lambda: openai.FineTuningJob.create(training_file="file-1", model="gpt-4o-mini")
    yield "jobs", lambda: openai.FineTuningJob.list(limit=5)
    yield "job events", lambda: openai.FineTuningJob.list_events("ftjob-2")


def _asynchronous() -> Calls:
    async def stream() -> str:
        chunks = await openai.ChatCompletion.acreate(model="gpt-4o-mini", messages=_MESSAGES, stream=True)
        return _words([chunk async for chunk in chunks])

    chat = {"model": "gpt-4o-mini", "messages": _MESSAGES}
    edit = {"model": "gpt-4o-mini", "input": "Helo", "instruction": "Fix the spelling"}
    yield "async chat", lambda: asyncio.run(openai.ChatCompletion.acreate(**chat))
    yield "async chat stream", lambda: asyncio.run(stream())
    yield "async edit", lambda: asyncio.run(openai.Edit.acreate(**edit))


def _result(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except openai.error.OpenAIError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Call everything, one after the other."""
    calls = [*_completing(), *_listing(), *_tuning(), *_asynchronous()]
    results = {name: _result(call) for name, call in calls}
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
