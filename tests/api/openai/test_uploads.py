"""`/v1/uploads`: a file in parts."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service

PIECES = b"The dome ", b"opens at dusk."
WHOLE = b"".join(PIECES)


@pytest.fixture(scope="module")
def keyholders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    limits = {"FOOTNOTE_SERVER_MAX_UPLOAD_BYTES": "1000", "FOOTNOTE_INGEST_IN_SERVICE": "false"}
    with guarded_service(tmp_path_factory.mktemp("data"), **limits) as opened:
        yield opened


@pytest.fixture
def http(keyholders: Keyholders) -> httpx.Client:
    return keyholders.admin


def announce(http: httpx.Client, **changed: Any) -> httpx.Response:
    form = {"filename": "dome.txt", "purpose": "assistants", "bytes": len(WHOLE), "mime_type": "text/plain"}
    return http.post("/v1/uploads", json={**form, **changed})


def announced(http: httpx.Client, **changed: Any) -> dict[str, Any]:
    return dict(announce(http, **changed).raise_for_status().json())


def send(http: httpx.Client, upload: dict[str, Any], piece: bytes) -> httpx.Response:
    return http.post(f"/v1/uploads/{upload['id']}/parts", files={"data": ("blob", piece)})


def sent(http: httpx.Client, upload: dict[str, Any], piece: bytes) -> str:
    part = send(http, upload, piece).raise_for_status().json()
    assert (part["object"], part["upload_id"]) == ("upload.part", upload["id"])
    return str(part["id"])


def complete(http: httpx.Client, upload: dict[str, Any], part_ids: list[str], **more: str) -> httpx.Response:
    return http.post(f"/v1/uploads/{upload['id']}/complete", json={"part_ids": part_ids, **more})


def refused(response: httpx.Response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["param"]


def test_an_upload_becomes_a_file(http: httpx.Client) -> None:
    expiry = {"anchor": "created_at", "seconds": 7200}
    upload = announced(http, purpose="user_data", expires_after=expiry)
    assert upload == {
        "id": upload["id"],
        "object": "upload",
        "bytes": len(WHOLE),
        "created_at": upload["created_at"],
        "expires_at": upload["created_at"] + 3600,
        "filename": "dome.txt",
        "purpose": "user_data",
        "status": "pending",
    }
    last, first = sent(http, upload, PIECES[1]), sent(http, upload, PIECES[0])
    done = complete(http, upload, [first, last], md5=hashlib.md5(WHOLE).hexdigest()).raise_for_status().json()
    file = done.pop("file")
    assert done == {**upload, "status": "completed"}
    assert file == http.get(f"/v1/files/{file['id']}").json()
    assert (file["filename"], file["purpose"]) == ("dome.txt", "user_data")
    assert file["expires_at"] == file["created_at"] + 7200
    assert http.get(f"/v1/files/{file['id']}/content").content == WHOLE
    assert complete(http, upload, [first, last]).json()["file"] == file, "a client may ask again that heard no answer"


def test_a_cancelled_upload_takes_no_more(http: httpx.Client) -> None:
    upload = announced(http)
    part_id = sent(http, upload, WHOLE)
    cancelled = http.post(f"/v1/uploads/{upload['id']}/cancel").raise_for_status().json()
    assert cancelled == {**upload, "status": "cancelled"}
    assert refused(send(http, upload, WHOLE)) == (400, "upload_cancelled", "upload_id")
    assert refused(complete(http, upload, [part_id])) == (400, "upload_cancelled", "upload_id")


def test_what_does_not_fit_is_refused_and_named(http: httpx.Client) -> None:
    upload = announced(http)
    part_id = sent(http, upload, PIECES[0])
    assert refused(complete(http, upload, [part_id])) == (400, "wrong_size", "part_ids")
    assert refused(complete(http, upload, ["part_none"])) == (400, "part_not_found", "part_ids")
    assert refused(complete(http, upload, []))[::2] == (400, "part_ids")
    assert refused(send(http, upload, b"")) == (400, "empty_part", "data")
    whole = sent(http, upload, WHOLE)
    assert refused(complete(http, upload, [whole], md5="0" * 32)) == (400, "wrong_checksum", "md5")


@pytest.mark.parametrize(
    ("changed", "status", "param"),
    [
        ({"bytes": 1001}, 413, "bytes"),
        ({"bytes": 0}, 400, "bytes"),
        ({"purpose": "batch"}, 400, "purpose"),
        ({"filename": " \u0007 "}, 400, "filename"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, 400, "expires_after.seconds"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_comes(
    http: httpx.Client, changed: dict[str, Any], status: int, param: str
) -> None:
    assert refused(announce(http, **changed))[::2] == (status, param)


def test_a_key_for_some_stores_sees_its_own_uploads_alone(keyholders: Keyholders) -> None:
    store = keyholders.admin.post("/stores", json={"name": "s"}).raise_for_status().json()["id"]
    foreign = announced(keyholders.admin)
    with keyholders.holder("documents", "search", stores=[store]) as client:
        for response in (
            send(client, foreign, WHOLE),
            complete(client, foreign, ["part_none"]),
            client.post(f"/v1/uploads/{foreign['id']}/cancel"),
        ):
            assert refused(response) == (404, "upload_not_found", "upload_id")
        own = announced(client)
        file = complete(client, own, [sent(client, own, WHOLE)]).raise_for_status().json()["file"]
        assert client.get(f"/v1/files/{file['id']}/content").content == WHOLE
