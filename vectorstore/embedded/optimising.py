"""The process that optimises a copy of a collection, at low priority.

Started as `python -m vectorstore.embedded.optimising SOCKET FOLDER DIMENSIONS`; ends with 0 when done.
"""

import fcntl
import os
import sys
from pathlib import Path

from vectorstore.embedded.layout import optimise_shard

_NICENESS = 10
"""A tenth of what a process that answers gets, but never nothing: on a machine that ingests for hours it must end."""


def main() -> None:
    """Optimise, unless the service goes away first."""
    end_with_parent(int(sys.argv[1]))
    os.nice(_NICENESS)
    optimise_shard(Path(sys.argv[2]), int(sys.argv[3]))


def end_with_parent(connection: int) -> None:
    """Let the kernel end this process when the other end of its socket is closed."""
    # The engine holds the interpreter for minutes, so no thread could watch the socket. The kernel can: it sends
    # SIGIO when the other end closes, and the default action of SIGIO is to end the process.
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    main()
