"""AWS Signature Version 4, from the server's side: whether a request was signed with the right secret.

As in "Authenticating Requests (AWS Signature Version 4)" of Amazon's S3 API reference.
"""

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote

from aiohttp import web

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\d{8}/(?P<region>[^/]+)/s3/aws4_request), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def refusal(request: web.Request, body: bytes, key: str, secret: str) -> str | None:
    """S3's code for what is wrong with the signature; None when it is right."""
    match = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        return "AccessDenied"
    if match["key"] != key:
        return "InvalidAccessKeyId"
    stated = request.headers["x-amz-content-sha256"]
    if stated not in {"UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()}:
        return "XAmzContentSHA256Mismatch"
    canonical = _canonical(request, match["headers"].split(";"), stated)
    to_sign = "\n".join(
        ("AWS4-HMAC-SHA256", request.headers["x-amz-date"], match["scope"], _sha256(canonical.encode()))
    )
    signature = hmac.digest(_signing_key(secret, match["scope"]), to_sign.encode(), "sha256").hex()
    return None if hmac.compare_digest(signature, match["signature"]) else "SignatureDoesNotMatch"


def _canonical(request: web.Request, signed: list[str], payload_hash: str) -> str:
    path, _, query = request.raw_path.partition("?")
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    return "\n".join(
        (
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{request.headers[name].strip()}" for name in signed),
            "",
            ";".join(signed),
            payload_hash,
        )
    )


def _signing_key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
