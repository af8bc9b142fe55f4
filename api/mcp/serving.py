"""The server of the protocol, which knows of tools alone and keeps no sessions.

Imported with the first request for it: the protocol's package takes half a second, which every start would wait.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.mcp.calling import call
from api.mcp.tools import described

_INSTRUCTIONS = """\
Finds passages in the documents that were handed in to this service, and answers questions from them with exact quotes.
`search` finds passages, `fetch` gives a whole document, `ask` gives an answer that is written already.
"""

_Context = ServerRequestContext[Any, Request]


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Take one request of the protocol.

    Answers are JSON and requests are of no session, so that any process can take any of them, and one request needs
    nothing of the one before. Which hosts and sites may ask has been seen to before (`api.cross_site`).
    """
    manager = StreamableHTTPSessionManager(_server(), json_response=True, stateless=True)
    async with manager.run():
        await manager.handle_request(scope, receive, send)


@cache
def _server() -> Server[Any]:
    return Server(
        "footnote",
        version=version("footnote"),
        title="Footnote",
        instructions=_INSTRUCTIONS,
        on_list_tools=_list,
        on_call_tool=_call,
    )


async def _list(_context: _Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=described())


async def _call(context: _Context, params: CallToolRequestParams) -> CallToolResult:
    assert context.request is not None, "requests come over HTTP alone"
    return await call(context.request, params)
