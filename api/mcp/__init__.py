"""The stores as tools for language models: a server of the Model Context Protocol at `/mcp`."""

from api.mcp.serving import open_mcp

__all__ = ["open_mcp"]
