"""What must be remembered while a backup is taken, on disk where it is much."""

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

_IN_MEMORY_BYTES = 4 << 20


class Spool:
    """Values that JSON can hold, written once and read many times; gone when the block ends."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - it is closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: Iterable[Any]) -> None:
        """Write some more; nothing may be read before all is written."""
        self._file.writelines(json.dumps(value).encode() + b"\n" for value in values)

    def __iter__(self) -> Iterator[Any]:
        self._file.seek(0)
        return map(json.loads, self._file)
