"""A worker that dies of itself."""

import asyncio
import signal
from dataclasses import replace
from typing import Any, NoReturn, cast

import pytest

from ingest import WorkerDiedError, open_worker
from records import Database
from settings import IngestSettings
from tests.ingest.parts import Parts

pytestmark = pytest.mark.anyio


class _Broken:
    """A database that fails in a way nobody foresaw."""

    is_exclusive = True

    async def write(self, _work: Any) -> NoReturn:
        raise LookupError("nobody foresaw this")


async def test_it_ends_the_process_and_that_does_not_look_like_a_good_end(plain: Parts) -> None:
    told = asyncio.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    records = replace(plain.records, database=cast("Database", _Broken()))
    try:
        with pytest.raises(WorkerDiedError, match="the log says why"):
            async with open_worker(IngestSettings(), records, plain.vectors, plain.upstream):
                await asyncio.wait_for(told.wait(), 30)
    finally:
        signal.signal(signal.SIGTERM, before)
