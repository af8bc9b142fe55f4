"""From the options of a bucket to the library's client for it."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from obstore.store import S3Store

from records.blobs.bucket import Bucket
from records.blobs.errors import BucketSettingsError
from settings import FilesSettings

if TYPE_CHECKING:  # these names exist for type checkers alone
    from obstore.store import S3Config, S3Credential, S3CredentialProvider

_DAY = timedelta(days=1)


def connect(settings: FilesSettings, downloads: Path) -> Bucket:
    """The bucket that is set; nothing is sent yet."""
    assert settings.url is not None
    place = urlsplit(settings.url)
    store = S3Store(
        place.netloc,
        prefix=place.path.strip("/") or None,
        config=_config(settings, place.netloc),
        credential_provider=_keys(settings),
        client_options={
            "allow_http": settings.allow_http,
            "connect_timeout": timedelta(seconds=settings.connect_timeout_seconds),
            "read_timeout": timedelta(seconds=settings.idle_timeout_seconds),
            "timeout": _DAY,  # for a whole request; a large file over a slow line is no failure
        },
        retry_config={
            "max_retries": settings.max_retries,
            "retry_timeout": timedelta(seconds=settings.max_retry_seconds),
        },
    )
    return Bucket(store, downloads)


def _config(settings: FilesSettings, bucket: str) -> "S3Config":
    """The library's options; those left out it takes from the usual AWS variables of the environment."""
    config: S3Config = {
        "virtual_hosted_style_request": not settings.path_style,
        "disable_bulk_delete": True,  # not every server knows it, and nothing here deletes in bulk
    }
    if settings.endpoint is not None:
        config["endpoint"] = endpoint(settings, bucket)
    if settings.region is not None:
        config["region"] = settings.region
    return config


def _keys(settings: FilesSettings) -> "S3CredentialProvider | None":
    """The keys that are set, alone: a session token of the environment belongs to other keys."""
    key, secret = settings.access_key_id, settings.secret_access_key
    if (key is None) != (secret is None):
        raise BucketSettingsError("Set both `files.access_key_id` and `files.secret_access_key`, or neither.")
    if key is None or secret is None:
        return None
    credential: S3Credential = {
        "access_key_id": key.get_secret_value(),
        "secret_access_key": secret.get_secret_value(),
        "expires_at": None,
    }
    return lambda: credential


def endpoint(settings: FilesSettings, bucket: str) -> str:
    """The address requests go to; with the bucket's name in it where that is how buckets are told apart."""
    parts = urlsplit(settings.endpoint or "")
    if parts.scheme == "http" and not settings.allow_http:
        raise BucketSettingsError(
            "`files.endpoint` begins with http://, so documents would cross the network unencrypted; use https://, or "
            "set `files.allow_http` where that network is your own."
        )
    host = parts.netloc if settings.path_style else f"{bucket}.{parts.netloc}"
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
