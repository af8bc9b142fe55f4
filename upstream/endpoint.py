"""Where an OpenAI-compatible server is, and the key it asks for."""

from dataclasses import dataclass

from pydantic import SecretStr
from yarl import URL

from upstream.errors import UpstreamConfigurationError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server; its representation never shows the key."""

    base_url: URL
    api_key: SecretStr | None
    key_option: str
    """Option to name when the server refuses the key."""
    url_option: str = "upstream.base_url"
    """Option to name when the server cannot be reached."""

    @property
    def origin(self) -> URL:
        """Scheme, host and port; who answers at the same is trusted the same."""
        return self.base_url.origin()


def read_endpoint(
    base_url: str, api_key: SecretStr | None, *, url_option: str = "upstream.base_url", key_option: str
) -> Endpoint:
    """An endpoint from what people write: blanks around it and slashes at the end do no harm.

    Raises:
        UpstreamConfigurationError: The address is not an HTTP one, holds a password, or the key cannot be sent.
    """
    try:
        url = URL(base_url.strip())
        url.port  # noqa: B018 - only looking shows a port that is no number
    except ValueError as exc:
        raise UpstreamConfigurationError(f"`{url_option}` is not an address; write https://host/v1.") from exc
    if url.scheme not in {"http", "https"} or not url.raw_host:
        raise UpstreamConfigurationError(f"`{url_option}` must start with http:// or https:// and name a host.")
    if url.raw_user or url.raw_password:
        raise UpstreamConfigurationError(f"`{url_option}` holds a password; use `{key_option}` for the key instead.")
    url = url.with_path(url.raw_path.rstrip("/"), encoded=True, keep_query=True)
    return Endpoint(url, sendable(api_key, key_option), key_option, url_option)


def sendable(api_key: SecretStr | None, key_option: str) -> SecretStr | None:
    """The key without blanks around it; None when nothing is left. Raises `UpstreamConfigurationError`."""
    key = api_key.get_secret_value().strip() if api_key else ""
    if not (key.isascii() and key.isprintable()):
        raise UpstreamConfigurationError(
            f"`{key_option}` holds characters that no HTTP header can; copy the key again."
        )
    return SecretStr(key) if key else None
