"""What can go wrong with an upstream.

    UpstreamError
    ├── UpstreamConfigurationError
    ├── ModelUnavailableError
    ├── UpstreamAuthenticationError
    ├── UpstreamRejectedError
    ├── UpstreamQuotaError
    ├── UpstreamInvalidResponseError
    │   └── UpstreamGarbledError     retryable, a few times
    ├── UpstreamRateLimitedError     retryable, congestion
    ├── UpstreamTimeoutError         retryable, congestion
    └── UpstreamUnavailableError     retryable
        └── UpstreamOverloadedError  congestion

No message holds a key or the text of a document.
"""

from typing import ClassVar

_ABOUT_THE_BODY = {400, 413, 422}
_OTHER_FIELDS = {"model", "dimensions", "encoding_format", "user"}


class UpstreamError(Exception):
    """The upstream could not do what was asked."""

    retryable: ClassVar[bool] = False
    """Whether the same call can succeed later."""
    congestion: ClassVar[bool] = False
    """Whether it says that there are too many calls, so that fewer side by side would help."""
    max_retries: ClassVar[int | None] = None
    """Tries after which one more is of no use; None leaves it to `upstream.max_retries`."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.retry_after_seconds = retry_after_seconds
        """How long the upstream asked to be left alone; None when it did not say."""
        self.tries = 0
        """How often a relayed call was sent before it failed."""
        self.upstream: str | None = None
        """Name of the server that failed last; None where none was asked."""


class UpstreamConfigurationError(UpstreamError):
    """The `upstream` options cannot work together; see the documentation of the options."""


class ModelUnavailableError(UpstreamError):
    """There is no way to an embedding model."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"The store was made with the embedding model {model!r}, which this service cannot reach. "
            "Set `upstream.base_url` or `upstream.api_key` for it, or install `footnote[local]` for the embedded model."
        )


class UpstreamAuthenticationError(UpstreamError):
    """The upstream refuses the key; check `upstream.api_key` (or OPENAI_API_KEY)."""


class UpstreamRejectedError(UpstreamError):
    """The upstream refuses the request itself; the same request would be refused again."""

    def __init__(
        self, message: str | None = None, *, status: int, parameter: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.parameter = parameter
        """Name of the field the upstream objects to, when it says."""
        self.code = code
        """The upstream's own word for the reason, such as `unsupported_parameter`."""

    @property
    def may_be_about_texts(self) -> bool:
        """Whether other texts to embed could have been accepted."""
        return self.status in _ABOUT_THE_BODY and self.parameter not in _OTHER_FIELDS


class UpstreamQuotaError(UpstreamError):
    """The account at the upstream has no credit left; top it up or set another `upstream.api_key`."""


class UpstreamInvalidResponseError(UpstreamError):
    """The upstream's answer is not what the OpenAI API describes; check that `upstream.base_url` ends with `/v1`."""


class UpstreamGarbledError(UpstreamInvalidResponseError):
    """The upstream's answer is broken; try again later, or ask whoever runs it."""

    retryable = True
    max_retries = 2  # a server that goes on like this is broken, and each answer is paid for


class UpstreamRateLimitedError(UpstreamError):
    """The upstream takes no more calls for now; try again later or lower `upstream.concurrency`."""

    retryable = True
    congestion = True


class UpstreamTimeoutError(UpstreamError):
    """The upstream took too long; try again later or raise the time-outs in `upstream`."""

    retryable = True
    congestion = True


class UpstreamUnavailableError(UpstreamError):
    """The upstream does not answer; try again later."""

    retryable = True


class UpstreamOverloadedError(UpstreamUnavailableError):
    """The upstream has more to do than it can; try again later."""

    congestion = True
