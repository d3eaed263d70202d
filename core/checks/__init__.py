"""The functions behind the rules: each is small and pure, and finds one kind of mistake.

`core.catalogue` holds the texts of the rules. `message`, `ids`, `names` and `values` have the functions that
look at a message itself; `request`, `limits`, `insert_ids`, `identity`, `place` and `subscriptions` those
that look at its requests; `stream` those that compare it with earlier messages. `glance` takes a first look
at a message, so that `runs` can leave out the rules that certainly find nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

import msgspec

from ..catalogue.calls import SECOND_RECEIPT, SEGMENT_WOULD_CHANGE, SEGMENT_WOULD_REJECT
from ..catalogue.settings import FILTER_NOT_FQL
from ..catalogue.stages import TRANSFORMATION_NOT_FQL
from ..messages import JsonObject
from ..objections import Objection
from ..settings import Destination
from ..text import shown
from ..verdict import Finding, Translation
from .adjust import adjusted, called
from .glance import first_look
from .not_imitated import not_imitated
from .order import MAX_FINDINGS, in_order, narrowed
from .records import check_records
from .request import sent_records
from .runs import NOTHING_SENT, OF_TRACKING, SEVERAL_EVENTS, runs_for
from .settings import DEFAULTS, CheckSettings, check_settings
from .subject import Check, Subject

__all__ = [
    "MAX_FINDINGS",
    "SECOND_RECEIPT",
    "CheckSettings",
    "adjusted",
    "called",
    "check",
    "check_records",
    "check_settings",
    "objection",
]


def check(
    document: JsonObject,
    translation: Translation,
    destination: Destination,
    *,
    now: int | None = None,
    original_size: int = 0,
    objections: Sequence[Objection] = (),
    filled: Sequence[str] = (),
    overflows: Sequence[tuple[str, str]] = (),
    settings: CheckSettings = DEFAULTS,
    delivered: JsonObject | None = None,
    as_sent: Callable[[Finding], Finding] | None = None,
    notes: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """Return what the rules find in one message and its translation; errors first.

    `now` is the clock, in milliseconds; without it nothing is judged to be in the future.
    `original_size` is the size of the message's JSON text, 0 when it is not known. `objections` say why
    Segment would refuse the message or change it. `filled` names the
    paths that the client left out. `overflows` are numbers of its properties, traits and ids that are beyond
    a double and stand as null in the document, each with its path and its text. `settings` is what rules
    judge by beside the destination. `delivered` is the message that the destination gets, where it is another
    one; `as_sent` leads a finding on it back to the field as sent. `notes` are further findings. Pure, and
    never raises on a message.
    """
    properties, context = document.get("properties"), document.get("context")
    events, profiles = sent_records(translation)
    # In the order of the fields: naming them would cost as much as several rules, for every message.
    subject = Subject(
        document,
        document.get("type"),
        properties if isinstance(properties, dict) else {},
        context if isinstance(context, dict) else {},
        translation,
        destination,
        events,
        now,
        original_size,
        filled,
        settings,
        overflows,
        profiles,
    )
    found = [objection(one) for one in objections] if objections else []
    if delivered is None or delivered is document:
        _of_delivered(subject, found)
    else:
        runs = runs_for(destination, settings)
        for run in runs.of(subject.type, first_look(subject, runs.expected)):
            if run in OF_TRACKING:
                found.extend(run(subject))
        on_delivered: list[Finding] = []
        _of_delivered(_with_document(subject, delivered), on_delivered, without=OF_TRACKING)
        found.extend(on_delivered if as_sent is None else map(as_sent, on_delivered))
    found.extend(notes)
    if settings.filter_faults:
        found.extend(FILTER_NOT_FQL.finding("$", fault) for fault in settings.filter_faults)
    for fault in settings.transformation_faults:
        found.append(TRANSFORMATION_NOT_FQL.finding("$", fault))
    if settings.not_imitated:
        found.extend(not_imitated(document, settings.not_imitated, delivered))
    if settings.plan is not None:
        found.extend(settings.plan.findings(document))
    if len(found) > 1:
        found = narrowed(found)
    if settings.rules:
        found = adjusted(found, called(document), settings.rules)
    return tuple(in_order(found) if len(found) > 1 else found)


def _of_delivered(subject: Subject, found: list[Finding], without: Container[Check] = ()) -> None:
    """Add what the rules find in the message that the destination gets."""
    if not subject.translation.operations or subject.translation.rejected is not None:
        for run in NOTHING_SENT:
            found.extend(run(subject))
    runs = runs_for(subject.destination, subject.settings)
    for run in runs.of(subject.type, first_look(subject, runs.expected)):
        if run not in without and (more := run(subject)):
            found.extend(more)
    if len(subject.events) > 1:
        for run in SEVERAL_EVENTS:
            found.extend(run(subject))


def _with_document(subject: Subject, document: JsonObject) -> Subject:
    properties, context = document.get("properties"), document.get("context")
    return msgspec.structs.replace(
        subject,
        document=document,
        type=document.get("type"),
        properties=properties if isinstance(properties, dict) else {},
        context=context if isinstance(context, dict) else {},
    )


def objection(one: Objection) -> Finding:
    """Return the finding for one of a message's objections."""
    rule = SEGMENT_WOULD_CHANGE if one.kind == "change" else SEGMENT_WOULD_REJECT
    return rule.finding("$", shown(one.text, 400)[1:-1])
