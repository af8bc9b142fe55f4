"""Finding out who calls, before anything else looks at the request."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import LOCAL, Caller
from api.cross_site import is_loopback
from api.errors import answer
from api.keyring import InvalidKeyError, Keyring
from settings import KeysSettings, ServerSettings, SettingsError

_BEARER = b"bearer "
_PROTOCOL_KEY = b"openai-insecure-api-key."
"""Browsers cannot send headers with a WebSocket, so OpenAI's take the key as one of the subprotocols."""
_PUBLIC = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
ANONYMOUS = Caller(key_id=None, name="anonymous", permissions=frozenset(), stores=frozenset(), models=())
"""Whoever comes without a key where one is needed; may only see what is public."""
_MISSING = (
    "A key is needed here: send it as `Authorization: Bearer sk-fn-…`. `footnote keys create` makes one, and the "
    "commands send the one in FOOTNOTE_API_KEY."
)


def keys_are_required(keys: KeysSettings, server: ServerSettings) -> bool:
    """Whether every request needs a key.

    Raises:
        SettingsError: others than this machine can reach the service, and it is to take requests without keys.
    """
    is_private = is_loopback(server.host)
    if keys.required is False and not is_private:
        problem = (
            f"keys.required (FOOTNOTE_KEYS_REQUIRED): it is off, but server.host is {server.host}, where others can "
            "reach the service. Leave it unset, or keep server.host to this machine (127.0.0.1)."
        )
        raise SettingsError([problem])
    return not is_private if keys.required is None else keys.required


class Authorising:
    """ASGI middleware: puts the `Caller` into the request's state as `caller`, or answers 401.

    Where no key is needed, one that is not of this service's form is taken for none: OpenAI's clients always send some.
    """

    def __init__(self, app: ASGIApp, *, required: bool) -> None:
        self._app = app
        self._required = required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["caller"] = self._caller(scope)
        except InvalidKeyError as error:
            if scope["path"] not in _PUBLIC:
                scope["state"]["services"].ledger.measures.refuse()
                await answer(error)(scope, receive, send)
                return
            scope["state"]["caller"] = ANONYMOUS
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        secret = key_in(scope["headers"])
        if secret is None:
            if self._required:
                raise InvalidKeyError(_MISSING)
            return LOCAL
        keyring: Keyring = scope["state"]["services"].keys
        if not self._required and not keyring.is_ours(secret):
            return LOCAL
        return keyring.find(secret)


def key_in(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The key of a request; a bearer token counts before `api-key`, and that before a WebSocket's subprotocol."""
    found = other = protocol = None
    for name, value in headers:
        if name == b"authorization":
            if value[:7].lower() == _BEARER:
                found = value[7:].strip()
        elif name == b"api-key":
            other = value.strip()
        elif name == b"sec-websocket-protocol" and protocol is None:
            protocol = _protocol_key(value)
    return found or other or protocol or None


def _protocol_key(value: bytes) -> bytes | None:
    for protocol in value.split(b","):
        if protocol.strip().startswith(_PROTOCOL_KEY):
            return protocol.strip()[len(_PROTOCOL_KEY) :]
    return None
