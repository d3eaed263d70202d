"""How each difference between Mixpanel (Actions) and the classic destination shows in one message. Pure.

Every finder yields what it found in words, once for each place. See `catalogue` for what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import urlsplit

import msgspec

from ..destinations.actions.event_properties import OWN_PROPERTIES
from ..destinations.arrival import Loss
from ..destinations.classic.insert_id import FIELD, UNKNOWN
from ..destinations.classic.tables import BY_DEVICE, MOBILE, TRAITS
from ..destinations.integrations import stopped_by_integrations
from ..mapping.javascript import MISSING, truthy
from ..messages import Json, JsonObject
from ..settings import Destination
from ..text import clean, counted, shown
from ..verdict import Translation
from .records import Pair, Purpose, Record, pairs_of, same

RENAMED: tuple[tuple[str, str], ...] = (
    ("$app_release", "$app_build_number"),
    ("$app_version", "$app_version_string"),
    ("$wifi", "$wifi_enabled"),
    ("$has_telephone", "$cellular_enabled"),
    ("$screen_dpi", "$screen_density"),
)
"""Properties of events that carry the same under another name: the classic one's, that of Actions."""

_MERGE_IDS = ("$device_id", "$user_id")
_KNOWN_TRAITS = dict(TRAITS)
_DEVICE = frozenset(
    ("$browser", "$browser_version", *(name for table in (MOBILE, *BY_DEVICE.values()) for name, _ in table))
)
"""What the classic destination writes of the device and the browser."""


class Side(msgspec.Struct, frozen=True):
    """What one destination makes of the message."""

    destination: Destination
    translation: Translation
    records: tuple[Record, ...]
    lost: tuple[Loss, ...] = ()
    """What of the message does not arrive as it was sent."""

    def of(self, purpose: Purpose, operator: str = "") -> list[Record]:
        """The records for a purpose; with an operator those of it."""
        return [
            record
            for record in self.records
            if record.purpose == purpose and (not operator or record.operator == operator)
        ]

    def parts(self, purpose: Purpose, operator: str) -> JsonObject:
        """What all records of an operator bring."""
        merged: JsonObject = {}
        for record in self.of(purpose, operator):
            merged.update(record.parts)
        return merged


class Both(msgspec.Struct, frozen=True):
    """A message and its two translations."""

    document: JsonObject
    actions: Side
    classic: Side
    pairs: tuple[Pair, ...]
    """Actions' record first."""

    @property
    def matched(self) -> list[tuple[Record, Record]]:
        """Records of Actions with their counterparts."""
        return [(pair.one, pair.other) for pair in self.pairs if pair.one and pair.other]

    @property
    def events(self) -> list[tuple[Record, Record]]:
        """The same of events alone."""
        return [(one, other) for one, other in self.matched if one.purpose == "event"]

    def holder(self, *keys: str) -> JsonObject:
        """An object inside the message; {} where there is none."""
        value: Json = self.document
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}


def both_of(document: JsonObject, actions: Side, classic: Side) -> Both:
    """The message and its translations, paired."""
    return Both(document, actions, classic, pairs_of(actions.records, classic.records))


def _name(text: str) -> str:
    return shown(text, 42)[1:-1]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(_name(name) for name in names[:6]) + more


# Whether it is sent at all ------------------------------------------------------------------------


def stopped_by(both: Both, kind: str) -> Iterator[str]:
    """What the message itself says of one destination, and not of the other."""
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
            yield f"{_name(name)}: {shown(first, 32)} is no longer added to the list"


def list_overwritten(both: Both) -> Iterator[str]:
    unioned = both.classic.parts("profile", "$union")
    written = both.classic.parts("profile", "$set")
    for name, value in both.actions.parts("profile", "$set").items():
        if isinstance(value, list) and (name in unioned or isinstance(written.get(name), list)):
            yield f"{_name(name)}, {shown(value)}, replaces the profile's list"


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
            yield f"{words} is no longer counted, nor its last time kept (Last {_name(name)})"


def property_increment(both: Both) -> Iterator[str]:
    added = both.classic.parts("profile", "$add")
    for name in _increments(both):
        if not _is_event(both, name):
            yield f"{_name(name)}: {shown(added[name])} is no longer added up"


def set_once(both: Both) -> Iterator[str]:
    for purpose in ("group", "profile"):
        kept = both.actions.parts(purpose, "$set_once")
        written = both.actions.parts(purpose, "$set")
        for name in both.classic.parts(purpose, "$set_once"):
            if name not in kept:
                how = "is written every time" if name in written else "is not sent"
                yield f"{_name(name)} was set once, and {how}"


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
                yield _named(lost)


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


# Events ------------------------------------------------------------------------------------------


def traits_on_events(both: Both) -> Iterator[str]:
    prefix = truthy(both.classic.destination.settings.get("legacySuperProperties"))
    if not prefix:
        lost = _lost_traits(both, "")
        if lost:
            yield _named(lost)


def legacy_super_properties(both: Both) -> Iterator[str]:
    if truthy(both.classic.destination.settings.get("legacySuperProperties")):
        lost = _lost_traits(both, "$")
        if lost:
            yield _named(lost)


def _lost_traits(both: Both, prefix: str) -> list[str]:
    lost: list[str] = []
    for actions, classic in both.events:
        for trait in both.holder("context", "traits"):
            name = _KNOWN_TRAITS.get(trait, trait)
            if not name.startswith("$"):
                name = prefix + name
            if name in classic.parts and name not in actions.parts and name not in lost:
                lost.append(name)
    return lost


def name_tag(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        if "mp_name_tag" in classic.parts and "mp_name_tag" not in actions.parts:
            yield f"mp_name_tag, {shown(classic.parts['mp_name_tag'], 42)}"


def reserved_property(both: Both) -> Iterator[str]:
    own = both.holder("properties")
    for actions, classic in both.events:
        for name in own:
            if name not in OWN_PROPERTIES or not same(own[name], classic.parts.get(name)):
                continue
            if own[name] is not None and not same(own[name], actions.parts.get(name)):
                yield f"properties.{_name(name)}, {shown(own[name], 32)}, is dropped"


def values_left_out(both: Both) -> Iterator[str]:
    for words, loss in _lost_by(both.actions, both.classic):
        if loss.steps[0] != "properties" or loss.steps[1] not in OWN_PROPERTIES:
            yield words


def values_covered(both: Both) -> Iterator[str]:
    for words, _ in _lost_by(both.classic, both.actions):
        yield words


def _lost_by(side: Side, other: Side) -> Iterator[tuple[str, Loss]]:
    """Yield what one destination drops or replaces and the other does not, in words."""
    also = {loss.steps for loss in other.lost if loss.fate != "converted" and not loss.use}
    for loss in side.lost if other.records else ():
        if loss.fate == "converted" or loss.use or loss.steps in also:
            continue
        what = f"{_name(loss.path[2:])}, {shown(loss.value, 32)}, is"
        if loss.fate == "replaced" and loss.instead is not MISSING:
            yield f"{what} replaced by {shown(loss.instead, 32)}", loss
        else:
            yield f"{what} dropped", loss


def page_name(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        if actions.name != classic.name:
            yield f"{shown(actions.name, 42)} in Actions, {shown(classic.name, 42)} in the classic one"


def page_double(both: Both) -> Iterator[str]:
    sent, kept = both.classic.of("event"), both.actions.of("event")
    if both.document.get("type") in ("page", "screen") and len(sent) > 1 and len(sent) > len(kept):
        names = " and ".join(shown(record.name, 42) for record in sent)
        yield f"{names} in the classic one; {counted(len(kept), 'event')} in Actions"


def purchase_per_product(both: Both) -> Iterator[str]:
    more = len(both.actions.of("event")) - max(len(both.classic.of("event")), 1)
    if both.document.get("type") == "track" and more > 0:
        each = "a Product Purchased" if more == 1 else f"{more:,} times Product Purchased"
        yield f"{each} beside the order; the classic one sends none"


def nested_as_text(both: Both) -> Iterator[str]:
    names: list[str] = []
    for actions, classic in both.matched:
        for name, value in actions.parts.items():
            if isinstance(value, dict) and isinstance(classic.parts.get(name), str) and name not in names:
                names.append(name)
    if names:
        yield f"{_named(names)}: an object in Actions, its JSON text in the classic one"


def insert_id_undocumented(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        if classic.unknown:
            own = actions.parts.get(FIELD)
            words = f"is {'not sent' if own is None else shown(own, 42)} in Actions"
            yield f"{FIELD} of {shown(classic.name, 42)} {words}, and {UNKNOWN}, in the classic one"


def time_unit(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        one, other = actions.parts.get("time"), classic.parts.get("time")
        if isinstance(one, int) and isinstance(other, int) and one != other and one // 1000 == other:
            yield f"{one} in Actions, {other} in the classic one"


def merge_ids(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        lost = [name for name in _MERGE_IDS if name in actions.parts and name not in classic.parts]
        if lost:
            yield " and ".join(lost)


def identity_link(both: Both) -> Iterator[str]:
    for record in both.actions.of("link"):
        if both.classic.of("link"):
            return
        yield f"$identify links {shown(record.parts.get('$anon_id'), 40)} with the user"


def mp_lib(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        one, other = actions.parts.get("mp_lib"), classic.parts.get("mp_lib")
        if not same(one, other):
            yield f"{'none' if one is None else shown(one)} in Actions, {shown(other)} in the classic one"


def renamed_properties(both: Both) -> Iterator[str]:
    for actions, classic in both.events:
        names = [
            f"{new} in Actions, {old} in the classic one"
            for old, new in RENAMED
            if old in classic.parts and new in actions.parts
            if old not in actions.parts and new not in classic.parts
        ]
        if names:
            yield "; ".join(names)


def region(both: Both) -> Iterator[str]:
    hosts = [_host(side) for side in (both.actions, both.classic)]
    if all(hosts) and hosts[0] != hosts[1]:
        yield f"{hosts[0]} in Actions, {hosts[1]} in the classic one"


def _host(side: Side) -> str:
    if not side.records:
        return ""
    return urlsplit(side.records[0].target.partition(" ")[2]).netloc
