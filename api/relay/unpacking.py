"""Reading a copy of compressed answers, so that their tokens can be counted."""

import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import zstandard

Unpack = Callable[[bytes], bytes]


class UnpackingError(Exception):
    """The answer is not compressed as it says."""


def unpacking(encoding: bytes) -> Unpack | None:
    """What unpacks an answer piece by piece; None for an encoding that is not known.

    The function raises `UnpackingError` for what cannot be unpacked.
    """
    maker = _MAKERS.get(encoding.strip().lower())
    return None if maker is None else _translated(maker())


def _translated(unpack: Unpack) -> Unpack:
    def translated(piece: bytes) -> bytes:
        try:
            return unpack(piece)
        except (zlib.error, brotli.error, zstandard.ZstdError) as exc:
            raise UnpackingError from exc

    return translated


def _gzip() -> Unpack:
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress


def _brotli() -> Unpack:
    process: Unpack = brotli.Decompressor().process
    return process


def _zstd() -> Unpack:
    return zstandard.ZstdDecompressor().decompressobj().decompress


class _Deflate:
    """`deflate` means zlib's format (RFC 9110), but some servers leave its frame out."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj()
        self._is_first = True

    def __call__(self, piece: bytes) -> bytes:
        is_first, self._is_first = self._is_first, False
        try:
            return self._unpacker.decompress(piece)
        except zlib.error:
            if not is_first:
                raise
            self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._unpacker.decompress(piece)


_MAKERS: Mapping[bytes, Callable[[], Unpack]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _Deflate,
    b"br": _brotli,
    b"zstd": _zstd,
}
