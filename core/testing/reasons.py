"""Says why an expectation came true or not, in the words of its filter. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..api.matches import Match, Matches, Near
from ..query import parse
from ..query.near import conditions_of
from ..text import counted, shown

_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
)
_NAMED_IN = {"track": "event", "page": "name", "screen": "name", "identify": "userId", "group": "groupId"}
MOST_NAMED = 5
"""The most messages that are named in one sentence."""


def reason(matches: Matches, filter: str, *, count: int, exact: bool) -> str:
    """Return one sentence: `2 of 3: the third has total "12" (text)`.

    `count` messages were expected; `exact` says that no more were.
    """
    found = matches.count
    there = f"{counted(found, 'message')} {'matches' if found == 1 else 'match'}"
    if exact and found > count:
        expected = f"exactly {count} expected" if count else "none expected"
        return f"{there}, {expected}: {_named(matches)}"
    if found >= count:
        return there
    if not matches.near:
        return f"{found} of {count}: no other message comes near"
    return f"{found} of {count}: the {ordinal(found + 1)} {has_of(matches.near[0], filter)}"


def has_of(near: Near, filter: str) -> str:
    """Return what a message that almost matches has in place of what its failed condition asks for."""
    node = parse(filter).node
    conditions = () if node is None else conditions_of(node)
    begins = [f"{one}: " for one in conditions if near.failed.startswith(f"{one}: ")]
    return near.failed.removeprefix(max(begins, key=len, default=""))


def near_lines(near: Sequence[Near]) -> list[str]:
    """Return a line for each message that almost matches: `order-2: properties.total=12: has total 11`."""
    return [f"{one.message_id}: {one.failed}" for one in near]


def title_of(match: Match) -> str:
    """Return a message's type and name: `track "Order Completed"`."""
    message = match.message
    if message is None:
        return "refused request"
    type = message.get("type")
    name = message.get(_NAMED_IN.get(str(type), ""))
    return f"{type} {shown(name)}" if name is not None else str(type)


def ordinal(number: int) -> str:
    """Return `third` for 3, `11th` for 11."""
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _named(matches: Matches) -> str:
    named = [
        f"{shown(one.message.get('messageId'))} ({title_of(one)})" if one.message else title_of(one)
        for one in matches.messages[:MOST_NAMED]
    ]
    more = matches.count - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more else "")
