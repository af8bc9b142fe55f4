"""A parsing process, seen from the service."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from ingest.parsing.errors import ParserStartError
from ingest.parsing.wire import LENGTH, READY, Reply, Request, decode_reply, encode_request, framed
from settings.options import IngestSettings

_ROOT = Path(__file__).parents[2]
_BARE_PACKAGES = ("ingest", "ingest.parsing", "upstream")
# The packages' own __init__ modules would load the database, Qdrant and HTTP clients: half a second and 100 MB that
# reading files needs nothing of.
_START = f"""
import pathlib, sys, types
for name in {_BARE_PACKAGES!r}:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(pathlib.Path(sys.argv[1], *name.split(".")))]
from ingest.parsing.process import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""
_BUFFER_BYTES = 4_194_304
_REPLY_BYTES_PER_CHARACTER = 8
_REPLY_MARGIN_BYTES = 67_108_864
"""What a reply may have beside the text: spans, pages and headings."""


class Child:
    """One process that reads one file at a time."""

    def __init__(self, process: Process, max_text_characters: int) -> None:
        self._process = process
        self._max_reply_bytes = max_text_characters * _REPLY_BYTES_PER_CHARACTER + _REPLY_MARGIN_BYTES
        self.files = 0

    @classmethod
    async def start(cls, settings: IngestSettings) -> "Child":
        """Start a process that knows nothing of this one: no memory, no open files, no keys in its environment.

        Raises ParserStartError.
        """
        arguments = (str(_ROOT), str(settings.parse_memory_bytes), str(settings.max_text_characters))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _START,
                *arguments,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=_environment(),
                limit=_BUFFER_BYTES,
                start_new_session=True,
            )
        except OSError as exc:
            raise ParserStartError from exc
        child = cls(process, settings.max_text_characters)
        try:
            ready = await child._receive() == READY
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as exc:
            await child.kill()
            raise ParserStartError from exc
        except BaseException:
            await child.kill()
            raise
        assert ready, "the process speaks another protocol"
        return child

    @property
    def is_alive(self) -> bool:
        """Whether it can take another file."""
        return self._process.returncode is None

    async def ask(self, request: Request) -> Reply:
        """Have one file read.

        Raises IncompleteReadError or OSError when the process dies over it, ValueError when it answers nonsense.
        """
        assert self._process.stdin is not None
        self.files += 1
        self._process.stdin.write(framed(encode_request(request)))
        await self._process.stdin.drain()
        return await asyncio.to_thread(decode_reply, await self._receive())

    async def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process.returncode is None:
            self._process.kill()
        await asyncio.shield(self._process.communicate())

    async def _receive(self) -> bytes:
        assert self._process.stdout is not None
        (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
        if length > self._max_reply_bytes:  # a file that took over the process must not fill our memory
            raise ValueError("the reply is longer than any text may be")
        return await self._process.stdout.readexactly(length)


def _environment() -> dict[str, str]:
    """One memory arena, since each further one reserves 64 MB of the address space that is limited."""
    path = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": path, "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"}
