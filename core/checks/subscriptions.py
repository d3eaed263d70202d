"""Rules on what subscriptions and settings make of a message: nothing, a refusal, or several events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from ..catalogue import calls as rule
from ..catalogue.users import ALIAS_IGNORED
from ..destinations.actions.actions import REFUSED_NO_TRAITS
from ..destinations.actions.presets import optional_subscriptions, preset_subscriptions
from ..destinations.actions.provenance import refusal
from ..destinations.classic.dates import Part, new_date
from ..destinations.classic.tables import REFUSED_NO_KEY, REFUSED_TOO_OLD
from ..errors import MappingError
from ..mapping.never import calls_of
from ..messages import CALL_TYPES
from ..settings import Subscription
from ..text import shown
from ..toml_text import toml_key
from ..verdict import Finding, NotSent, Stage
from .group_keys import likely_keys
from .groups import missing_group_traits
from .mapped import (
    REPLACES_ALL,
    is_default,
    leaves_out,
    map_fix,
    named,
    not_brought,
    origin,
)
from .subject import Subject
from .times import YEAR_1971

# unmatched --------------------------------------------------------------------------------------------

_STOPPED: dict[Stage, str] = {
    "schema": "nothing, if it is meant; else unblock the event in the source's schema",
    "integrations": "nothing, if it is meant; else the message has to allow this destination",
    "filters": "nothing, if it is meant; else change the destination filter",
    "source_transformations": "nothing, if it is meant; else change the transformation",
    "destination_transformations": "nothing, if it is meant; else change the transformation",
}
_NO_FIX = "nothing, if it is meant"


def unmatched(subject: Subject) -> Iterator[Finding]:
    """Yield why nothing of the message is sent: a warning for a setting, a note where it is asked for."""
    call, stopped = subject.type, subject.translation.not_sent
    if stopped is not None:
        if not _unjudged(subject, stopped):
            yield _stopped(stopped)
        return
    if not isinstance(call, str) or call not in CALL_TYPES or subject.translation.operations:
        return
    if not subject.translation.unmatched:
        if subject.translation.rejected is None:
            yield _nothing_in_it(subject, call)
    elif subject.destination.kind == "classic-cloud":
        if not missing_group_traits(subject):  # group-trait-missing says it
            yield _switched_off(subject, call)
    else:
        yield _unsubscribed(subject, call)


def _unjudged(subject: Subject, stopped: NotSent) -> bool:
    """Return True if a condition that cannot be judged may be the reason, which a rule of its own reports."""
    faults = subject.settings.filter_faults
    if stopped.stage in ("source_transformations", "destination_transformations"):
        faults = subject.settings.transformation_faults
    elif stopped.stage != "filters":
        return False
    return bool(faults)


def _stopped(stopped: NotSent) -> Finding:
    where = f"not sent, at the stage {stopped.stage}: " if stopped.stage else "not sent: "
    fix = _STOPPED.get(stopped.stage, _NO_FIX) if stopped.stage else _NO_FIX
    return rule.UNMATCHED.finding(stopped.path, f"{where}{stopped.reason}", severity="info", fix=fix)


def _nothing_in_it(subject: Subject, call: str) -> Finding:
    """Return the note on a call that holds nothing to send; a warning where the mapping reads no traits."""
    if call != "identify":
        words = f"the {call} call holds nothing that is sent"
        return rule.UNMATCHED.finding("$", words, severity="info", fix=_NO_FIX)
    own = (
        one
        for one in subject.destination.subscriptions or ()
        if one.enabled and not is_default(one, "traits")
    )
    for one in own if subject.document.get("traits") else ():
        if one.partner_action == "identifyUser" and call in _calls(one.subscribe):
            words, path = not_brought(subject, one, "traits", "$.traits")
            fix = map_fix(subject, one, "traits")
            return rule.UNMATCHED.finding(path, f"{words}: nothing of the call is sent", fix=fix)
    return rule.UNMATCHED.finding(
        "$.traits",
        "the identify call has no anonymousId and no traits that subscriptions get: there is nothing to send",
        severity="info",
        fix="nothing, if it is meant; else send traits with it",
    )


def _unsubscribed(subject: Subject, call: str) -> Finding:
    given = subject.destination.subscriptions
    if call == "alias" and subject.settings.identity == "simplified":
        return rule.UNMATCHED.finding(
            "$.type",
            "no subscription takes alias calls, and none is needed: with the simplified ID merge Mixpanel "
            "ignores them",
            severity="info",
            fix=ALIAS_IGNORED.fix,
        )
    if given is None:
        fix = f"{_preset_for(call, '')} ({REPLACES_ALL})"
        return rule.UNMATCHED.finding("$.type", f"no subscription takes {call} calls", fix=fix)
    for one in given:
        if not one.enabled and call in _calls(one.subscribe):
            return rule.UNMATCHED.finding(
                "$.type",
                f"no subscription takes this {call} call: {named(one)} is off",
                fix=f"switch {named(one)} on, if Mixpanel should have it: enabled = true",
            )
    near = next((one for one in given if one.enabled and call in _calls(one.subscribe)), None)
    if near is not None:
        return rule.UNMATCHED.finding(
            "$.type",
            f"no subscription takes this {call} call: the trigger of {named(near)} leaves it out",
            fix=f"change the trigger of {named(near)}, if Mixpanel should have this call; else nothing",
        )
    return rule.UNMATCHED.finding(
        "$.type",
        f"no subscription takes {call} calls: none of them is sent",
        fix=_preset_for(call, subject.settings.subscriptions_of),
    )


@lru_cache(maxsize=16)
def _preset_for(call: str, source: str) -> str:
    """Say which of Segment's presets send such a call, and where to write them: `source` may have its own."""
    every = (*preset_subscriptions(), *optional_subscriptions())
    names = [
        one.name
        for one in every
        if one.subscribe.startswith(f'type = "{call}"') and one.partner_action != "incrementProperties"
    ]
    tables = " and ".join(f'preset = "{name}"' for name in names)
    where = f"[[subscriptions]] of {shown(source)}" if source else "[[subscriptions]]"
    return f"write {tables} under {where}, if Mixpanel should have {call} calls"


@lru_cache(maxsize=256)
def _calls(trigger: str) -> frozenset[str]:
    try:
        return calls_of(trigger)
    except MappingError:
        return frozenset()


def _switched_off(subject: Subject, call: str) -> Finding:
    """Return why the classic destination sends nothing: it has settings in the place of subscriptions."""
    if call == "identify":
        why, fix = "Use Mixpanel People is off", "people = true under [classic]"
    elif call == "group":
        why, fix = "Group Identifier Traits is empty", _group_fix(subject)
    else:
        return _no_page_option(subject, call)
    return rule.UNMATCHED.finding("$.type", f"{why}, so that nothing is sent", fix=fix)


def _group_fix(subject: Subject) -> str:
    """Return which trait to list, out of those that the call has; the classic destination does not read
    groupId.
    """
    given = subject.document.get("traits")
    traits = given if isinstance(given, dict) else {}
    likely = likely_keys(traits, subject.document.get("groupId"))
    known = subject.settings.group_keys or ()
    key = next((name for name in (*likely, *traits) if name in known), likely[0] if likely else "")
    if key:
        return f"group_identifier_traits = [{shown(key, 60)}] under [classic]"
    named = f" ({shown(known[0], 60)})" if known else ""
    return (
        f"send Mixpanel's group key{named} as a trait, with the group's id as its value, and list it under"
        " [classic]: group_identifier_traits"
    )


def _no_page_option(subject: Subject, call: str) -> Finding:
    """Return why no page option makes an event: all are off, or those that are on need a name or a
    category.
    """
    settings, document = subject.destination.settings, subject.document
    on = [words for setting, words in _PAGE_NEEDS if settings.get(setting)]
    if on:
        return rule.UNMATCHED.finding(
            "$.name",
            f"the page options that are on take a {call} with {' or '.join(on)} alone",
            severity="info",
            fix=f"nothing, if it is meant; else give the call {' or '.join(on)}, or "
            "consolidated_page_calls = true under [classic]",
        )
    named_option = (
        "track_named_pages = true"
        if document.get("name")
        else "track_categorized_pages = true"
        if document.get("category")
        else "track_all_pages = true"
    )
    return rule.UNMATCHED.finding(
        "$.type",
        f"all page options are off, so that no {call} is sent",
        fix=f"consolidated_page_calls = true under [classic], or {named_option}",
    )


_PAGE_NEEDS = (("trackCategorizedPages", "a category"), ("trackNamedPages", "a name"))


# rejected-by-destination ------------------------------------------------------------------------------

_MENDS_REFUSAL = tuple(
    (re.compile(words), fix)
    for words, fix in (
        (
            "required field 'event'|^Event Name must be|^event is not a (?:text|string)",
            "send the event's name as text",
        ),
        (
            "^Event Properties must be an object|^properties is (?:no|not an) object",
            "send an object as properties",
        ),
        ("^User Properties must be an object|^Group Properties must be", "send an object as traits"),
        (r"^The value at /products|^Products must be an array", "send a list of objects as products"),
        ("^Exceeded maximum of", "divide the increments over several subscriptions: each adds up 20 at most"),
        ('^setting "token"|^Missing project token', "set token_env under [destination]"),
        ("must be a valid date-like string", "send ISO 8601 in UTC as timestamp"),
    )
)
"""How to mend a message that the destination refuses, by the words in which it does."""
_NOTHING_THAT_OLD = (
    "send the right timestamp, if this one is wrong; if it is right, nothing helps: the classic destination"
    " sends nothing older than five years, and Mixpanel (Actions) does"
)
_MISSING_FIELD = re.compile(r"missing the required field '(\w+)'")
_NOT_NUMERIC = re.compile(r'The key "(?P<key>.*)" was not numeric', re.DOTALL)
_NOT_AN_OBJECT = re.compile(r"^(?P<label>[\w ]+) must be an object but it was")
_TEMPLATE = re.compile("[Tt]emplate|[Ll]iquid")
_IN_TRIGGERS = re.compile(r"\$\.((?:properties|traits|context)\.[\w.]+|userId|name)", re.ASCII)
"""Places of the message that a trigger may ask for."""


def rejected_by_destination(subject: Subject) -> Iterator[Finding]:
    """Yield the refusal of the destination, with what mends it."""
    rejected = subject.translation.rejected
    if rejected is None or rejected == REFUSED_NO_TRAITS:
        return  # group-without-traits says it better
    if rejected == REFUSED_NO_KEY and subject.now is not None:
        return  # reported by track-too-old instead
    if rejected == REFUSED_TOO_OLD:
        yield _too_old(subject)
        return
    yield rule.REJECTED_BY_DESTINATION.finding(
        "$",
        f"Segment's destination refuses it: {shown(rejected, 300)[1:-1]}",
        fix=_mends(subject, rejected),
    )


def _too_old(subject: Subject) -> Finding:
    """Return the finding on a time that the classic destination refuses as older than five years."""
    time = new_date(cast(Part, subject.document.get("timestamp"))).ms
    message = f"Segment's destination refuses it: {REFUSED_TOO_OLD}"
    if time is None or time < YEAR_1971:
        # Nobody means these: an unset date, or seconds read as milliseconds.
        message = f"{message} The time is before 1971"
        return rule.REJECTED_BY_DESTINATION.finding("$.timestamp", message, fix=rule.TIME_OUT_OF_RANGE.fix)
    return rule.REJECTED_BY_DESTINATION.finding("$.timestamp", message, fix=_NOTHING_THAT_OLD)


def _mends(subject: Subject, rejected: str) -> str | None:
    """Return how to mend a refusal. The mapping is followed only where the fix names its subscription."""
    known = next((fix for words, fix in _MENDS_REFUSAL if words.search(rejected)), None)
    numeric, missing = _NOT_NUMERIC.search(rejected), _MISSING_FIELD.search(rejected)
    other = _NOT_AN_OBJECT.search(rejected) if known is None else None
    if not (numeric or missing or other or _TEMPLATE.search(rejected)):
        return known
    by = refusal(subject.document, subject.destination, now=subject.now or 0)
    if by is None:
        return known
    if numeric:
        return _number_fix(subject, by, numeric["key"])
    if missing:
        return _missing_fix(subject, by, missing[1], known)
    if other:
        found = origin(subject, by, "increment")
        where = found.words.removeprefix("$.") if found.keys else other["label"]
        return f"send an object of numbers as {where}, or narrow the trigger of {named(by)}"
    return f"shorten the template in the mapping of {named(by)}: 1,000 characters at most"


def _number_fix(subject: Subject, by: Subscription, key: str) -> str:
    found = origin(subject, by, "increment").part(key)
    where = found.words.removeprefix("$.") if found.keys else toml_key(key)
    return f"send {where} as a number, or leave it out of Increment Numerical Properties in {named(by)}"


def _missing_fix(subject: Subject, by: Subscription, field: str, known: str | None) -> str | None:
    """Return how to mend a required field that is not mapped, or is mapped to what the message does
    not have.
    """
    if leaves_out(by, field):
        return map_fix(subject, by, field)
    found = origin(subject, by, field)
    if is_default(by, field) and field != "increment":
        return known or f"send {found.words.removeprefix('$.')}"
    asked = _IN_TRIGGERS.fullmatch(found.words) if found.keys else None
    if asked is None:
        return f"map {field} in {named(by)} to what the message has, or narrow its trigger"
    trigger = by.subscribe if " or " not in by.subscribe else f"({by.subscribe})"
    return f"add a condition to the trigger of {named(by)}: {trigger} and {asked[1]} != null"
