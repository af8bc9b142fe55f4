"""The echo server's side of a WebSocket."""

from collections.abc import Sequence
from dataclasses import dataclass

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from tests.fakes.echo.reply import Headers, Recorded
from tests.fakes.echo.wire import LostError, Wire


@dataclass(frozen=True, slots=True)
class SocketScript:
    """What happens on WebSockets."""

    subprotocol: str | None = None
    """What the server chooses; None takes the first that was offered."""
    greeting: Sequence[str | bytes] = ()
    """Messages that are sent as soon as it is open."""
    replies: Sequence[str | bytes] | None = None
    """Messages that answer each one that comes; None sends it back."""
    closes_after: int | None = None
    """Messages after which the server closes it, 0 being at once."""
    code: int = 1000
    reason: str = ""
    resets: bool = False
    """Whether the connection is cut instead of closed in good order."""


async def serve_socket(wire: Wire, recorded: Recorded, script: SocketScript) -> None:
    """Shake hands, then exchange messages until either side closes."""
    protocol = ServerProtocol(select_subprotocol=lambda _, offered: _choose(script, offered), max_size=None)
    protocol.receive_data(_head(recorded.method, recorded.target, recorded.headers))
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    for message in script.greeting:
        _send(protocol, message)
    await _exchange(wire, protocol, recorded, script)


def _choose(script: SocketScript, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol(script.subprotocol) if script.subprotocol else (offered[0] if offered else None)


def _head(method: str, target: str, headers: Headers) -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1"), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _exchange(wire: Wire, protocol: ServerProtocol, recorded: Recorded, script: SocketScript) -> None:
    while True:
        if script.closes_after is not None and len(recorded.frames) >= script.closes_after:
            if script.resets:
                wire.reset()
                return
            if protocol.state is State.OPEN:
                protocol.send_close(script.code, script.reason)
        for data in protocol.data_to_send():
            if data:
                await wire.write(data)
        if protocol.state is State.CLOSED or protocol.close_expected():
            wire.transport.close()
            recorded.close_code = protocol.close_rcvd.code if protocol.close_rcvd else None
            return
        protocol.receive_data(await wire.some(1 << 20))
        for event in protocol.events_received():
            _take(protocol, event, recorded, script)


def _take(protocol: ServerProtocol, event: object, recorded: Recorded, script: SocketScript) -> None:
    assert isinstance(event, Frame)
    if event.opcode is Opcode.CLOSE:
        recorded.close_code = protocol.close_rcvd.code if protocol.close_rcvd else None
    if event.opcode not in {Opcode.TEXT, Opcode.BINARY}:
        return
    message: str | bytes = bytes(event.data)
    if event.opcode is Opcode.TEXT:
        message = bytes(event.data).decode()
    recorded.frames.append(message)
    for reply in [message] if script.replies is None else script.replies:
        _send(protocol, reply)


def _send(protocol: ServerProtocol, message: str | bytes) -> None:
    if isinstance(message, str):
        protocol.send_text(message.encode())
    else:
        protocol.send_binary(message)


__all__ = ["LostError", "SocketScript", "serve_socket"]
