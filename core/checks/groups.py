"""Rules on group calls and what they become: each function is named after its rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalogue import calls
from ..catalogue import users as rule
from ..destinations.actions.actions import REFUSED_NO_TRAITS
from ..destinations.integrations import bundled
from ..messages import Json, JsonObject
from ..paths import child
from ..places import in_body
from ..text import shown
from ..verdict import Finding
from .group_keys import (
    DEFAULT_KEY,
    group_records,
    group_subscriptions,
    group_text,
    is_id,
    likely_keys,
    near,
    path_in,
    quoted,
)
from .placeholders import is_good
from .subject import Subject


def group_without_traits(subject: Subject) -> Iterator[Finding]:
    if subject.translation.rejected != REFUSED_NO_TRAITS:
        return
    where, fix = "$.traits", None
    for one in group_subscriptions(subject.destination):
        path = path_in(one.mapping, "traits")
        if path == "":
            fix = f"map Group Properties (traits) in the mapping of subscription {quoted(one.name)}"
        elif path is not None and path != "$.traits":
            where, fix = path, f"send the group's traits at {path}, where {quoted(one.name)} reads them"
        if fix:
            break
    yield calls.GROUP_WITHOUT_TRAITS.finding(
        where, "no traits: Segment's destination refuses a group call without them", fix=fix
    )


def _traits(subject: Subject) -> JsonObject:
    traits = subject.document.get("traits")
    return traits if isinstance(traits, dict) else {}


def group_trait_missing(subject: Subject) -> Iterator[Finding]:
    keys = missing_group_traits(subject)
    if not keys:
        return
    names = ", ".join(map(str, keys))
    words = f"no trait {shown(names, 100)[1:-1]}: the classic destination ignores the group call"
    for name in _traits(subject):
        meant = near(name, (key for key in keys if isinstance(key, str)))
        if meant is not None:
            yield rule.GROUP_TRAIT_MISSING.finding(
                child("$.traits", name),
                f"{words}; trait {shown(name, 40)} differs by case",
                fix=f"write it {shown(meant, 60)[1:-1]}",
            )
            return
    yield rule.GROUP_TRAIT_MISSING.finding("$.traits", words, fix=_other_trait(subject, keys))


def _other_trait(subject: Subject, keys: list[Json]) -> str | None:
    """Return the fix with a trait that the call has and that may be the group's id; None where it
    has none.
    """
    traits, known = _traits(subject), subject.settings.group_keys
    likely = likely_keys(traits, subject.document.get("groupId"))
    name = next((one for one in likely if known is None or one in known), None)
    if name is None:
        return None
    listed = ", ".join(shown(key, 60) for key in (*keys, name))
    return (
        f"{rule.GROUP_TRAIT_MISSING.fix}; or, where {shown(name, 60)[1:-1]} is the group key in Mixpanel,"
        f" list it as well: group_identifier_traits = [{listed}] under [classic]"
    )


def missing_group_traits(subject: Subject) -> list[Json]:
    """Return the Group Identifier Traits of the classic destination, where the group call has none
    of them.
    """
    if subject.destination.kind != "classic-cloud" or subject.type != "group":
        return []
    keys = subject.destination.settings.get("groupIdentifierTraits")
    if not isinstance(keys, list) or not isinstance(subject.document.get("traits"), dict | None):
        return []
    return keys if subject.translation.unmatched else []


def group_id_overridden(subject: Subject) -> Iterator[Finding]:
    given, traits = subject.document.get("groupId"), subject.document.get("traits")
    if not isinstance(traits, dict):
        return
    bodies = [record for _, record in subject.profiles if "$group_key" in record]
    # Where another key has groupId as its id, the trait names a group of another type.
    own = any(group_text(body.get("$group_id")) == group_text(given) for body in bodies)
    for body in bodies:
        key = str(body["$group_key"])
        trait = traits.get(key)
        if trait:
            if given and not own and group_text(trait) != group_text(given) and _meant(subject, given):
                yield _overridden(subject, key, trait, given)
            continue
        for name in traits:
            if name != key and len(name) == len(key) and name.casefold() == key.casefold():
                yield rule.GROUP_ID_OVERRIDDEN.finding(
                    child("$.traits", name),
                    f"trait {shown(name, 40)} differs from the group key {shown(key, 40)} by case only",
                    fix=f"write it {shown(key, 40)[1:-1]}",
                )


def _meant(subject: Subject, given: Json) -> bool:
    """Return False for a placeholder in groupId that the destination does not read anyway."""
    return subject.destination.kind != "classic-cloud" or not isinstance(given, str) or is_good(given)


def _overridden(subject: Subject, key: str, trait: Json, given: Json) -> Finding:
    name = shown(key, 40)[1:-1]
    classic = subject.destination.kind == "classic-cloud"
    return rule.GROUP_ID_OVERRIDDEN.finding(
        child("$.traits", key),
        f"trait {name} {shown(trait, 40)} is the group's id in Mixpanel, not groupId {shown(given, 40)}",
        fix=f"give the trait and groupId the same value: without {name} nothing is sent" if classic else None,
    )


def group_key_not_a_name(subject: Subject) -> Iterator[Finding]:
    ids = subject.document.get("groupId"), subject.document.get("userId")
    for number, operation, record in group_records(subject.translation):
        if not is_id(operation, record, subject.destination, ids):
            continue
        source = subject.source_of(in_body(number, "$group_key"))
        mapped = shown(source.source, 60)[1:-1] if source is not None else "mapped"
        key = shown(record["$group_key"], 40)
        yield rule.GROUP_KEY_NOT_A_NAME.finding(
            in_body(number, "$group_key"),
            f"the Group Key of subscription {quoted(operation.subscription)} is {mapped}: each group makes a"
            f" group key of its own, this one {key}",
            fix=_named_key(subject, operation.subscription, record),
        )


def _named_key(subject: Subject, subscription: str, record: JsonObject) -> str:
    """Return how to give a subscription a group key that is a name."""
    known = subject.settings.group_keys
    where = f"in the mapping of subscription {quoted(subscription)}"
    if known and DEFAULT_KEY not in known:
        return f"write Mixpanel's group key: group_key = {shown(known[0], 60)} {where}"
    likely = likely_keys(_traits(subject), record.get("$group_id"))
    name = shown(likely[0] if likely else "company_id", 60)
    leave = f"leave Group Key empty {where}, which makes it $group_id"
    return leave if known else f"{leave}, or write Mixpanel's group key: group_key = {name}"


def group_set_once(subject: Subject) -> Iterable[Finding]:
    """Find traits of a group that are set once, by the settings or by Mixpanel's SDK on the device."""
    if "_metadata" in subject.document or any("$set_once" in record for _, record in subject.profiles):
        return _set_once(subject)
    return ()


def _set_once(subject: Subject) -> Iterator[Finding]:
    settings, classic = subject.destination.settings, subject.destination.kind == "classic-cloud"
    sends = not classic or bool(settings.get("groupIdentifierTraits"))  # without a key it sends no group
    if sends and bundled(subject.document) is not None and subject.document.get("traits"):
        yield rule.GROUP_SET_ONCE.finding(
            "$._metadata.bundled",
            "Mixpanel runs in device mode: it sets the group's traits once and for all"
            + (", if Group Identifier Traits are set" if subject.settings.kind_assumed else ""),
            severity="info" if subject.settings.kind_assumed else None,
        )
    for _, _, body in group_records(subject.translation):
        once = body.get("$set_once")
        for name in once if isinstance(once, dict) else ():
            yield rule.GROUP_SET_ONCE.finding(
                child("$.traits", name),
                f"trait {shown(name, 40)[1:-1]} is set once: a later value is ignored",
                severity="info",
                fix="take it off Group Traits to Set Once, if it may change",
            )
