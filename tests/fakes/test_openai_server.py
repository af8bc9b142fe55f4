"""The fake server behaves like OpenAI's, as far as the official client can tell."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import openai
import pytest

from tests.fakes.embedding import embed
from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI

PROMPT = "[1] Bread is baked at dawn.\n[2] The culvert is two metres wide.\nQuestion: How wide is the culvert?"


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(Character(api_key="right")) as server:
        yield server


@pytest.fixture
def client(fake: FakeOpenAI) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=fake.base_url, api_key="right", max_retries=0) as connected:
        yield connected


def test_similar_texts_are_nearer_than_others() -> None:
    question = embed("How wide is the culvert?", 256)
    assert question @ embed("The culvert is two metres wide.", 256) > question @ embed("Bread is baked at dawn.", 256)
    zh = embed("涵洞有多宽", 256)
    assert zh @ embed("涵洞宽两米", 256) > zh @ embed("面包在清晨烘烤", 256)


@pytest.mark.parametrize("form", ["float", "base64"])
def test_the_official_client_reads_embeddings(client: openai.OpenAI, form: str) -> None:
    answer = client.embeddings.create(model="m", input=["rain", "glass"], dimensions=8, encoding_format=form)  # type: ignore[arg-type]
    assert [item.index for item in answer.data] == [0, 1]
    assert answer.usage.total_tokens == 2


def test_the_official_client_reads_answers_whole_and_streamed(client: openai.OpenAI) -> None:
    expected = "The culvert is two metres wide. [2]"
    whole = client.chat.completions.create(model="m", messages=[{"role": "user", "content": PROMPT}])
    assert whole.choices[0].message.content == expected
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": PROMPT}], stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == expected
    assert len(pieces) > 3


def test_a_wrong_key_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").embeddings.create(model="m", input="rain")


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["embedder", "chat"]


def test_behaviours_are_used_once_and_in_order(client: openai.OpenAI, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("status", 503), Behaviour("reset"))
    with pytest.raises(openai.InternalServerError):
        client.embeddings.create(model="m", input="rain")
    with pytest.raises(openai.APIConnectionError):
        client.embeddings.create(model="m", input="rain")
    assert client.embeddings.create(model="m", input="rain").data
    assert [request.outcome for request in fake.requests] == ["done", "cancelled", "done"]


def test_it_runs_from_a_shell_and_is_told_over_http() -> None:
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--port", "0"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        _post(base_url.replace("/v1", "/_script"), [{"kind": "reply", "body": "as told"}])
        reply = _post(f"{base_url}/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "?"}]})
        with urlopen(base_url.replace("/v1", "/_requests")) as seen:
            requests = json.load(seen)["requests"]
        process.terminate()
    assert reply["choices"][0]["message"]["content"] == "as told"
    assert [request["path"] for request in requests] == ["/v1/chat/completions"]


def _post(url: str, body: object) -> dict[str, list[dict[str, dict[str, str]]]]:
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request) as response:
        return json.loads(response.read() or "{}")  # type: ignore[no-any-return]
