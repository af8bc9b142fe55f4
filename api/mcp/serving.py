"""The server of the protocol, which knows of tools alone and keeps no sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from starlette.requests import Request

from api.mcp.calling import call
from api.mcp.tools import described

_INSTRUCTIONS = """\
Finds passages in the documents that were handed in to this service, and answers questions from them with exact quotes.
`search` finds passages, `fetch` gives a whole document, `ask` gives an answer that is written already.
"""

_Context = ServerRequestContext[Any, Request]


@asynccontextmanager
async def open_mcp() -> AsyncIterator[StreamableHTTPSessionManager]:
    """What takes the protocol's requests while the block runs.

    Answers are JSON and requests are of no session, so that any process can take any of them. Which hosts and sites may
    ask has been seen to before (`api.cross_site`).
    """
    server: Server[Any] = Server(
        "footnote",
        version=version("footnote"),
        title="Footnote",
        instructions=_INSTRUCTIONS,
        on_list_tools=_list,
        on_call_tool=_call,
    )
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
    async with manager.run():
        yield manager


async def _list(_context: _Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=described())


async def _call(context: _Context, params: CallToolRequestParams) -> CallToolResult:
    assert context.request is not None, "requests come over HTTP alone"
    return await call(context.request, params)
