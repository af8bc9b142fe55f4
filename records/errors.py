"""What can go wrong with the records."""


class RecordsError(Exception):
    """The database could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class RecordsUnavailableError(RecordsError):
    """The database does not answer; try again later."""


class DataFolderLockedError(RecordsError):
    """Another Footnote process uses this data folder; stop it, or set another folder in `data.dir`."""


class ConflictError(RecordsError):
    """Somebody else wrote the same at the same moment; try again."""


class SchemaTooNewError(RecordsError):
    """A later version of Footnote has written this database; start that version, or restore a backup."""


class UnfitError(RecordsError):
    """Something in the request is nothing that can be kept or looked up, such as a text with the character NUL."""


class NameTakenError(RecordsError):
    """There is a store of that name already."""
