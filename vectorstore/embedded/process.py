"""An engine process seen from the service."""

import asyncio
import itertools
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from vectorstore.embedded.messages import HEADER, Failure, Request, packed, unpacked
from vectorstore.errors import VectorStoreError, VectorStoreUnavailableError

Popen: TypeAlias = "subprocess.Popen[bytes]"

_log = logging.getLogger(__name__)

_STOP_SECONDS = 60.0
"""Time to flush a large collection before the process is killed; its log keeps what was not flushed."""


class ProcessEndedError(Exception):
    """The engine process is gone."""


def spawn(module: str, connection: socket.socket, arguments: Sequence[str], inherited: Sequence[int] = ()) -> Popen:
    """Run a module of this package in a new interpreter that inherits a socket.

    A new process group: Ctrl-C in the terminal must stop the service, not its engine.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}  # noqa: PTH109
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module, str(connection.fileno()), *arguments],
        pass_fds=(connection.fileno(), *inherited),
        stdin=subprocess.DEVNULL,
        process_group=0,
        env=environment,
    )


class EngineProcess:
    """Sends requests to one engine process and pairs them with its answers. Made by `start`."""

    def __init__(self, popen: Popen, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._popen = popen
        self._reader, self._writer = streams
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ended = False
        self._listener = asyncio.create_task(self._listen(), name="vectorstore-engine-answers")

    @classmethod
    async def start(
        cls, folder: Path, dimensions: int, flush_seconds: float, inherited: Sequence[int]
    ) -> "EngineProcess":
        """Start a process on a folder and wait until it has opened it; raises `VectorStoreUnavailableError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(folder), str(dimensions), str(flush_seconds)]
            popen = spawn("vectorstore.embedded.serving", theirs, arguments, inherited)
        process = cls(popen, await asyncio.open_connection(sock=ours))
        try:
            process._take(await process._expect(0), "opening")
        except (ProcessEndedError, VectorStoreError) as exc:
            await process.stop()
            cause = "look for damaged files, a full disk or too little memory"
            message = f"The vector engine could not open {folder.parent.name}; {cause}."
            raise VectorStoreUnavailableError(message) from exc
        except asyncio.CancelledError:
            await process.stop()
            raise
        return process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def ended(self) -> bool:
        """Whether it answers no more."""
        return self._ended

    async def ask(self, request: Request) -> Any:
        """The answer to a request.

        Raises `ProcessEndedError` when the process is gone before it answered, `VectorStoreError` when it refused.
        """
        number = next(self._numbers)
        answer = self._expect(number)
        try:
            self._writer.write(packed(number, request))
            await self._writer.drain()
            return self._take(await answer, type(request).__name__)
        except ConnectionError as exc:
            raise ProcessEndedError from exc
        finally:
            self._waiting.pop(number, None)

    async def stop(self) -> None:
        """Let it answer what it was asked, flush and end."""
        if self._waiting:
            await asyncio.wait(self._waiting.values(), timeout=_STOP_SECONDS)
        if self._writer.can_write_eof() and not self._ended:
            self._writer.write_eof()
        try:
            await asyncio.to_thread(self._popen.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            await asyncio.to_thread(self._popen.wait)
        await self._listener
        self._writer.close()

    def _expect(self, number: int) -> "asyncio.Future[Any]":
        if self._ended:
            raise ProcessEndedError
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        return future

    def _take(self, answer: Any, asked: str) -> Any:
        if not isinstance(answer, Failure):
            return answer
        if answer.caller_error is not None:
            raise answer.caller_error
        # The engine's own words may quote what it was given, which may be a document: they go nowhere.
        _log.warning("the vector engine refused a request: %s", asked)
        raise VectorStoreError("The vector store refused the request.")

    async def _listen(self) -> None:
        try:
            while True:
                number, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
                body = await self._reader.readexactly(length)
                waiting = self._waiting.pop(number, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(unpacked(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._ended = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ProcessEndedError())
            self._waiting.clear()
