"""The official Python SDK keeps files, whole and in parts."""

import hashlib
from pathlib import Path

import pytest
from openai import BadRequestError, ConflictError, NotFoundError, OpenAI

CONTENT = "Bees sleep at night.\n蜜蜂在夜里睡觉。\n".encode()
_HOUR_SECONDS = 3_600


def test_a_file_is_kept_until_it_is_deleted(client: OpenAI) -> None:
    kept = client.files.create(file=("bees é.txt", CONTENT), purpose="assistants")
    assert (kept.filename, kept.bytes, kept.purpose) == ("bees é.txt", len(CONTENT), "assistants")
    assert kept.expires_at is None
    assert client.files.retrieve(kept.id) == kept
    assert client.files.wait_for_processing(kept.id) == kept
    assert client.files.content(kept.id).read() == CONTENT
    assert client.files.delete(kept.id).deleted
    with pytest.raises(NotFoundError):
        client.files.retrieve(kept.id)
    with pytest.raises(NotFoundError):
        client.files.content(kept.id)
    with pytest.raises(NotFoundError):
        client.files.delete(kept.id)


def test_a_file_says_when_it_expires(client: OpenAI) -> None:
    expires_after = {"anchor": "created_at", "seconds": _HOUR_SECONDS}
    kept = client.files.create(file=("soon.txt", CONTENT), purpose="user_data", expires_after=expires_after)  # type: ignore[arg-type]
    assert kept.expires_at == kept.created_at + _HOUR_SECONDS
    assert client.files.retrieve(kept.id) == kept


def test_files_are_listed_page_by_page_in_either_order(client: OpenAI) -> None:
    made = [client.files.create(file=(f"{number}.txt", b"%d" % number), purpose="user_data") for number in range(3)]
    ids = [each.id for each in made]
    forth = [each.id for each in client.files.list(purpose="user_data", order="asc", limit=2) if each.id in ids]
    back = [each.id for each in client.files.list(purpose="user_data", order="desc", limit=1) if each.id in ids]
    assert forth == back[::-1]
    assert set(forth) == set(ids)
    first = client.files.list(purpose="user_data", order="desc", limit=2)
    assert (len(first.data), first.has_more) == (2, True)
    assert not {each.id for each in first.data} & {each.id for each in first.get_next_page().data}


def test_a_large_file_is_uploaded_in_parts(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(CONTENT * 40)
    done = client.uploads.upload_file_chunked(file=path, mime_type="text/plain", purpose="assistants", part_size=1_000)
    assert (done.status, done.bytes) == ("completed", len(CONTENT) * 40)
    assert done.file is not None
    assert client.files.content(done.file.id).read() == CONTENT * 40


def test_parts_are_put_together_in_the_order_asked_for(client: OpenAI) -> None:
    upload = client.uploads.create(bytes=6, filename="six.txt", mime_type="text/plain", purpose="user_data")
    assert upload.status == "pending"
    late, early = (client.uploads.parts.create(upload.id, data=data).id for data in (b"def", b"abc"))
    wrong = hashlib.md5(b"wrong", usedforsecurity=False).hexdigest()
    with pytest.raises(BadRequestError):
        client.uploads.complete(upload.id, part_ids=[early, late], md5=wrong)
    right = hashlib.md5(b"abcdef", usedforsecurity=False).hexdigest()
    done = client.uploads.complete(upload.id, part_ids=[early, late], md5=right)
    assert done.file is not None
    assert client.files.content(done.file.id).read() == b"abcdef"


def test_a_cancelled_upload_takes_no_more_parts(client: OpenAI) -> None:
    upload = client.uploads.create(bytes=6, filename="six.txt", mime_type="text/plain", purpose="assistants")
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises((BadRequestError, ConflictError)):
        client.uploads.parts.create(upload.id, data=b"abc")


def test_an_upload_whose_bytes_are_not_those_promised_is_refused(client: OpenAI) -> None:
    upload = client.uploads.create(bytes=7, filename="six.txt", mime_type="text/plain", purpose="assistants")
    part = client.uploads.parts.create(upload.id, data=b"abcdef")
    with pytest.raises(BadRequestError):
        client.uploads.complete(upload.id, part_ids=[part.id])
