"""Requests as a server hands them over, message by message."""

from collections.abc import Sequence

from starlette.types import Message, Receive

from api.parting import Taken

LEFT: Message = {"type": "http.disconnect"}


def arriving(pieces: Sequence[bytes], *, breaks_off: bool = False) -> Receive:
    """A body that comes in pieces, after which the client leaves; also before the end where it breaks off."""
    waiting: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if not breaks_off:
        waiting[-1]["more_body"] = False

    async def receive() -> Message:
        return waiting.pop(0) if waiting else LEFT

    return receive


async def everything(taken: Taken) -> tuple[bytes, bool]:
    """The whole body as whoever answers reads it, and whether it came to its end."""
    body = b""
    while True:
        message = await taken.receive()
        if message["type"] != "http.request":
            return body, False
        body += message["body"]
        if not message["more_body"]:
            return body, True


def form(*parts: tuple[str, bytes]) -> bytes:
    """A form with these parts: the heads, and what follows."""
    written = [b"--edge\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts]
    return b"".join(written) + b"--edge--\r\n"
