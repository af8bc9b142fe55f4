"""A backup's entries as the bytes of a tar file, made one after another."""

import hashlib
import tarfile

SHA256 = "FOOTNOTE.sha256"
_PRIVATE = 0o600
_BLOCK_BYTES = tarfile.BLOCKSIZE
END = b"\0" * 2 * _BLOCK_BYTES


class Entries:
    """Makes entries and keeps account of them."""

    def __init__(self, mtime: int) -> None:
        self._mtime = mtime
        self._digest = hashlib.sha256()
        self.count = 0

    @property
    def digest(self) -> str:
        """SHA-256 over the names, sizes and contents of all entries so far."""
        return self._digest.hexdigest()

    def whole(self, name: str, data: bytes) -> bytes:
        """An entry of a few bytes."""
        return self.header(name, len(data), hashlib.sha256(data).hexdigest()) + data + padding(len(data))

    def header(self, name: str, size_bytes: int, sha256: str) -> bytes:
        """What comes before a content; its padding must follow it."""
        self.count += 1
        self._digest.update(line(name, size_bytes, sha256))
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = size_bytes, self._mtime, _PRIVATE
        entry.pax_headers = {SHA256: sha256}
        return entry.tobuf(tarfile.PAX_FORMAT)


def line(name: str, size_bytes: int, sha256: str) -> bytes:
    """What stands for an entry in the digest of all."""
    return f"{name} {size_bytes} {sha256}\n".encode()


def padding(size_bytes: int) -> bytes:
    """What fills the last block of a content."""
    return b"\0" * (-size_bytes % _BLOCK_BYTES)
