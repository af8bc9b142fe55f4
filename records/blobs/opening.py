"""The storage that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from records.blobs.disk import Disk
from records.blobs.errors import S3MissingError
from records.blobs.keeping import Blobs
from settings import FilesSettings


@asynccontextmanager
async def open_blobs(folder: Path, settings: FilesSettings) -> AsyncIterator[Blobs]:
    """Files and texts in `folder`, or in the bucket that is set; the folder holds downloads of the moment then.

    Raises:
        S3MissingError: a bucket is set, and the library for it is not installed.
        BucketSettingsError: the options of the bucket contradict each other.
        StorageError: the folder or bucket cannot be used.
    """
    if settings.url is None:
        yield Blobs(Disk(folder))
        return
    try:
        from records.blobs.connecting import connect  # noqa: PLC0415 - the library for S3 is an optional extra
    except ModuleNotFoundError as error:
        raise S3MissingError from error
    bucket = connect(settings, folder / "downloads")
    await bucket.prove()
    yield Blobs(bucket)
