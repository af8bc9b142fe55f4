"""Files that come in parts."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import Assembly, UploadRefusedError, keep_file
from ingest.expiring import expire
from records import files, uploads
from records.blobs import Blob, BlobTooLargeError, names
from records.files import File, Terms
from records.ids import UploadId
from records.uploads import NewUpload, Status, Upload
from tests.ingest.parts import LEASE_SECONDS, Parts

pytestmark = pytest.mark.anyio
PIECES = b"The dome ", b"opens ", b"at dusk."
WHOLE = b"".join(PIECES)


@pytest.fixture
def assembly(plain: Parts) -> Assembly:
    return Assembly(plain.records, plain.vectors)


async def announce(parts: Parts, size_bytes: int = len(WHOLE), *, expires_in_seconds: int = 60) -> UploadId:
    expires_at = int(time.time()) + expires_in_seconds
    new = NewUpload("dome.txt", "assistants", "text/plain", size_bytes, expires_at, 3600, "key_1")
    return (await parts.records.database.write(lambda c: uploads.add(c, new))).id


async def send(assembly: Assembly, upload_id: UploadId, *pieces: bytes) -> list[str]:
    return [(await assembly.add(upload_id, BytesIO(piece), len(piece))).id for piece in pieces]


async def file_of(parts: Parts, upload: Upload) -> File:
    assert upload.file_id is not None
    found = await parts.records.database.read(lambda c: files.find(c, str(upload.file_id)))
    assert found is not None
    return found


async def content_of(parts: Parts, file: File) -> bytes:
    return b"".join([piece async for piece in parts.records.blobs.read(names.file(file.sha256))])


async def test_parts_become_a_file_in_the_order_that_is_asked_for(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain)
    last, first, middle = await send(assembly, upload_id, PIECES[2], PIECES[0], PIECES[1])
    checksum = hashlib.md5(WHOLE).hexdigest().upper()
    completed = await assembly.complete(upload_id, [first, middle, last], checksum)
    file = await file_of(plain, completed)
    assert completed.status is Status.COMPLETED
    assert (file.filename, file.bytes, file.purpose, file.key_id) == ("dome.txt", len(WHOLE), "assistants", "key_1")
    assert file.expires_at == file.created_at + 3600
    assert await content_of(plain, file) == WHOLE
    assert plain.files() == [file.sha256], "the parts are gone"
    assert await assembly.complete(upload_id, [first, middle, last], None) == completed


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(min_size=1, max_size=5), min_size=1, max_size=6))
async def test_what_comes_in_parts_is_what_comes_whole(
    plain: Parts, assembly: Assembly, pieces: Sequence[bytes]
) -> None:
    upload_id = await announce(plain, len(b"".join(pieces)))
    completed = await assembly.complete(upload_id, await send(assembly, upload_id, *pieces), None)
    file = await file_of(plain, completed)
    whole = await keep_file(plain.records, "whole", BytesIO(b"".join(pieces)), Terms("assistants"), max_bytes=100)
    assert (file.bytes, file.sha256) == (whole.bytes, whole.sha256)


async def test_several_completions_at_once_make_one_file(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain)
    part_ids = await send(assembly, upload_id, *PIECES)
    found = await asyncio.gather(*(assembly.complete(upload_id, part_ids, None) for _ in range(5)))
    assert len({upload.file_id for upload in found}) == 1
    assert plain.rows()["files"] == 1


async def test_what_was_not_announced_is_refused_and_may_be_mended(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain)
    part_ids = await send(assembly, upload_id, *PIECES)
    for wrong, md5, code in (
        (part_ids[:2], None, "wrong_size"),
        ([*part_ids[:2], "part_none"], None, "part_not_found"),
        (part_ids, hashlib.md5(b"other").hexdigest(), "wrong_checksum"),
    ):
        with pytest.raises(UploadRefusedError) as caught:
            await assembly.complete(upload_id, wrong, md5)
        assert caught.value.code == code
    assert (await assembly.complete(upload_id, part_ids, None)).status is Status.COMPLETED


async def test_more_than_twice_the_bytes_are_refused(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain, 4)
    await send(assembly, upload_id, b"1234", b"567")
    with pytest.raises(UploadRefusedError) as caught:
        await send(assembly, upload_id, b"89")
    assert caught.value.code == "too_many_bytes"
    with pytest.raises(BlobTooLargeError):
        await assembly.add(upload_id, BytesIO(b"22"), 1)
    assert len(plain.files()) == 2


async def test_what_is_cancelled_goes_with_its_parts_and_takes_no_more(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain)
    part_ids = await send(assembly, upload_id, *PIECES)
    assert (await assembly.cancel(upload_id)).status is Status.CANCELLED
    assert plain.files() == []
    assert (await assembly.cancel(upload_id)).status is Status.CANCELLED
    for refused in (send(assembly, upload_id, b"x"), assembly.complete(upload_id, part_ids, None)):
        with pytest.raises(UploadRefusedError) as caught:
            await refused
        assert caught.value.code == "upload_cancelled"


async def test_what_is_completed_is_not_cancelled(plain: Parts, assembly: Assembly) -> None:
    upload_id = await announce(plain)
    await assembly.complete(upload_id, await send(assembly, upload_id, WHOLE), None)
    with pytest.raises(UploadRefusedError):
        await assembly.cancel(upload_id)


async def test_what_is_not_completed_in_time_is_given_up(plain: Parts, assembly: Assembly) -> None:
    late = await announce(plain, expires_in_seconds=-10)
    part = await plain.records.blobs.put(BytesIO(WHOLE), 100)
    await plain.records.database.write(lambda c: uploads.add_part(c, late, part.sha256, part.bytes))
    with pytest.raises(UploadRefusedError) as caught:
        await send(assembly, late, b"x")
    assert caught.value.code == "upload_expired"
    await expire(plain.records, plain.vectors, lease_seconds=LEASE_SECONDS)
    found = await plain.records.database.read(lambda c: uploads.find(c, late))
    assert found is not None
    assert found.status is Status.EXPIRED
    assert plain.files() == []


async def test_a_part_that_comes_while_the_upload_is_cancelled_leaves_no_bytes(plain: Parts) -> None:
    assembly = Assembly(plain.records, plain.vectors)
    upload_id = await announce(plain)
    blob = Blob(hashlib.sha256(WHOLE).hexdigest(), len(WHOLE))
    await asyncio.gather(
        assembly.add(upload_id, BytesIO(WHOLE), blob.bytes), assembly.cancel(upload_id), return_exceptions=True
    )
    assert plain.files() == []
