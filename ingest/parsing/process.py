"""Inside a parsing process: takes one file after another from standard input until that closes."""

import os
import resource
import select
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from ingest.chunking.splitting import split
from ingest.parsing.errors import OutOfMemoryError, ParseError
from ingest.parsing.extracted import Limits
from ingest.parsing.parser import READERS, parse, reader
from ingest.parsing.wire import LENGTH, READY, Reply, Request, decode_request, encode_reply, framed
from upstream.tokens import count_tokens

_NICENESS = 10
_IDLE_SECONDS = 0.02


def main(memory_bytes: int, max_text_characters: int) -> None:
    """Serve requests; files may use `memory_bytes` above what the idle process maps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    output = _private_output()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    count_tokens("")  # loads the vocabulary, which every file needs and none should be charged for
    output.write(framed(READY))
    _load_readers_while_idle()
    idle_bytes = _mapped_bytes()
    _limit(idle_bytes, memory_bytes)
    limits = Limits(max_text_characters=max_text_characters)
    while header := sys.stdin.buffer.read(LENGTH.size):
        request = decode_request(sys.stdin.buffer.read(LENGTH.unpack(header)[0]))
        message = _answer(request, limits, retire_above_bytes=idle_bytes + memory_bytes // 4)
        output.write(framed(message))


def _load_readers_while_idle() -> None:
    """Import what reads files, half a second's work, unless a file waits: its own reader is loaded with it then."""
    for kind in READERS:
        if select.select([0], [], [], _IDLE_SECONDS)[0]:
            return
        reader(kind)


def _answer(request: Request, limits: Limits, *, retire_above_bytes: int) -> bytes:
    try:
        extracted = parse(Path(request.path).read_bytes(), request.filename, limits)
        spans = split(extracted, max_tokens=request.max_tokens, overlap_tokens=request.overlap_tokens)
        return encode_reply(Reply(extracted, spans, None, _mapped_bytes() > retire_above_bytes))
    except ParseError as exc:
        return encode_reply(Reply(None, [], exc, _mapped_bytes() > retire_above_bytes))
    except MemoryError:
        return encode_reply(Reply(None, [], OutOfMemoryError(), retire=True))


def _private_output() -> BinaryIO:
    """Keep standard output for replies, and let parsers' chatter, which may quote the document, go nowhere."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return output


def _die_with_parent() -> None:
    """End at once, even in the middle of a file, when the service is gone and its end of standard input with it."""
    poller = select.poll()
    poller.register(0, 0)  # hang-up is reported without being asked for
    poller.poll()
    os._exit(0)


def _mapped_bytes() -> int:
    """Address space in use (proc(5), statm)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _limit(idle_bytes: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (idle_bytes + memory_bytes, idle_bytes + memory_bytes))
