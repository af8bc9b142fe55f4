"""Values of options that need more than a range."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

_SCHEME = "postgresql+psycopg"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?", re.ASCII)


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


def _split_values(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part for part in (part.strip() for part in value.split(",")) if part)
    return value


def _read_pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not name.strip() or not target.strip() for name, _, target in pairs):
        raise PydanticCustomError("pairs", "must look like alias=model,alias=model")
    return {name.strip(): target.strip() for name, _, target in pairs}


def read_json(value: Any) -> Any:
    """A table that the environment gives as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("json", "must be JSON") from None


def needed_to_rerank(model: str | None, others: ValidationInfo) -> str | None:
    """The model that reranks, which must be named where an upstream does."""
    if not model and others.data.get("rerank") == "upstream":
        raise PydanticCustomError("rerank_model", "must be set where `search.rerank` is `upstream`")
    return model


def _check_bucket(url: str) -> str:
    if not _BUCKET.fullmatch(url):
        raise PydanticCustomError("bucket_url", "must look like s3://bucket or s3://bucket/folder")
    return url


def _check_endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise PydanticCustomError("endpoint_url", "must look like https://host or https://host:port, without keys")
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]
"""SQLAlchemy's address of a Postgres database."""

HostNames = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Host names: a list in the file, separated by commas in the environment."""

BucketUrl = Annotated[str, AfterValidator(_check_bucket)]
"""Bucket of an S3-compatible storage, and a folder in it."""

EndpointUrl = Annotated[str, AfterValidator(_check_endpoint)]
"""Address of an HTTP server, without secrets in it."""

SecretList = Annotated[tuple[Annotated[SecretStr, Field(min_length=1)], ...], BeforeValidator(_split_values)]
"""Keys: a list in the file, separated by commas in the environment."""

Patterns = Annotated[tuple[str, ...], BeforeValidator(_split_values), Field(min_length=1)]
"""Names with `*` for any characters: a list in the file, separated by commas in the environment."""

Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_split_values), Field(min_length=1)]
"""Names: a list in the file, separated by commas in the environment."""

Aliases = Annotated[Mapping[str, str], BeforeValidator(_read_pairs)]
"""Names and what they stand for: a table in the file, `name=target,…` in the environment."""

Fields = Annotated[Mapping[str, Any], BeforeValidator(read_json)]
"""Fields of a JSON object: a table in the file, JSON in the environment."""

ServerName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{0,30}$")]
"""A name that can be part of an environment variable, without the underscore that separates its parts."""
