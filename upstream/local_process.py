"""The parent's side of the process that runs the local model."""

import asyncio
import json
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from upstream.embedder import Vectors
from upstream.errors import UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError

DIMENSIONS = 384
_SCRIPT = Path(__file__).with_name("local_worker.py")
_START_SECONDS = 120.0
"""A second is usual; low priority on a busy machine can make it many."""


class ProcessEndedError(UpstreamUnavailableError):
    """The process of the local model ended unexpectedly; if it happens again, look at the machine's memory."""


class LocalProcess:
    """One running model; takes one request at a time."""

    def __init__(self, process: Process, *, answer_seconds: float) -> None:
        self._process = process
        self._answer_seconds = answer_seconds

    @property
    def pid(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    async def embed(self, texts: Sequence[str], *, question: bool) -> Vectors:
        """Vectors, shape (len(texts), 384).

        Raises:
            ProcessEndedError: The process is gone.
            UpstreamTimeoutError: It does not answer; it is of no more use, for its answer may still come.
        """
        request = json.dumps({"question": question, "texts": list(texts)}).encode()
        with _limited("answer", self._answer_seconds):
            async with asyncio.timeout(self._answer_seconds):
                body = await self._exchange(struct.pack(">I", len(request)) + request)
        return np.frombuffer(body, np.float32).reshape(len(texts), DIMENSIONS)

    async def close(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        # Reads what is left as well: the pipes stay open otherwise.
        await self._process.communicate()

    async def ready(self) -> None:
        """Return when the model is loaded; raises `UpstreamError` with the reason when it cannot be."""
        with _limited("load", _START_SECONDS):
            async with asyncio.timeout(_START_SECONDS):
                await self._exchange(b"")

    async def _exchange(self, request: bytes) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(request)
            await stdin.drain()
            status, length = struct.unpack(">BI", await stdout.readexactly(5))
            body = await stdout.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as exc:
            raise ProcessEndedError from exc
        if status:
            raise UpstreamError(f"The local model cannot be loaded; reinstall `footnote[local]` ({body.decode()}).")
        return body


@contextmanager
def _limited(deed: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError as exc:
        message = f"The local model did not {deed} within {seconds:g} s; is the machine overloaded?"
        raise UpstreamTimeoutError(message) from exc


async def start_process(threads: int, *, answer_seconds: float) -> LocalProcess:
    """A process with the model loaded. Raises `UpstreamError` when it does not come up."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # keeps this folder, whose modules have common names, out of the import path
            str(_SCRIPT),
            stdin=PIPE,
            stdout=PIPE,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"},
            # Ctrl-C in the terminal is for the service, which then ends this process. (uvloop has no process_group.)
            start_new_session=True,
        )
    except OSError as exc:
        raise UpstreamUnavailableError("The process of the local model cannot be started; try again later.") from exc
    started = LocalProcess(process, answer_seconds=answer_seconds)
    try:
        await started.ready()
    except BaseException:
        await started.close()
        raise
    return started
