"""How each difference between the destinations shows in the events that they send. Pure.

Every finder yields a sentence for each place. See `catalogue` for what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..destinations.actions.event_properties import OWN_PROPERTIES
from ..destinations.arrival import Loss
from ..destinations.classic.insert_id import FIELD, UNKNOWN
from ..destinations.classic.tables import TRAITS
from ..mapping.javascript import MISSING, truthy
from ..pairs.records import same
from ..text import counted, shown
from .sides import Both, Side, name_of, names_of

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

# Events ------------------------------------------------------------------------------------------


def traits_on_events(both: Both) -> Iterator[str]:
    prefix = truthy(both.classic.destination.settings.get("legacySuperProperties"))
    if not prefix:
        lost = _lost_traits(both, "")
        if lost:
            yield names_of(lost)


def legacy_super_properties(both: Both) -> Iterator[str]:
    if truthy(both.classic.destination.settings.get("legacySuperProperties")):
        lost = _lost_traits(both, "$")
        if lost:
            yield names_of(lost)


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
                yield f"properties.{name_of(name)}, {shown(own[name], 32)}, is dropped"


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
        what = f"{name_of(loss.path[2:])}, {shown(loss.value, 32)}, is"
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
        yield f"{names_of(names)}: an object in Actions, its JSON text in the classic one"


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
