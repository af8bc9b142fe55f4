"""One call of a tool, whose errors the language model is told, so that it can do better."""

from inspect import isawaitable
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, TextContent
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.callers import caller_of
from api.errors import describe
from api.mcp.tools import TOOLS
from api.mcp.wanting import Wanting


async def call(request: Request, params: CallToolRequestParams) -> CallToolResult:
    """What the tool gives; it is told twice, for clients that read only one of the two.

    Raises:
        MCPError: there is no such tool.
    """
    kind = TOOLS.get(params.name)
    if kind is None:
        raise MCPError(INVALID_PARAMS, f"There is no tool of that name. There are: {', '.join(TOOLS)}.")
    wanting = Wanting(request.state.services, caller_of(request.scope), str(request.base_url).rstrip("/"))
    try:
        given = kind.takes.model_validate(params.arguments or {})
        await _admit(wanting)
        return _result(await kind.run(wanting, given))
    except ValidationError as error:
        request.state.error = "invalid_arguments"
        return _failed(_in_words(error))
    except Exception as error:  # noqa: BLE001  whatever it is, the client is told in the protocol's form
        told = describe(error)[1]["error"]
        request.state.error = told["code"]
        return _failed(told["message"])


async def _admit(wanting: Wanting) -> None:
    """Count the call against the key's limits: not every message of the protocol costs something."""
    admission = wanting.services.limits.admit(wanting.caller)
    if isawaitable(admission):
        await admission


def _result(given: BaseModel) -> CallToolResult:
    values: dict[str, Any] = given.model_dump(mode="json")
    return CallToolResult(content=[TextContent(text=given.model_dump_json())], structured_content=values)


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "The arguments"
    return f"{where}: {first['msg']}."
