"""Uploads and their parts, as recorded."""

import time
from dataclasses import replace

import pytest

from records import Database, files, uploads
from records.uploads import NewUpload, Status, Upload

pytestmark = pytest.mark.anyio


def announced(expires_in_seconds: int = 60) -> NewUpload:
    return NewUpload("a.txt", "assistants", "text/plain", 6, int(time.time()) + expires_in_seconds, None, "key_1")


async def add(database: Database, expires_in_seconds: int = 60) -> Upload:
    return await database.write(lambda c: uploads.add(c, announced(expires_in_seconds)))


async def test_an_upload_is_found_as_it_was_recorded(database: Database) -> None:
    upload = await add(database)
    assert await database.read(lambda c: uploads.find(c, upload.id)) == upload
    assert upload.is_open
    assert await database.read(lambda c: uploads.find(c, "upload_none")) is None


async def test_parts_keep_their_content_in_use_until_they_are_removed(database: Database) -> None:
    upload = await add(database)
    for content in ("aa", "bb", "aa"):
        await database.write(lambda c, one=content: uploads.add_part(c, upload.id, one, 3))  # type: ignore[misc]
    assert await database.read(lambda c: uploads.received(c, upload.id)) == (3, 9)
    assert await database.read(lambda c: files.content_is_used(c, "aa"))
    await database.write(lambda c: uploads.remove_parts(c, upload.id))
    assert await database.read(lambda c: uploads.parts(c, upload.id)) == {}
    assert not await database.read(lambda c: files.content_is_used(c, "aa"))


async def test_an_upload_that_has_ended_is_not_open(database: Database) -> None:
    upload = await add(database)
    await database.write(lambda c: uploads.end(c, upload.id, Status.CANCELLED))
    found = await database.read(lambda c: uploads.find(c, upload.id))
    assert found == replace(upload, status=Status.CANCELLED)
    assert not found.is_open


async def test_late_uploads_are_told_and_forgotten_once_they_have_ended(database: Database) -> None:
    current, late = await add(database), await add(database, expires_in_seconds=-10)
    assert [one.id for one in await database.read(lambda c: uploads.late(c, 10))] == [late.id]
    assert not late.is_open
    await database.write(lambda c: uploads.forget_ended(c, 5))
    assert await database.read(lambda c: uploads.find(c, late.id)) is not None
    for upload in (current, late):
        await database.write(lambda c, one=upload: uploads.end(c, one.id, Status.EXPIRED))  # type: ignore[misc]
    await database.write(lambda c: uploads.forget_ended(c, 5))
    assert await database.read(lambda c: uploads.find(c, late.id)) is None
    assert await database.read(lambda c: uploads.find(c, current.id)) is not None
