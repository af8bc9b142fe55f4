"""A parsing process, seen from the service."""

import asyncio
import codecs
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path

from ingest.parsing.errors import OutOfMemoryError, ParseCrashedError, ParseError, ParserStartError
from ingest.parsing.wire import LENGTH, PAGE, READY, Options, Reply, Request, decode_reply, encode_request, framed
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
main(sys.argv[2])
"""
_OPTIONS = set(Options.__annotations__)
_BUFFER_BYTES = 1_048_576
_BYTES_PER_CHARACTER = 4
"""The longest character in UTF-8 (RFC 3629)."""
_MAX_HEAD_BYTES = 33_554_432
"""What a reply may have beside the text: spans, pages and headings."""
_SMALL_HEAD_BYTES = 65_536
_LAST_BREATH_SECONDS = 2.0
_OUT_OF_MEMORY_SIGNALS = frozenset({-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL})
"""How C++ ends a program whose memory is used up; pdfium by an illegal instruction or a trap."""


class Child:
    """One process that reads one file at a time."""

    def __init__(self, process: Process, max_text_characters: int) -> None:
        self._process = process
        self._max_text_bytes = max_text_characters * _BYTES_PER_CHARACTER
        self.files = 0

    @classmethod
    async def start(cls, settings: IngestSettings) -> "Child":
        """Start a process that knows nothing of this one: no memory, no open files, no keys in its environment.

        Raises ParserStartError.
        """
        options = settings.model_dump_json(include=_OPTIONS)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _START,
                str(_ROOT),
                options,
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

    async def ask(self, request: Request, before_page: Callable[[], None]) -> Reply:
        """Have one file read; `before_page` is called before a page is recognised.

        Raises IncompleteReadError or OSError when the process dies over it, ValueError when it answers nonsense.
        """
        assert self._process.stdin is not None
        self.files += 1
        self._process.stdin.write(framed(encode_request(request)))
        await self._process.stdin.drain()
        while (head := await self._receive()) == PAGE:
            before_page()
        text = await self._receive_text()
        if len(head) < _SMALL_HEAD_BYTES:  # a hop to a thread costs more
            return decode_reply(head, text)
        return await asyncio.to_thread(decode_reply, head, text)

    async def why_it_ended(self) -> ParseError:
        """The reason to give for a process that ended over a file; ends it when it has not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BREATH_SECONDS):
                await self._process.wait()
        code = self._process.returncode
        await self.kill()
        return OutOfMemoryError() if code in _OUT_OF_MEMORY_SIGNALS else ParseCrashedError()

    async def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process.returncode is None:
            self._process.kill()
        await asyncio.shield(self._process.communicate())

    async def _receive(self) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readexactly(await self._length(_MAX_HEAD_BYTES))

    async def _receive_text(self) -> str:
        """Decode as it comes in, so that the bytes of a long text are never all in memory beside it."""
        assert self._process.stdout is not None
        left = await self._length(self._max_text_bytes)
        decoder, parts = codecs.getincrementaldecoder("utf-8")(), []
        while left:
            data = await self._process.stdout.readexactly(min(left, _BUFFER_BYTES))
            left -= len(data)
            parts.append(decoder.decode(data, final=not left))
        return "".join(parts)

    async def _length(self, limit: int) -> int:
        """The length of the next message; what took over the process must not fill our memory."""
        assert self._process.stdout is not None
        length = int(LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))[0])
        if length > limit:
            raise ValueError("the reply is longer than any text may be")
        return length


_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _environment() -> dict[str, str]:
    """One memory arena, since each further one reserves 64 MB of the address space that is limited."""
    path = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": path, "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"} | _ONE_THREAD
