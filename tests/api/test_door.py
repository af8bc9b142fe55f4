"""Under `/v1` what concerns our files, stores and answers is ours; everything else passes on, to the byte."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.echo_server import EchoServer, Recorded, Reply, event_stream, json_reply
from tests.serving import add_and_wait

THEIR_FILE = "file-0123456789abcdef01234567"
THEIR_RESPONSE = "resp_0123456789abcdef01234567"
THEIR_STORE = "vs_0123456789abcdef01234567"
MODELS = {"object": "list", "data": [{"id": "gpt", "object": "model", "created": 1, "owned_by": "them"}]}
SPOKEN = [
    b'data: {"choices": [{"index": 0, "delta": {"content": "It opens on Fridays [1]."}, "finish_reason": "stop"}]}\n\n',
    b"data: [DONE]\n\n",
]
"""What our own questions are answered: they are always streamed."""
SETTINGS = '[models.librarian]\nstores = ["handbook"]\n'


def answering(request: Recorded) -> Reply:
    """An upstream that says what it was asked for, and has models and vectors."""
    if request.target == "/v1/models":
        return json_reply(MODELS)
    if request.target.startswith("/v1/files?"):
        return json_reply({"object": "list", "data": [], "has_more": False})
    if request.target == "/v1/embeddings":
        assert request.kept is not None
        texts = json.loads(request.kept)["input"]
        data = [{"object": "embedding", "index": index, "embedding": [1.0, 0.0]} for index in range(len(texts))]
        return json_reply({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1}})
    if (
        request.target == "/v1/chat/completions"
        and request.kept
        and b'"stream":true' in request.kept.replace(b" ", b"")
    ):
        return event_stream(SPOKEN)
    return json_reply({"upstream": f"{request.method} {request.target}", "sha256": request.sha256})


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        server.answering = answering
        yield server


@pytest.fixture(scope="module")
def guarded(echo: EchoServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    folder = tmp_path_factory.mktemp("data")
    config = folder / "footnote.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    with guarded_service(folder, OPENAI_BASE_URL=echo.base_url, FOOTNOTE_CONFIG=str(config)) as opened:
        yield opened


@pytest.fixture(scope="module")
def http(guarded: Keyholders) -> httpx.Client:
    return guarded.admin


@pytest.fixture(scope="module")
def store(http: httpx.Client) -> str:
    """The id of a store with a document."""
    made = http.post("/stores", json={"name": "handbook"}).json()
    add_and_wait(http, {"opening.md": b"# Opening\n\nThe observatory opens on Fridays.\n"}, store="handbook")
    return str(made["id"])


def passed(answer: httpx.Response) -> bool:
    """Whether the upstream answered."""
    return "upstream" in answer.json()


def keep(http: httpx.Client, purpose: str, content: bytes = b"Kept.") -> httpx.Response:
    return http.post("/v1/files", data={"purpose": purpose}, files={"file": ("a.txt", content)})


@pytest.mark.parametrize(("purpose", "is_passed"), [("assistants", False), ("user_data", False), ("batch", True)])
@pytest.mark.parametrize("size_bytes", [5, 3_000_000])
@pytest.mark.parametrize("is_first", [True, False])
def test_the_purpose_of_a_file_decides_wherever_it_stands(
    http: httpx.Client, purpose: str, is_passed: bool, size_bytes: int, is_first: bool
) -> None:
    field = b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose.encode() + b"\r\n"
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    file = head + b"x" * size_bytes + b"\r\n"
    body = (field + file if is_first else file + field) + b"--edge--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    answer = http.post("/v1/files", content=body, headers=headers)
    assert passed(answer) == is_passed
    if is_passed:
        assert answer.json()["sha256"] == sha256(body).hexdigest()
    else:
        assert (answer.json()["purpose"], answer.json()["bytes"]) == (purpose, size_bytes)


def test_files_are_told_apart_by_their_ids(http: httpx.Client) -> None:
    ours = keep(http, "assistants").json()["id"]
    assert http.get(f"/v1/files/{ours}").json()["id"] == ours
    assert http.get(f"/v1/files/{ours}/content").content == b"Kept."
    for theirs in (THEIR_FILE, "file-abc"):
        assert http.get(f"/v1/files/{theirs}/content").json()["upstream"] == f"GET /v1/files/{theirs}/content"
    assert http.delete(f"/v1/files/{ours}").json()["deleted"]
    assert passed(http.get(f"/v1/files/{ours}"))


def test_lists_of_files_are_told_apart_by_their_purpose(http: httpx.Client) -> None:
    keep(http, "assistants")
    assert http.get("/v1/files", params={"purpose": "assistants"}).json()["data"]
    assert http.get("/v1/files", params={"purpose": "batch"}).json()["data"] == []


def test_uploads_are_told_apart_by_purpose_and_id(http: httpx.Client) -> None:
    form = {"filename": "a.txt", "bytes": 3, "mime_type": "text/plain"}
    ours = http.post("/v1/uploads", json={**form, "purpose": "user_data"}).json()
    assert passed(http.post("/v1/uploads", json={**form, "purpose": "fine-tune"}))
    assert http.post(f"/v1/uploads/{ours['id']}/cancel").json()["status"] == "cancelled"
    assert passed(http.post("/v1/uploads/upload_0123456789abcdef01234567/cancel"))


def test_stores_are_always_ours(http: httpx.Client, store: str) -> None:
    assert store in {one["id"] for one in http.get("/v1/vector_stores").json()["data"]}
    assert http.get(f"/v1/vector_stores/{THEIR_STORE}").status_code == 404


def test_whoever_names_an_upstream_gets_it(http: httpx.Client, store: str) -> None:
    theirs = {"x-footnote-upstream": "default"}
    assert passed(http.get(f"/v1/vector_stores/{store}", headers=theirs))
    assert http.get("/v1/models", headers=theirs).json() == MODELS


def ask(http: httpx.Client, path: str, **body: Any) -> bool:
    """Whether a question is passed on, to the byte."""
    content = json.dumps(body).encode()
    answer = http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    if passed(answer):
        assert answer.json()["sha256"] == sha256(content).hexdigest()
    return passed(answer)


def test_a_chat_with_a_store_is_ours(http: httpx.Client, store: str) -> None:
    messages = [{"role": "user", "content": "When does store/handbook open?"}]
    for model in ("store/handbook", f"store/{store}", "librarian"):
        assert not ask(http, "/v1/chat/completions", model=model, messages=messages)
    assert ask(http, "/v1/chat/completions", model="gpt", messages=messages)
    long = [{"role": "user", "content": "x" * 300_000}]
    assert ask(http, "/v1/chat/completions", messages=long, model="gpt")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("path", ["/v1//chat/completions", "/v1/chat/completions/", "/v1/chat%2Fcompletions"])
def test_slashes_do_not_lead_past_us(http: httpx.Client, path: str) -> None:
    messages = [{"role": "user", "content": "When?"}]
    assert not ask(http, path, model="store/handbook", messages=messages)
    answer = http.post(path, json={"model": "gpt", "messages": messages})
    assert answer.json()["upstream"] == f"POST {path}"


@pytest.mark.usefixtures("store")
def test_json_that_only_others_can_read_is_refused_here(http: httpx.Client) -> None:
    body = b'{"model": "store/handbook", "messages": [], }'
    refused = http.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "json_invalid")


def test_a_response_about_things_of_ours_is_ours(http: httpx.Client, store: str) -> None:
    search = {"type": "file_search", "vector_store_ids": [store]}
    assert not ask(http, "/v1/responses", model="store/handbook", input="When?")
    made = http.post("/v1/responses", json={"model": "gpt", "input": "When?", "tools": [search]}).json()
    assert made["output"][0]["type"] == "file_search_call"
    assert http.get(f"/v1/responses/{made['id']}").json()["id"] == made["id"]
    assert not ask(http, "/v1/responses", model="gpt", input="And where?", previous_response_id=made["id"])


def test_other_responses_pass_on(http: httpx.Client) -> None:
    theirs = {"type": "file_search", "vector_store_ids": [THEIR_STORE]}
    assert ask(http, "/v1/responses", model="gpt", input="When?")
    assert ask(http, "/v1/responses", model="gpt", input="When?", tools=[theirs])
    assert ask(http, "/v1/responses", model="gpt", input="And?", previous_response_id=THEIR_RESPONSE)
    assert passed(http.get(f"/v1/responses/{THEIR_RESPONSE}"))
    assert passed(http.post("/v1/responses/compact", json={"model": "gpt"}))


def test_models_are_listed_together(http: httpx.Client, store: str) -> None:
    listed = http.get("/v1/models").json()
    assert listed["object"] == "list"
    ids = [model["id"] for model in listed["data"]]
    assert ids[0] == "gpt"
    assert {"store/handbook", "librarian"} <= set(ids)
    assert http.get("/v1/models/store/handbook").json()["owned_by"] == "footnote"
    assert http.get("/v1/models/librarian").json()["id"] == "librarian"
    assert http.get("/v1/models/store%2Fhandbook").json()["id"] == "store/handbook"
    assert http.get(f"/v1/models/store/{store}").json()["id"] == f"store/{store}"
    assert passed(http.get("/v1/models/gpt"))


@pytest.mark.usefixtures("store")
def test_a_key_sees_the_models_that_it_may_ask(guarded: Keyholders) -> None:
    assert guarded.admin.post("/stores", json={"name": "other"}).status_code == 201
    with guarded.holder("search", stores=["handbook"]) as limited, guarded.holder("relay") as relaying:
        ids = {model["id"] for model in limited.get("/v1/models").json()["data"]}
        assert ids == {"store/handbook", "librarian"}
        assert limited.get("/v1/models/store%2Fother").status_code == 404
        assert limited.get("/v1/models/store%2Fhandbook").status_code == 200
        assert relaying.get("/v1/models").json() == MODELS


def test_a_key_for_upstreams_alone_has_them_as_if_nothing_were_ours(guarded: Keyholders, store: str) -> None:
    with guarded.holder("relay") as relaying:
        assert passed(keep(relaying, "assistants"))
        assert passed(relaying.get("/v1/files"))
        assert passed(relaying.get(f"/v1/vector_stores/{store}"))


@pytest.mark.usefixtures("store")
def test_a_key_that_may_not_relay_still_has_what_is_ours(guarded: Keyholders) -> None:
    with guarded.holder("search", "documents") as limited:
        assert not ask(limited, "/v1/chat/completions", model="librarian", messages=[{"role": "user", "content": "?"}])
        assert limited.get(f"/v1/files/{THEIR_FILE}").status_code == 404
        assert keep(limited, "batch").status_code == 400
        refused = limited.post("/v1/chat/completions", json={"model": "gpt", "messages": []})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
