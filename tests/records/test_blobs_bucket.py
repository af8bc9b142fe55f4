import asyncio
import io
import logging
import secrets
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from records.blobs import (
    BlobMissingError,
    Blobs,
    BucketSettingsError,
    StorageError,
    StorageUnavailableError,
    open_blobs,
)
from records.blobs.connecting import endpoint
from records.ids import DocumentId
from settings import FilesSettings
from tests.fakes.s3_server import BUCKET, KEY, SECRET, Failure, FakeS3

pytestmark = pytest.mark.anyio
DOCUMENT = DocumentId("doc_00aa")
MIB = 1 << 20


@pytest.fixture
def fake() -> Iterator[FakeS3]:
    with FakeS3() as server:
        yield server


@pytest.fixture
def files(fake: FakeS3) -> FilesSettings:
    return FilesSettings(
        url=f"s3://{BUCKET}/some/folder",
        endpoint=fake.endpoint,
        allow_http=True,
        access_key_id=SecretStr(KEY),
        secret_access_key=SecretStr(SECRET),
        max_retries=2,
        connect_timeout_seconds=2,
        idle_timeout_seconds=0.5,
        max_retry_seconds=5,
    )


@pytest.fixture
async def blobs(files: FilesSettings, tmp_path: Path) -> AsyncIterator[Blobs]:
    async with open_blobs(tmp_path, files) as opened:
        yield opened


def downloads(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def refusal(files: FilesSettings, folder: Path) -> str:
    """All that can be read of the error at the start."""
    with pytest.raises(StorageError) as caught:
        async with open_blobs(folder, files):
            pass
    return "".join(traceback.format_exception(caught.value))


async def test_keys_are_the_names_below_the_folder_of_the_url(blobs: Blobs, fake: FakeS3) -> None:
    await blobs.put_text(DOCUMENT, 1, "x")
    blob = await blobs.put(io.BytesIO(b"x"), max_bytes=1)
    assert set(fake.objects) == {f"some/folder/texts/{DOCUMENT}/1.txt", f"some/folder/files/{blob.sha256}"}


async def test_a_large_file_is_sent_in_parts_and_not_again_when_it_is_there(blobs: Blobs, fake: FakeS3) -> None:
    data = secrets.token_bytes(20 * MIB)
    for _ in range(2):
        blob = await blobs.put(io.BytesIO(data), max_bytes=len(data))
    assert fake.objects[f"some/folder/files/{blob.sha256}"] == data
    assert sorted(size for size in fake.body_bytes if size > MIB) == [4 * MIB, 8 * MIB, 8 * MIB]


async def test_a_request_that_fails_once_is_tried_again(blobs: Blobs, fake: FakeS3) -> None:
    fake.failures.append(Failure(503, "SlowDown"))
    await blobs.put_text(DOCUMENT, 1, "x")
    fake.failures.append(Failure(500, "InternalError"))
    assert await blobs.text(DOCUMENT, 1) == "x"


async def test_a_server_that_goes_on_failing_is_an_error_of_ours(blobs: Blobs, fake: FakeS3) -> None:
    fake.failures.extend([Failure(503, "SlowDown")] * 20)
    with pytest.raises(StorageUnavailableError, match="503 SlowDown"):
        await blobs.put_text(DOCUMENT, 1, "x")
    with pytest.raises(StorageUnavailableError, match="503 SlowDown"):
        await blobs.check()


async def test_a_part_that_is_refused_leaves_no_upload_behind(blobs: Blobs, fake: FakeS3) -> None:
    source = io.BytesIO(secrets.token_bytes(20 * MIB))
    await blobs.put(io.BytesIO(b"x"), max_bytes=1)  # the connection stands
    fake.refused_parts = True
    with pytest.raises(StorageError, match="AccessDenied"):
        await blobs.put(source, max_bytes=20 * MIB)
    assert (fake.uploads, len(fake.objects)) == ({}, 1)


async def test_a_download_that_stalls_fails_and_leaves_no_file(blobs: Blobs, fake: FakeS3, tmp_path: Path) -> None:
    blob = await blobs.put(io.BytesIO(b"x" * MIB), max_bytes=MIB)
    fake.stalled = True
    with pytest.raises(StorageUnavailableError):
        async with blobs.local(blob.sha256):
            pass
    assert downloads(tmp_path) == []


async def test_a_download_that_is_cancelled_leaves_no_file(blobs: Blobs, fake: FakeS3, tmp_path: Path) -> None:
    async def read() -> None:
        async with blobs.local(blob.sha256):
            pytest.fail("it stalls before")

    blob = await blobs.put(io.BytesIO(b"x" * MIB), max_bytes=MIB)
    fake.stalled = True
    task = asyncio.create_task(read())
    assert await asyncio.to_thread(fake.halfway.wait, 10)
    assert len(downloads(tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert downloads(tmp_path) == []


async def test_downloads_that_a_killed_process_has_left_are_removed_at_the_start(
    files: FilesSettings, tmp_path: Path
) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "left").write_text("half")
    async with open_blobs(tmp_path, files):
        assert downloads(tmp_path) == []


async def test_the_start_tries_all_that_is_needed_and_leaves_nothing(
    files: FilesSettings, fake: FakeS3, tmp_path: Path
) -> None:
    async with open_blobs(tmp_path, files):
        assert [request.split()[0] for request in fake.requests] == ["PUT", "GET", "GET", "DELETE"]
        assert fake.objects == {}


async def test_an_upload_that_is_cancelled_is_not_there(blobs: Blobs, fake: FakeS3) -> None:
    class Waiting(io.BytesIO):
        """A source that holds still in its midst the second time, when it is sent."""

        passes = 0

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 16 * MIB:
                self.passes += 1
                if self.passes == 2:
                    sending.set()
                    go_on.wait(10)
            return super().read(size)

    sending, go_on = threading.Event(), threading.Event()
    source = Waiting(secrets.token_bytes(20 * MIB))
    task = asyncio.create_task(blobs.put(source, max_bytes=20 * MIB))
    assert await asyncio.to_thread(sending.wait, 10)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert fake.objects == {}


async def test_wrong_keys_are_told_at_the_start_without_showing_them(
    files: FilesSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = files.model_copy(update={"access_key_id": SecretStr("AKIAWRONG")})
    shown = await refusal(wrong, tmp_path)
    assert "files.access_key_id" in shown
    assert "InvalidAccessKeyId" in shown
    wrong = files.model_copy(update={"secret_access_key": SecretStr("wrong-secret")})
    shown += await refusal(wrong, tmp_path)
    assert "SignatureDoesNotMatch" in shown
    for hidden in ("AKIAWRONG", KEY, "wrong-secret", "Signature="):
        assert hidden not in shown + caplog.text


async def test_a_bucket_that_is_missing_is_told_at_the_start(files: FilesSettings, tmp_path: Path) -> None:
    shown = await refusal(files.model_copy(update={"url": "s3://another"}), tmp_path)
    assert "NoSuchBucket" in shown
    assert "files.url" in shown


async def test_keys_that_may_not_write_are_told_at_the_start(
    files: FilesSettings, fake: FakeS3, tmp_path: Path
) -> None:
    fake.failures.append(Failure(403, "AccessDenied"))
    assert "get, put, delete and list" in await refusal(files, tmp_path)


async def test_a_server_that_does_not_answer_is_told_at_the_start(files: FilesSettings, tmp_path: Path) -> None:
    shown = await refusal(files.model_copy(update={"endpoint": "http://127.0.0.1:1"}), tmp_path)
    assert "files.endpoint" in shown


async def test_a_machine_without_keys_is_told_what_to_set(
    files: FilesSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    shown = await refusal(files.model_copy(update={"access_key_id": None, "secret_access_key": None}), tmp_path)
    assert "No keys" in shown


async def test_a_bucket_that_goes_missing_is_not_taken_for_missing_texts(blobs: Blobs, fake: FakeS3) -> None:
    fake.failures.append(Failure(404, "NoSuchBucket"))
    with pytest.raises(StorageError, match="NoSuchBucket") as caught:
        await blobs.text(DOCUMENT, 1)
    assert not isinstance(caught.value, BlobMissingError)


@pytest.mark.parametrize("change", [{"allow_http": False}, {"secret_access_key": None}, {"access_key_id": None}])
async def test_options_that_contradict_each_other_are_refused(
    files: FilesSettings, tmp_path: Path, change: dict[str, object]
) -> None:
    with pytest.raises(BucketSettingsError, match=r"`files\."):
        async with open_blobs(tmp_path, files.model_copy(update=change)):
            pass


async def test_keys_are_read_from_the_usual_variables_when_none_are_set(
    files: FilesSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    async with open_blobs(tmp_path, files.model_copy(update={"access_key_id": None, "secret_access_key": None})):
        pass


async def test_a_session_of_the_environment_is_not_mixed_with_keys_that_are_set(
    files: FilesSettings, tmp_path: Path, fake: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-other-keys")
    async with open_blobs(tmp_path, files):
        assert fake.session_tokens == set()


def test_the_bucket_is_named_in_the_host_where_that_is_asked_for(files: FilesSettings) -> None:
    in_host = files.model_copy(update={"endpoint": "https://s3.example:9000/", "path_style": False})
    assert endpoint(in_host, "bucket") == "https://bucket.s3.example:9000"
    assert endpoint(in_host.model_copy(update={"path_style": True}), "bucket") == "https://s3.example:9000"


def test_without_the_library_the_error_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "sys.modules['obstore'] = None\n"
        "from records.blobs import open_blobs, S3MissingError\n"
        "from settings import FilesSettings\n"
        "async def main():\n"
        "    try:\n"
        f"        async with open_blobs(pathlib.Path({str(tmp_path)!r}), FilesSettings(url='s3://bucket')): pass\n"
        "    except S3MissingError as error:\n"
        "        print(error)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "footnote[s3]"' in done.stdout
