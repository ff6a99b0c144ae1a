"""An MCP server for one user: what agents read, record, correct and ask for through the Model Context Protocol."""

from foreword.mcp.http import HttpOptions, serve_http
from foreword.mcp.server import ForewordServer
from foreword.mcp.whose import Whose

__all__ = ["ForewordServer", "HttpOptions", "Whose", "serve_http"]
