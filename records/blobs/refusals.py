"""What S3 and the library raise, as errors of ours that say what to do and show no key.

The library's texts hold the server's whole answer, in which S3 repeats access keys and signatures: of those texts only
the status and S3's error code are passed on, and they are no cause of ours, since causes are logged.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from records.blobs.errors import StorageError, StorageUnavailableError

_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_ROLE = re.compile("credential|169[.]254[.]|/latest/(api/token|meta-data)", re.IGNORECASE)  # where roles get their keys
_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthFailure"})
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})


class NotFoundInBucketError(StorageError):
    """The S3 bucket has no such object."""


@contextmanager
def translated_from_s3() -> Iterator[None]:
    """Turn what the library raises into `StorageError`."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise _explained(error) from None


def _explained(error: BaseError | FileNotFoundError) -> StorageError:
    text = str(error)
    code = _found(_CODE, text)
    if code == "NoSuchBucket":
        return StorageError("The S3 bucket does not exist (NoSuchBucket); make it, or correct `files.url`.")
    if isinstance(error, FileNotFoundError):
        return NotFoundInBucketError()
    if code in _CLOCK:
        return StorageError(f"The S3 server finds this machine's clock wrong ({code}); set it.")
    if code in _KEYS:
        return StorageError(f"The S3 server does not accept the keys ({code}); see `files.access_key_id`.")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        reason = code or _found(_STATUS, text) or "denied"
        return StorageError(
            f"The S3 server refuses access ({reason}); the keys in `files.access_key_id` and `files.secret_access_key` "
            "must be right, and be allowed to get, put, delete and list the objects of the bucket."
        )
    return _unexplained(text, code)


def _unexplained(text: str, code: str | None) -> StorageError:
    status = _found(_STATUS, text)
    if status is None:
        if _ROLE.search(text):
            return StorageError(
                "No keys for the S3 bucket were found; set `files.access_key_id` and `files.secret_access_key`."
            )
        return StorageUnavailableError()
    reason = f"{status} {code}" if code else status
    return StorageUnavailableError(
        f"The S3 server could not do what was asked ({reason}); see its log, and try again later."
    )


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
