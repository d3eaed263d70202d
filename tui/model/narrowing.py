"""Writes filters: the term for a row of the summary, the users or the groups, and two filters in one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from ...core import quoted_filter
from ...core.aggregates.model import UNKNOWN, EventCount, RuleCount
from ...core.identities.model import DEVICE
from ...core.messages import CALL_TYPES, RAW_TYPE

NAME_HELD = 256
"""Characters of a name that a summary holds; a longer name is searched for by its beginning."""
_NAMED = ("track", "page", "screen", RAW_TYPE)
"""The calls that the summary counts by name."""
_OR = re.compile(r"\bor\b", re.IGNORECASE)


def both(filter: str, term: str) -> str:
    """Return a filter for the messages that match `filter` and `term`; either may be ""."""
    if not filter or not term or term == filter:
        return filter or term
    if filter.endswith(f" {term}"):
        return filter
    return f"{grouped(filter)} {grouped(term)}"


def grouped(filter: str) -> str:
    """Put a filter that may hold `or` into parentheses; around text that holds the word they do no harm."""
    return f"({filter})" if _OR.search(filter) else filter


def rule_term(rule: RuleCount) -> str:
    """Return the filter for messages with a finding of the rule."""
    return f"rule:{rule.rule}"


def event_term(event: EventCount, others: Sequence[EventCount] = ()) -> str:
    """Return the filter for the messages that a row of the summary counts.

    `event:` ignores case, so the name is compared exactly where one of `others` differs in nothing else.
    """
    if not event.type:
        return both("is:refused", _holds(event.name))
    if event.type == UNKNOWN:
        return both(f"-type:{','.join((*CALL_TYPES, RAW_TYPE))} -is:refused", _holds(event.name))
    if not event.name:
        return f"type:{event.type} -event:*" if event.type in _NAMED else f"type:{event.type}"
    term = f"type:{event.type} {named_term(event.name)}"
    folded = event.name.casefold()
    if any(
        one.type == event.type and one.name != event.name and one.name.casefold() == folded for one in others
    ):
        path = "event" if event.type == "track" else "name"
        term = f"type:{event.type} {path}={quoted_filter(event.name)}"
    return term


def _holds(text: str) -> str:
    """Return the filter for messages that contain a text, "" for an empty one."""
    return quoted_filter(text) if text else ""


def named_term(name: str) -> str:
    """Return the filter for events, pages and screens of that name."""
    if not name:
        return "-event:*"
    quoted = quoted_filter(name)
    return f'event:{quoted[:-1]}*"' if len(name) >= NAME_HELD else f"event:{quoted}"


def user_term(ids: Iterable[str]) -> str:
    """Return the filter for the messages of a user with these ids, "" for none."""
    known: list[str] = []
    for id in filter(None, ids):
        known += [id.removeprefix(DEVICE), id] if id.startswith(DEVICE) else [id]
    values = ",".join(map(quoted_filter, dict.fromkeys(known)))
    return f"user:{values}" if values else ""


def group_term(key: str, *, named: bool) -> str:
    """Return the filter for what reaches Mixpanel with a group key: events, user profiles, group profiles.

    Without `named` each group makes a key of its own: then for all group calls.
    """
    if not named:
        return "type:group"
    step = f".{quoted_filter(key)}"
    return f"mp{step}? or mp.$set{step}? or mp.$group_key={quoted_filter(key)}"


def time_term(start: int, end: int) -> str:
    """Return the filter for messages received from `start` to just before `end`, both in milliseconds."""
    return f"since:{_written(start)} until:{_written(end - 1)}"


def _written(at: int) -> str:
    """Write a time as an ISO time: local, and with its zone where the clock is put back to it."""
    local = datetime.fromtimestamp(at / 1000)
    if round(local.replace(fold=0).timestamp() * 1000) != at:
        local = local.astimezone()
    return local.isoformat(timespec="milliseconds" if at % 1000 else "seconds")
