"""The engine process: answers requests on an inherited socket until the other end is gone.

Started as `python -m vectorstore.embedded.serving SOCKET FOLDER DIMENSIONS FLUSH_SECONDS`.
"""

import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from vectorstore.embedded.messages import HEADER, Failure, packed, unpacked
from vectorstore.embedded.shard import Shard
from vectorstore.errors import VectorStoreError


def serve(connection: socket.socket, shard: Shard, flush_seconds: float) -> None:
    """Answer one request after the other; flush a while after a write. Returns when the service has hung up."""
    flush_due = 0.0
    while True:
        wait = max(0.0, flush_due - time.monotonic()) if shard.unflushed else None
        if select.select([connection], [], [], wait)[0]:
            header = _read(connection, HEADER.size)
            if header is None:
                return
            number, length = HEADER.unpack(header)
            body = _read(connection, length)
            if body is None:
                return
            was_flushed = not shard.unflushed
            connection.sendall(packed(number, _answer(shard, unpacked(body))))
            if was_flushed:
                flush_due = time.monotonic() + flush_seconds
        if shard.unflushed and time.monotonic() >= flush_due:
            shard.flush()


def _answer(shard: Shard, request: Any) -> Any:
    try:
        return shard.answer(request)
    except VectorStoreError as error:
        return Failure(str(error), error)
    except Exception as error:  # noqa: BLE001 - the engine raises nothing more precise
        return Failure(f"{type(request).__name__}: {error}")


def _read(connection: socket.socket, length: int) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(min(length - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


def main() -> None:
    """Open the collection, say so, serve, flush, end."""
    # Ctrl-C and a supervisor's SIGTERM reach the whole family; the service decides when its engine stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    try:
        shard = Shard(Path(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:  # noqa: BLE001 - as above
        connection.sendall(packed(0, Failure(f"opening: {error}")))
        return
    try:
        connection.sendall(packed(0, None))
        serve(connection, shard, float(sys.argv[4]))
    except ConnectionError:
        pass  # the service was killed: all that is left is to flush
    finally:
        shard.close()


if __name__ == "__main__":
    main()
