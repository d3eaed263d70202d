"""The table of tools: names, what an agent reads of them, arguments, and the functions that answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import msgspec

from ..commands.rules import rule_json, rules_meant
from ..errors import InputError, SegtapError
from ..json_text import json_bytes
from ..messages import Json, JsonObject
from . import asked
from .engine import replay, set_forwarding, state, user
from .fitting import MOST, cleaned, fitted, put_fitted
from .judging import found_in, judged, translated
from .messages import list_messages, message, wait_for
from .session import Session

A = TypeVar("A", bound=asked.Arguments)
Answering = Callable[[Session, Any], Awaitable[JsonObject]]


class Tool(msgspec.Struct, frozen=True):
    """A tool. `changes`: it changes something, and is there only if the user allows that."""

    name: str
    text: str
    arguments: type[asked.Arguments]
    answer: Answering
    changes: bool = False

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the arguments."""
        (reference,), components = msgspec.json.schema_components([self.arguments], ref_template="{name}")
        schema = cast(JsonObject, components[reference["$ref"]])
        return {name: part for name, part in schema.items() if name not in ("title", "description")}


def _tool(
    text: str,
    arguments: type[A],
    answer: Callable[[Session, A], Awaitable[JsonObject]],
    changes: bool = False,
) -> Tool:
    """Return an entry of the table; the parameters' types keep arguments and function together."""
    return Tool(answer.__name__, text, arguments, answer, changes)


async def explain(_: Session, ask: asked.ExplainArguments) -> JsonObject:
    """Return a rule with its example, or the rules that explain an error."""
    found = rules_meant(ask.rule)
    if len(found) > 1:
        return {"rules": [{"id": rule.id, "what": rule.what} for rule in found]}
    whole = rule_json(found[0])
    answer = {name: whole[name] for name in ("id", "severity", "what", "why", "fix", "source")}
    put_fitted(answer, "example", whole["example"])
    return answer


async def translate(session: Session, ask: asked.GivenArguments) -> JsonObject:
    """Return the requests that messages become."""
    settings, whose = await session.settings()
    found = await asyncio.to_thread(judged, ask.message, settings)
    return {"settings": whose, "messages": [translated(one) for one in found]}


async def check(session: Session, ask: asked.GivenArguments) -> JsonObject:
    """Return what the rules find in messages."""
    settings, whose = await session.settings()
    found = await asyncio.to_thread(judged, ask.message, settings)
    return {"settings": whose, "messages": [found_in(one) for one in found]}


TOOLS: tuple[Tool, ...] = (
    _tool(
        "Where to send messages, how many came, whether they are forwarded to Mixpanel, what is wrong.",
        asked.Arguments,
        state,
    ),
    _tool("List received messages that match a filter, the newest last.", asked.ListArguments, list_messages),
    _tool(
        "Everything about one message: what came, what each stage did, the requests to Mixpanel, the "
        "mistakes with their fixes, the delivery.",
        asked.MessageArguments,
        message,
    ),
    _tool("Explain a rule: what, why, fix, an example before and after.", asked.ExplainArguments, explain),
    _tool(
        "Show which requests to Mixpanel messages become, without sending them.",
        asked.GivenArguments,
        translate,
    ),
    _tool("Check messages for mistakes, without sending them.", asked.GivenArguments, check),
    _tool(
        "A user as Mixpanel sees them: the ids that are joined, and the newest messages.",
        asked.UserArguments,
        user,
    ),
    _tool(
        "Wait until a message arrives that matches a filter, and return it with its mistakes. Messages that "
        "were sent before the call count, too.",
        asked.WaitArguments,
        wait_for,
    ),
    _tool("Send messages through segtap again.", asked.ReplayArguments, replay, changes=True),
    _tool("Turn forwarding to Mixpanel on or off.", asked.ForwardingArguments, set_forwarding, changes=True),
)


def tools_for(*, changes: bool) -> dict[str, Tool]:
    """Return the tools by their names; those that change something only with `changes`."""
    return {tool.name: tool for tool in TOOLS if changes or not tool.changes}


async def called(session: Session, tool: Tool, arguments: JsonObject) -> JsonObject:
    """Return the answer of a tool as it may leave: secrets masked, characters cleaned, size limited.

    Raises SegtapError, InputError for arguments that cannot be used.
    """
    try:
        ask = msgspec.convert(arguments, tool.arguments)
    except msgspec.ValidationError as error:
        raise InputError(f"The arguments of {tool.name} cannot be used: {error}.") from error
    answer = cast(JsonObject, cleaned(cast(Json, session.masks.value(await tool.answer(session, ask)))))
    return answer if len(json_bytes(answer)) <= MOST else _shortened(answer)


def _shortened(answer: JsonObject) -> JsonObject:
    """Return an answer that is too large, in short; it says so itself."""
    short, _ = fitted(answer, MOST - 200)
    noted: JsonObject = {"shortened": f"{len(json_bytes(answer)):,} bytes in full; ask for less"}
    return {**(short if isinstance(short, dict) else {}), **noted}


def words_of(session: Session, error: SegtapError) -> str:
    """Return the text of an error as it may leave: the lines of a fault in a filter stay lines."""
    return str(cleaned(session.masks.text(str(error))))
