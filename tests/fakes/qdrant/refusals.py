"""Answers of the stand-in other than 200, as Qdrant words them."""


class RefusedError(Exception):
    """The request cannot be carried out."""

    status = 400


class MissingError(RefusedError):
    """Qdrant's answer about a collection that does not exist."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"Not found: Collection `{name}` doesn't exist!")


class ExistsError(RefusedError):
    """Qdrant's answer to making a collection that exists."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"Wrong input: Collection `{name}` already exists!")


class UnknownError(RefusedError):
    """The request is Qdrant's, but the stand-in does not know it."""

    def __init__(self, what: object) -> None:
        super().__init__(f"The stand-in does not know {type(what).__name__}.")
