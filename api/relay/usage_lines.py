"""Taking out of a stream what the upstream only added because its tokens were asked for."""

import re
from typing import Any

import msgspec

_NAME = b'"usage"'
_NULL = b',"usage":null'
_ANY_NULL = re.compile(rb',\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,\s*')


class _Chunk(msgspec.Struct, gc=False):
    choices: list[Any] | None = None
    usage: dict[str, Any] | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class UsageLines:
    """Removes the extra event with the usage and the empty `usage` members of the others; all else stays as it is."""

    __slots__ = ("_skips_blank",)

    def __init__(self) -> None:
        self._skips_blank = False

    def feed(self, lines: bytes) -> bytes:
        """Whole lines without what was added; `lines` ends where a line does."""
        if self._skips_blank:
            lines = self._without_blank(lines)
        if _NAME not in lines:
            return lines
        lines = lines.replace(_NULL, b"")
        found = lines.find(_NAME)
        if found < 0:
            return lines
        start = max(lines.rfind(b"\n", 0, found), lines.rfind(b"\r", 0, found)) + 1
        return lines[:start] + self._slowly(lines[start:])

    def _without_blank(self, lines: bytes) -> bytes:
        if lines:
            self._skips_blank = False
        for blank in (b"\r\n", b"\n", b"\r"):
            if lines.startswith(blank):
                return lines[len(blank) :]
        return lines

    def _slowly(self, lines: bytes) -> bytes:
        kept = []
        for line in lines.splitlines(keepends=True):
            if self._skips_blank:
                self._skips_blank = False
                if not line.strip():
                    continue
            if _NAME in line:
                line = _without_null(line)  # noqa: PLW2901
                if _is_extra(line):
                    self._skips_blank = True
                    continue
            kept.append(line)
        return b"".join(kept)


def _without_null(line: bytes) -> bytes:
    return _ANY_NULL.sub(b"", line, count=1)


def _is_extra(line: bytes) -> bool:
    if not line.startswith(b"data:"):
        return False
    try:
        chunk = _CHUNK.decode(line[5:].strip())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return chunk.choices == [] and chunk.usage is not None
