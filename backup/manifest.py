"""The first and the last entry of a backup: where it comes from, and what it holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from backup.errors import DamagedBackupError, ForeignBackupError

FORMAT = 1
ORIGIN = "footnote.json"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a backup comes from."""

    format: int
    version: str
    """Of Footnote."""
    schema: str
    """Revision of the tables."""
    taken_at: str
    """The moment of the rows, ISO 8601, UTC."""

    def packed(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    origin: Origin
    rows: Mapping[str, int]
    """How many rows of the moment there are, by table."""
    files: int
    file_bytes: int
    documents: int
    """How many documents come back, searchable or not."""
    chunks: int
    """How many chunks come back."""
    changed: Mapping[str, int | None]
    """Documents that changed while the backup was taken: the version that it holds, 0 when it has to be read again,
    None when the document is not in the backup."""
    left_out: Sequence[str]
    """Names of files, and of files of documents, that are left out although nobody had deleted them: their bytes are
    missing or damaged in the installation itself."""
    entries: int
    digest: str
    """SHA-256 over all other entries; see the package."""

    def packed(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


def unpacked_origin(data: bytes) -> Origin:
    """The origin that an entry holds. Raises ForeignBackupError."""
    try:
        origin = Origin(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise ForeignBackupError from error
    if origin.format != FORMAT:
        message = (
            f"The backup was taken by Footnote {origin.version} in a form that this version cannot read; restore it "
            "with that version."
        )
        raise ForeignBackupError(message)
    return origin


def unpacked_manifest(data: bytes) -> Manifest:
    """The manifest that an entry holds. Raises DamagedBackupError."""
    try:
        values = json.loads(data)
        return Manifest(**{**values, "origin": Origin(**values["origin"])})
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedBackupError from error
