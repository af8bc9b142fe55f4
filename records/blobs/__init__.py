"""Bytes that must survive a restart: uploaded files by the hash of their content, texts by document and version.

On the disk of this machine by default, in an S3-compatible bucket where one is set.
"""

from records.blobs.disk import Disk
from records.blobs.errors import (
    BlobDamagedError,
    BlobMissingError,
    BlobNameError,
    BlobTooLargeError,
    BucketSettingsError,
    S3MissingError,
    StorageError,
    StorageUnavailableError,
)
from records.blobs.keeping import Blobs
from records.blobs.opening import open_blobs
from records.blobs.storage import Blob, Storage

__all__ = [
    "Blob",
    "BlobDamagedError",
    "BlobMissingError",
    "BlobNameError",
    "BlobTooLargeError",
    "Blobs",
    "BucketSettingsError",
    "Disk",
    "S3MissingError",
    "Storage",
    "StorageError",
    "StorageUnavailableError",
    "open_blobs",
]
