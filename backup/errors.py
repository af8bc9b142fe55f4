"""What can go wrong with backups."""


class BackupError(Exception):
    """The backup could not be taken or restored."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class ForeignBackupError(BackupError):
    """The file is no backup of Footnote, or one of a later version; restore it with the version that took it."""


class DamagedBackupError(BackupError):
    """The backup is damaged or incomplete; nothing was restored. Take another copy of it, or an older backup."""


class NotEmptyError(BackupError):
    """There is data already; restore into an empty installation."""


class IncompleteRestoreError(BackupError):
    """The restored data is not what the backup holds; nothing is visible yet. Restore the same file once more."""
