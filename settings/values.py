"""Values of options that need more than a range."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

_SCHEME = "postgresql+psycopg"


def _check_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        usable = parts.scheme == _SCHEME and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        message = (
            f"must look like {_SCHEME}://user:password@host/name, where special characters of the password are "
            "percent-encoded; no other database or driver is supported"
        )
        raise PydanticCustomError("database_url", message)
    return url


def _split(value: Any) -> Any:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return names
    return tuple(name.strip().lower() if isinstance(name, str) else name for name in names)


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]
"""SQLAlchemy's address of a Postgres database."""

HostNames = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Host names: a list in the file, separated by commas in the environment."""
