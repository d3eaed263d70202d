"""How each difference between the destinations shows: whether a message is sent, and what profiles get. Pure.

Every finder yields a sentence for each place. See `catalogue` for what they mean, `event_finders` for events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from ..destinations.classic.tables import BY_DEVICE, MOBILE, TRAITS
from ..destinations.integrations import stopped_by_integrations
from ..mapping.javascript import truthy
from ..messages import Json
from ..pairs.records import same
from ..text import clean, shown
from .sides import Both, name_of, names_of

_KNOWN_TRAITS = dict(TRAITS)
_DEVICE = frozenset(
    ("$browser", "$browser_version", *(name for table in (MOBILE, *BY_DEVICE.values()) for name, _ in table))
)
"""What the classic destination writes of the device and the browser."""


# Whether it is sent at all ------------------------------------------------------------------------


def stopped_by(both: Both, kind: str) -> Iterator[str]:
    """Yield what the message itself says of one destination, and not of the other."""
    actions = stopped_by_integrations(both.document, "actions")
    classic = stopped_by_integrations(both.document, "classic-cloud")
    mine, its = (actions, classic) if kind == "actions" else (classic, actions)
    if mine is not None and its is None:
        yield f"{clean(mine.reason)}; it does not stop the other"


def actions_stopped(both: Both) -> Iterator[str]:
    return stopped_by(both, "actions")


def classic_stopped(both: Both) -> Iterator[str]:
    return stopped_by(both, "classic-cloud")


def actions_refuses(both: Both) -> Iterator[str]:
    if both.actions.translation.rejected is not None and both.classic.translation.rejected is None:
        yield clean(both.actions.translation.rejected)


def classic_refuses(both: Both) -> Iterator[str]:
    if both.classic.translation.rejected is not None and both.actions.translation.rejected is None:
        yield clean(both.classic.translation.rejected)


def actions_sends_nothing(both: Both) -> Iterator[str]:
    if not both.classic.records or both.actions.records or both.actions.translation.rejected:
        return
    kind = shown(both.document.get("type"), 20).strip('"')
    why = " (no preset does)" if kind == "alias" and both.actions.destination.subscriptions is None else ""
    if both.actions.translation.unmatched:
        yield f"no subscription takes {kind} calls such as this one{why}"
    else:
        yield "its subscription makes no request of it"


def classic_sends_nothing(both: Both) -> Iterator[str]:
    if not both.actions.records or both.classic.records or both.classic.translation.rejected:
        return
    kind = both.document.get("type")
    if kind == "identify":
        yield "Use Mixpanel People is off, so identify writes no profile"
    elif kind == "group":
        yield "no Group Identifier Trait of the settings is among its traits, so the call is ignored"
    else:
        yield f"no page option takes this {shown(kind, 20).strip(chr(34))} call"


# Profiles and groups ------------------------------------------------------------------------------


def union(both: Both) -> Iterator[str]:
    kept = both.actions.parts("profile", "$union")
    for name, values in both.classic.parts("profile", "$union").items():
        if name not in kept:
            first = values[0] if isinstance(values, list) and values else values
            yield f"{name_of(name)}: {shown(first, 32)} is no longer added to the list"


def list_overwritten(both: Both) -> Iterator[str]:
    unioned = both.classic.parts("profile", "$union")
    written = both.classic.parts("profile", "$set")
    for name, value in both.actions.parts("profile", "$set").items():
        if isinstance(value, list) and (name in unioned or isinstance(written.get(name), list)):
            yield f"{name_of(name)}, {shown(value)}, replaces the profile's list"


def revenue(both: Both) -> Iterator[str]:
    given = both.classic.parts("profile", "$append").get("$transactions")
    if isinstance(given, dict) and "$transactions" not in both.actions.parts("profile", "$append"):
        yield f"{shown(given.get('$amount'))} is no longer appended to the profile's $transactions"


def _increments(both: Both) -> list[str]:
    kept = both.actions.parts("profile", "$add")
    return [name for name in both.classic.parts("profile", "$add") if name not in kept]


def _is_event(both: Both, name: str) -> bool:
    return f"Last {name}" in both.classic.parts("profile", "$set")


def event_increment(both: Both) -> Iterator[str]:
    for name in _increments(both):
        if _is_event(both, name):
            words = shown(name, 42)
            yield f"{words} is no longer counted, nor its last time kept (Last {name_of(name)})"


def property_increment(both: Both) -> Iterator[str]:
    added = both.classic.parts("profile", "$add")
    for name in _increments(both):
        if not _is_event(both, name):
            yield f"{name_of(name)}: {shown(added[name])} is no longer added up"


def set_once(both: Both) -> Iterator[str]:
    for purpose in ("group", "profile"):
        kept = both.actions.parts(purpose, "$set_once")
        written = both.actions.parts(purpose, "$set")
        for name in both.classic.parts(purpose, "$set_once"):
            if name not in kept:
                how = "is written every time" if name in written else "is not sent"
                yield f"{name_of(name)} was set once, and {how}"


def ignore_time(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        wanted = truthy(classic.around.get("$ignore_time"))
        if actions.purpose == "profile" and wanted and "$ignore_time" not in actions.around:
            yield "context.active is false, and Actions moves the profile's Last Seen all the same"


def sender_address(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        if actions.purpose == "profile" and classic.around.get("$ip") == 0 and "$ip" not in actions.around:
            yield "there is no context.ip; Actions does not say $ip 0, nor ip=0, as the classic one does"


def profile_device(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        if actions.purpose == "profile" and actions.operator == "$set":
            lost = [name for name in classic.parts if name in _DEVICE and name not in actions.parts]
            if lost:
                yield names_of(lost)


def name_parts(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        if actions.purpose == "profile" and actions.operator == "$set":
            names = ("$first_name", "$last_name")
            lost = [name for name in names if name in classic.parts and name not in actions.parts]
            if lost:
                yield ", ".join(f"{name} {shown(classic.parts[name], 32)}" for name in lost)


def created_cut(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        if actions.operator and "$created" in actions.parts and "$created" in classic.parts:
            one, other = actions.parts["$created"], classic.parts["$created"]
            if not same(one, other):
                yield f"{shown(one)} in Actions, {shown(other)} in the classic one"


def group_key(both: Both) -> Iterator[str]:
    for actions, classic in both.matched:
        if actions.purpose == "group":
            keys = ("$group_key", "$group_id")
            one, other = ([record.around.get(key) for key in keys] for record in (actions, classic))
            if not same(cast(Json, one), cast(Json, other)):
                yield f"{_assigned(one)} in Actions, {_assigned(other)} in the classic one"


def _assigned(values: Sequence[Json]) -> str:
    return f"{shown(values[0], 32).strip(chr(34))}={shown(values[1], 32)}"
