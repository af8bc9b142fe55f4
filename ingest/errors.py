"""What can go wrong on the way from a file to searchable chunks."""


class IngestError(Exception):
    """The document could not be made searchable."""

    code = "internal_error"
    """Stands in the document's error; short and stable."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class StoreGoneError(IngestError):
    """The store was deleted meanwhile."""

    code = "store_not_found"


class IncompleteError(IngestError):
    """The vector store does not hold every chunk that was written to it; add the document again."""

    code = "incomplete"


class DocumentGoneError(IngestError):
    """The document was deleted while it was in work."""

    code = "deleted"
