"""Opening a WebSocket at one of the servers."""

import asyncio
from collections.abc import Sequence
from typing import Final

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from upstream.errors import UpstreamAuthenticationError, UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.failures import Refusal, Report
from upstream.proxies import proxy_of
from upstream.relay.call import Call
from upstream.relay.pool import Pool
from upstream.relay.renaming import renamed
from upstream.relay.server import Server
from upstream.relay.socket import Socket
from upstream.timeouts import Timeouts

_CLOSE_SECONDS = 2.0
"""How long the upstream may take to say goodbye."""
_OURS: Final = frozenset(
    {
        b"authorization",
        b"connection",
        b"content-length",
        b"cookie",
        b"host",
        b"origin",
        b"transfer-encoding",
        b"upgrade",
    }
)


async def connect(
    session: aiohttp.ClientSession, call: Call, pool: Pool, timeouts: Timeouts, subprotocols: Sequence[str]
) -> Socket:
    """See `Relay.connect`. A handshake changes nothing, so each server is tried until one takes it."""
    loop = asyncio.get_running_loop()
    failure: UpstreamError | None = None
    for tries, server in enumerate(pool.candidates(call.model, call.upstream, loop.time()), 1):
        probe = server.enter(loop.time())
        try:
            socket = await _shake_hands(
                session, call, pool, server, timeouts=timeouts, subprotocols=subprotocols, tries=tries
            )
        except UpstreamError as error:
            server.leave()
            failure = error
            error.tries, error.upstream = tries, server.name
            if not error.retryable and not isinstance(error, UpstreamAuthenticationError):
                raise
            if not isinstance(error, UpstreamUnavailableError | UpstreamTimeoutError):
                continue
            server.failed(loop.time(), probe=probe)
        except BaseException:
            server.leave()
            raise
        else:
            server.succeeded()
            return socket
    assert failure is not None
    raise failure


async def _shake_hands(
    session: aiohttp.ClientSession,
    call: Call,
    pool: Pool,
    server: Server,
    *,
    timeouts: Timeouts,
    subprotocols: Sequence[str],
    tries: int,
) -> Socket:
    key = server.keyring.pick(asyncio.get_running_loop().time()) or 0
    model = None if call.model is None else pool.resolve(server, call.model) or call.model
    if model is not None and model != call.model:
        call = renamed(call, model)
    proxy = proxy_of(server.endpoint.base_url)
    try:
        async with asyncio.timeout(timeouts.connect_seconds + timeouts.first_byte_seconds):
            socket = await session.ws_connect(
                _address(server, call.target),
                headers=_headers(call, server.keyring.authorization(key)),
                protocols=subprotocols,
                max_msg_size=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                proxy=proxy.url,
                proxy_headers=proxy.headers,
            )
    except aiohttp.WSServerHandshakeError as exc:
        exc.request_info = exc.request_info._replace(headers=CIMultiDictProxy(CIMultiDict()))  # they show the key
        exc.args = ()
        secret = "set" if server.keyring.authorization(key) else ""
        raise Refusal(exc.status, Report(), key_option=server.endpoint.key_option, key=secret).error() from exc
    except TimeoutError as exc:
        raise UpstreamTimeoutError("The upstream did not open the WebSocket in time; try again later.") from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise UpstreamUnavailableError(
            f"The upstream cannot be reached; check that it runs and that `{server.endpoint.url_option}` is right."
        ) from exc
    return Socket(socket, server, model=model, tries=tries)


def _address(server: Server, target: str) -> URL:
    path, _, query = target.partition("?")
    url = server.endpoint.base_url
    queries = "&".join(part for part in (url.raw_query_string, query) if part)
    return URL(f"{url.origin()}{url.raw_path.rstrip('/')}{path}" + (f"?{queries}" if queries else ""), encoded=True)


def _headers(call: Call, authorization: bytes) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in call.headers:
        if name not in _OURS and not name.startswith(b"sec-websocket-"):
            headers.add(name.decode("latin-1"), value.decode("latin-1"))
    if authorization:
        headers["authorization"] = authorization.decode("latin-1")
    return headers
