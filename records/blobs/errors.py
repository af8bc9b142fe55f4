"""What can go wrong with files and texts."""

from records.errors import RecordsError


class BlobTooLargeError(RecordsError):
    """The file is larger than allowed."""


class S3MissingError(RecordsError):
    """`files.url` names a bucket, and the library for S3 is not installed; `pip install "footnote[s3]"` installs it."""


class BucketSettingsError(RecordsError):
    """The options in `files` contradict each other."""


class StorageError(RecordsError):
    """The data folder cannot be used; see whether its disk is full, and who may read and write it."""


class StorageUnavailableError(StorageError):
    """The S3 server does not answer; see whether it runs, and `files.endpoint` and `files.region`."""


class BlobMissingError(StorageError):
    """The bytes of a file that is recorded are not in the storage; restore them from a backup, or upload it again."""


class BlobDamagedError(StorageError):
    """A file's bytes are not those that its name is the hash of; take another copy of the backup."""


class BlobNameError(RecordsError):
    """That is not the name of a file or text; it does not come from a backup of Footnote."""
