"""Running the application on a socket until it is told to stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from settings import Settings

_BACKLOG = 2048


class AddressTakenError(Exception):
    """The address to listen on cannot be had."""


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise SIGTERM anew once it is done, before the services are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def running(settings: Settings, show_key: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """Serve while the block runs; yields the address, such as `http://127.0.0.1:8321`.

    Args:
        settings: all of them.
        show_key: is given the admin key that is made where there is none; it cannot be had again.

    Raises:
        AddressTakenError: something else listens there.
        SettingsError: others can reach the service, and it is to take requests without keys.
        RecordsError, VectorStoreError, UpstreamError: a part of the service cannot start.
    """
    with _listen(settings) as sock:
        app = create_app(settings)
        async with app.router.lifespan_context(app) as state:
            services = (state or {}).get("services")
            server = _Server(_config(settings, with_state(app, state or {})))
            serving = asyncio.create_task(server.serve(sockets=[sock]))
            try:
                host, port = sock.getsockname()[:2]
                if show_key and services and services.keys.first_admin_key:
                    show_key(services.keys.first_admin_key)
                yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
            finally:
                server.should_exit = True
                if services:
                    services.feed.close()  # streams of events have no end of their own
                await serving


def until_stopped() -> asyncio.Future[None]:
    """What ends with SIGINT (Ctrl-C) or SIGTERM; from this call on they do nothing else to the process."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _settle, stopped)
    return stopped


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        message = (
            f"Cannot listen on {host} port {port}: {error.strerror}. Stop what listens there, or set another address "
            "with FOOTNOTE_SERVER_HOST and FOOTNOTE_SERVER_PORT."
        )
        raise AddressTakenError(message) from error
    # Inherited by every connection. asyncio sets it only on sockets it makes itself, and without it each answer that is
    # sent in two pieces waits 40 ms for the client's delayed acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        date_header=False,  # `api.request_ids` adds it where an upstream gave none
        timeout_graceful_shutdown=int(settings.server.shutdown_seconds) or 1,
    )


def with_state(app: ASGIApp, state: Mapping[str, Any]) -> ASGIApp:
    """The application with what its lifespan opened in the state of every connection."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(state)
        await app(scope, receive, send)

    return wrapped
