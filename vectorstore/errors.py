"""What can go wrong with the vector store."""


class VectorStoreError(Exception):
    """The vector store could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class VectorStoreUnavailableError(VectorStoreError):
    """The vector store does not answer; try again later."""


class VectorStoreLockedError(VectorStoreError):
    """Another process uses this data folder; stop it or set another `data.dir`."""


class InvalidVectorError(VectorStoreError):
    """A vector has the wrong length or holds a value that is not a finite number."""


class DimensionMismatchError(VectorStoreError):
    """The collection holds vectors of another length; use another embedding model name or re-embed the store."""


class InvalidFilterError(VectorStoreError):
    """The filter has no meaning: `gt`, `gte`, `lt` and `lte` compare numbers; only `in` and `nin` take lists."""
