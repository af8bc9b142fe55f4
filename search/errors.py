"""What can go wrong between a question and its answer."""


class SearchError(Exception):
    """The question could not be answered."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class ModelUnavailableError(SearchError):
    """The store's embedding model is not available."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"The store was made with the embedding model {model!r}, which this service cannot reach. "
            "Set `upstream.base_url` or `upstream.api_key` for it, or install `footnote[local]` for the embedded model."
        )
