"""Inside a parsing process: takes one file after another from standard input until that closes."""

import json
import os
import resource
import select
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from ingest.chunking.splitting import split
from ingest.parsing.errors import CorruptError, OutOfMemoryError, ParseError
from ingest.parsing.extracted import Limits
from ingest.parsing.memory import Memory
from ingest.parsing.parser import READERS, parse, reader
from ingest.parsing.recognition import Recogniser, load_engine
from ingest.parsing.wire import LENGTH, PAGE, READY, Options, Reply, Request, decode_request, encode_reply, framed
from upstream.tokens import count_tokens

_NICENESS = 10


def main(options_json: str) -> None:
    """Serve requests, within the limits of these `Options`."""
    options = Options(**json.loads(options_json))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    output = _private_output()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.addaudithook(_stay_offline)
    _load_all()
    engine = load_engine() if options.ocr == "local" else None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = Memory(options.parse_memory_bytes + (options.ocr_memory_bytes if engine is not None else 0))
    _send(output, READY)
    while header := sys.stdin.buffer.read(LENGTH.size):
        request = decode_request(sys.stdin.buffer.read(LENGTH.unpack(header)[0]))
        recogniser = None
        if engine is not None:
            recogniser = Recogniser(engine, max_pages=options.ocr_max_pages, before_page=lambda: _send(output, PAGE))
        limits = Limits(max_text_characters=options.max_text_characters, recognise=recogniser)
        _send(output, *_answer(request, limits, memory))


def _stay_offline(event: str, _: object) -> None:
    """No library of this process has any business on the network (audit events of PEP 578)."""
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        raise PermissionError(event)


def _send(output: BinaryIO, *messages: bytes) -> None:
    output.writelines(map(framed, messages))
    output.flush()


def _load_all() -> None:
    """Load what files need, half a second's work, so that none waits for it nor is charged for it."""
    count_tokens("")
    # openpyxl loads it where it is installed: 12 MB and a tenth of a second for nothing.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    for kind in READERS:
        reader(kind)
    del sys.modules["numpy"]


def _answer(request: Request, limits: Limits, memory: Memory) -> tuple[bytes, bytes]:
    try:
        return encode_reply(_read(request, limits, memory))
    except MemoryError:
        return encode_reply(Reply(None, [], OutOfMemoryError(), retire=True))


def _read(request: Request, limits: Limits, memory: Memory) -> Reply:
    try:
        extracted = parse(Path(request.path).read_bytes(), request.filename, limits)
        spans = split(extracted, max_tokens=request.max_tokens, overlap_tokens=request.overlap_tokens)
    except CorruptError as exc:  # libraries in C tell a lack of memory as an error like any other
        error = OutOfMemoryError() if memory.was_short() else exc
        return Reply(None, [], error, memory.is_worn())
    except ParseError as exc:
        return Reply(None, [], exc, memory.is_worn())
    except OSError:
        return Reply(None, [], ParseError("The uploaded file is no longer there: upload it again."), memory.is_worn())
    return Reply(extracted, spans, None, memory.is_worn())


def _private_output() -> BinaryIO:
    """Keep standard output for replies, and let parsers' chatter, which may quote the document, go nowhere."""
    output = os.fdopen(os.dup(1), "wb")
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
