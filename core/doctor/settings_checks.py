"""Questions that the settings answer: subscriptions, People, page options."""

from __future__ import annotations

from collections.abc import Iterator

from ..checks.not_imitated import concerning, in_settings
from ..destinations.actions.faults import subscription_faults
from ..destinations.filters import filter_faults
from ..destinations.transformations import for_destination, idle_transformations, transformation_faults
from ..segment_names import destination_of
from ..text import clean, counted
from .diagnosis import Diagnosis
from .facts import Facts, ids_of


def strict(facts: Facts) -> Iterator[Diagnosis]:
    """Yield strict import, without which Mixpanel says nothing of bad events."""
    if facts.destination.kind == "actions" and not facts.settings.destination.strict:
        yield Diagnosis(
            check="strict",
            title="Strict import",
            standing="warning",
            words="strict is off: Mixpanel does not say which events it drops",
            fix="strict = true under [destination], and Strict Mode on in Segment",
        )


def subscriptions(facts: Facts) -> Iterator[Diagnosis]:
    """Yield subscriptions that can never send."""
    for fault in subscription_faults(facts.destination):
        yield Diagnosis(
            check="subscriptions",
            title="Subscriptions",
            standing="error",
            words=fault,
            fix="mend it: segtap mappings show",
        )
    for source in facts.settings.sources:
        if source.subscriptions is None:
            continue
        for fault in subscription_faults(destination_of(source.over(facts.settings))):
            yield Diagnosis(
                check="subscriptions",
                title="Subscriptions",
                standing="error",
                words=f"the source {source.name}: {fault}",
                fix=f"mend it in {clean(source.subscriptions_file)}",
            )


def filters(facts: Facts) -> Iterator[Diagnosis]:
    """Yield destination filters whose condition cannot be judged: they stop every message."""
    found = facts.found("filter-not-fql")
    # The engine's filters may be others than those of the settings here: its findings know them.
    faults = dict.fromkeys((*filter_faults(facts.settings.filters), *(one.message for _, one in found)))
    for fault in faults:
        yield Diagnosis(
            check="filters",
            rule="filter-not-fql",
            title="Destination filters",
            standing="error",
            words=fault,
            messages=ids_of(case for case, one in found if one.message == fault),
            fix="mend the condition in Segment and under [[filters]], or switch the filter off",
        )


def transformations(facts: Facts) -> Iterator[Diagnosis]:
    """Name transformations whose condition cannot be judged, which stop every message, and idle ones."""
    found = facts.found("transformation-not-fql")
    own = transformation_faults(facts.settings.transformations, facts.destination.kind)
    for fault in dict.fromkeys((*own, *(one.message for _, one in found))):
        yield Diagnosis(
            check="transformations",
            rule="transformation-not-fql",
            title="Transformations",
            standing="error",
            words=fault,
            messages=ids_of(case for case, one in found if one.message == fault),
            fix="mend the condition in Segment and under [[transformations]], or switch it off",
        )
    settings = facts.settings
    everywhere = set(settings.segment.blocked_events).intersection(
        *(one.blocked_events for one in settings.sources if one.blocked_events is not None)
    )
    for name, why in idle_transformations(settings.transformations, facts.destination.kind, everywhere):
        yield Diagnosis(
            check="transformations",
            title="Transformations",
            standing="warning",
            words=f"{name} never changes a message: {why}",
            fix="mend its condition in Segment and under [[transformations]], or remove it",
        )


def order_of_stages(facts: Facts) -> Iterator[Diagnosis]:
    """Say that Segment documents no order where a destination has both transformations and functions."""
    settings = facts.settings
    both = (
        any(for_destination(settings.transformations, facts.destination.kind, scoped=True)),
        any(one.enabled and one.scope == "destination" for one in settings.insert_functions),
    )
    if all(both):
        yield Diagnosis(
            check="order-of-stages",
            title="Order of the stages",
            standing="note",
            words="Segment does not document whether the destination's transformations or its insert"
            " functions come first: segtap runs the transformations first",
        )


def not_imitated(facts: Facts) -> Iterator[Diagnosis]:
    """Name every part of the workspace that may change messages and that segtap does not imitate."""
    found = facts.found("not-imitated")
    for part in in_settings(facts.settings):
        where = f" ({part.where})" if part.where else ""
        yield Diagnosis(
            check="not-imitated",
            rule="not-imitated",
            title="Not imitated",
            standing="note",
            words=f"segtap does not imitate {part.words}{where}: what Mixpanel gets may differ",
            messages=ids_of(case for case, _ in found if concerning(case.document, (part,))),
        )
    for one in facts.settings.insert_functions:
        of_messages = [(case, why) for case, why in found if one.enabled and one.words in why.message]
        unusable = next((words for words in facts.unusable if words.startswith(one.words)), "")
        if unusable or of_messages:
            words = f"segtap does not imitate {unusable}" if unusable else of_messages[-1][1].message
            yield Diagnosis(
                check="not-imitated",
                rule="not-imitated",
                title="Not imitated",
                standing="note",
                words=f"{words}: what Mixpanel gets may differ",
                messages=ids_of(case for case, _ in of_messages),
            )


def people(facts: Facts) -> Iterator[Diagnosis]:
    """Yield whether the classic destination writes profiles: only with People on."""
    if facts.destination.kind != "classic-cloud":
        return
    title, identifies = "Use Mixpanel People", facts.of_type("identify")
    if facts.settings.classic.people:
        words = "on: identify writes profiles"
        yield Diagnosis(check="people", title=title, standing="good", words=words)
        return
    seen = f" ({counted(len(identifies), 'identify call')} seen)" if identifies else ""
    messages = ids_of(identifies)
    if not facts.given("classic.people"):
        yield Diagnosis(
            check="people",
            title=title,
            standing="unknown",
            words="not given: segtap assumes that it is off, as Mixpanel's guide says, and then identify"
            f" writes no profile{seen}. Segment's catalogue turns it on for new destinations",
            messages=messages,
            fix="look in Segment whether Use Mixpanel People is on, and write people = true (or false) under"
            " [classic]",
        )
        return
    yield Diagnosis(
        check="people",
        title=title,
        standing="warning",
        words=f"off: identify writes no profile{seen}",
        messages=messages,
        fix="people = true under [classic], and Use Mixpanel People on in Segment",
    )
