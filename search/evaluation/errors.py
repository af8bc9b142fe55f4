"""What can be wrong with an evaluation."""


class EvaluationError(Exception):
    """The evaluation cannot be done as it was asked for."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class SetError(EvaluationError):
    """The set of questions cannot be used."""
