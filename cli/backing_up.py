"""`footnote backup` and `footnote restore`."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import NoReturn, Self

import httpx
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.storage import open_storage
from backup import BackupError, Manifest, restore, take
from backup.filing import Draft, draft
from cli.client import Client, ClientError
from cli.ending import exit_with
from cli.showing import line
from records.errors import RecordsError
from settings import Settings
from vectorstore import VectorStoreError

ERRORS = (ClientError, BackupError, RecordsError, VectorStoreError)


def exit_for(error: Exception, path: Path) -> NoReturn:
    """End the command; what the operating system refuses is told with the file that it is about."""
    if isinstance(error, OSError):
        exit_with(OSError(f"{error.filename or path}: {error.strerror or error}"))
    exit_with(error)


def back_up(settings: Settings, path: Path, *, offline: bool, progress: Console) -> Manifest:
    """Write a backup of the running service, or of the data itself where none runs.

    Raises:
        ClientError: no service answers, or it broke off.
        BackupError: what came is not a whole backup.
        RecordsError, VectorStoreError: the data cannot be read.
        OSError: the file cannot be written.
    """
    with draft(path) as new, _Counting(progress, "backed up") as counting:
        if offline:
            asyncio.run(_take(settings, new, counting))
        else:
            for piece in _served(settings):
                new.write(piece)
                counting.add(len(piece))
        return new.settle()


def bring_back(settings: Settings, path: Path) -> Manifest:
    """Load a backup into the empty installation that the settings name.

    Raises:
        BackupError: the file cannot be used, or there is data already.
        RecordsError, VectorStoreError, OSError: the data cannot be read or written.
    """
    return asyncio.run(_restore(settings, path))


def show_backup(manifest: Manifest, what_was_done: str, console: Console) -> None:
    """What a backup holds, and what it does not."""
    megabytes = manifest.file_bytes / 1e6
    counts = f"{manifest.documents} documents, {manifest.files} files ({megabytes:.1f} MB), {manifest.chunks} chunks"
    line(console, f"{what_was_done}: {counts}, as of {manifest.origin.taken_at}.")
    anew = sum(version == 0 for version in manifest.changed.values())
    if anew:
        line(console, f"{anew} of the documents are read again by the service, for they changed during the backup.")
    for filename in manifest.left_out:
        line(console, f"Left out, for its bytes are missing or damaged in the data: {filename}")


def _served(settings: Settings) -> Iterator[bytes]:
    try:
        with closing(Client(settings.url, settings.api_key)) as client:
            yield from client.backup()
    except ClientError as error:
        if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
            message = f"{error} Or add --offline, which opens the data itself."
            raise ClientError(message) from error
        raise


async def _take(settings: Settings, new: Draft, counting: "_Counting") -> None:
    async with open_storage(settings) as (records, vectors), aclosing(take(records, vectors)) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(new.write, piece)
            counting.add(len(piece))


async def _restore(settings: Settings, path: Path) -> Manifest:
    async with open_storage(settings) as (records, vectors):
        return await restore(path, records, vectors, settings.data.dir)


class _Counting:
    """How much has come, shown on a terminal."""

    def __init__(self, console: Console, what: str) -> None:
        columns = SpinnerColumn(), TextColumn(what), DownloadColumn(), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def add(self, size_bytes: int) -> None:
        """So many bytes more."""
        self._progress.advance(self._task, size_bytes)
