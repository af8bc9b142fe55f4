"""The memory of this process: how much a file may take, and whether that was too little."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_SHORT_OF_BYTES = 67_108_864
"""An allocation larger than what is left fails, so memory can be short while some is left."""


class Memory:
    """Limits the address space from its making on, and watches it (proc(5), status)."""

    def __init__(self, file_bytes: int) -> None:
        self._idle_bytes, _ = _mapped_bytes()
        self._file_bytes = file_bytes
        limit = self._idle_bytes + file_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def was_short(self) -> bool:
        """Whether the file before may have failed for want of memory."""
        _, peak = _mapped_bytes()
        return self._is_near_limit(peak)

    def is_worn(self) -> bool:
        """Whether another process should take over: this one keeps much of what files took, or came to the limit."""
        now, peak = _mapped_bytes()
        return self._is_near_limit(peak) or now > self._idle_bytes + self._file_bytes // 4

    def _is_near_limit(self, peak: int) -> bool:
        return self._idle_bytes + self._file_bytes - peak < min(_SHORT_OF_BYTES, self._file_bytes // 2)


def _mapped_bytes() -> tuple[int, int]:
    """Address space in use now, and at most so far."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="ascii").splitlines())
    return _kilobytes(lines["VmSize"]), _kilobytes(lines["VmPeak"])


def _kilobytes(value: str) -> int:
    return int(value.split(maxsplit=1)[0]) * 1024
