"""The MCP server: the tools over stdin and stdout, which carry nothing else."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from ..engine.log import hide, to_stream
from ..errors import SegtapError, SettingsError
from ..json_text import json_line
from .guide import INSTRUCTIONS
from .session import Session
from .tools import called, tools_for, words_of

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

    Context = ServerRequestContext[object]

logger = logging.getLogger(__name__)

MISSING = "segtap mcp needs the package mcp. Install it with: pip install 'segtap[mcp]'"


async def serve(session: Session, *, changes: bool = False) -> None:
    """Answer an agent until it closes stdin. With `changes` it may also replay, and turn forwarding on.

    Raises SettingsError if the package `mcp` is not installed.
    """
    try:
        from mcp.server.stdio import stdio_server
    except ImportError as error:
        raise SettingsError(MISSING) from error
    hide(session.masks)
    to_stream(stream=sys.stderr)
    server = server_of(session, changes=changes)
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    finally:
        await session.close()


def server_of(session: Session, *, changes: bool = False) -> Server[object]:
    """Return the server of a session."""
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

    tools = tools_for(changes=changes)
    hidden = tools_for(changes=True)

    def failed(words: str) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text=words)], is_error=True)

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Tool(
                    name=tool.name,
                    description=tool.text,
                    input_schema=tool.schema,
                    annotations=ToolAnnotations(read_only_hint=not tool.changes, open_world_hint=False),
                )
                for tool in tools.values()
            ]
        )

    async def call_tool(_: Context, asked: CallToolRequestParams) -> CallToolResult:
        tool = tools.get(asked.name)
        if tool is None:
            known = f"The tools are {', '.join(tools)}."
            allowed = "It is there if the user starts: segtap mcp --allow-changes."
            return failed(f"There is no tool {asked.name!r}. {allowed if asked.name in hidden else known}")
        try:
            answer = await called(session, tool, dict(asked.arguments or {}))
        except SegtapError as error:
            return failed(words_of(session, error))
        except Exception:
            logger.exception("%s failed", tool.name)
            return failed(f"segtap itself failed at {tool.name}; its stderr has the traceback.")
        text = TextContent(type="text", text=json_line(answer))
        return CallToolResult(content=[text], structured_content=answer)

    return Server(
        "segtap",
        version=version("segtap"),
        title="segtap",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
