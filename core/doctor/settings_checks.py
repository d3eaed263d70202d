"""Questions that the settings answer: subscriptions, People, page options."""

from __future__ import annotations

from collections.abc import Iterator

from ..destinations.actions.faults import subscription_faults
from ..destinations.gate import filter_faults
from ..text import counted
from .facts import Facts, ids_of
from .verdict import Verdict


def strict(facts: Facts) -> Iterator[Verdict]:
    """Strict import, without which Mixpanel says nothing of bad events."""
    if facts.destination.kind == "actions" and not facts.settings.destination.strict:
        yield Verdict(
            check="strict",
            title="Strict import",
            standing="warning",
            words="strict is off: Mixpanel does not say which events it drops",
            fix="strict = true under [destination], and Strict Mode on in Segment",
        )


def subscriptions(facts: Facts) -> Iterator[Verdict]:
    """Subscriptions that can never send."""
    for fault in subscription_faults(facts.destination):
        yield Verdict(
            check="subscriptions",
            title="Subscriptions",
            standing="error",
            words=fault,
            fix="mend it: segtap mappings show",
        )


def filters(facts: Facts) -> Iterator[Verdict]:
    """Destination filters whose condition cannot be judged: they stop every message."""
    found = facts.found("filter-not-fql")
    # The engine's filters may be others than those of the settings here: its findings know them.
    told = dict.fromkeys((*filter_faults(facts.settings.filters), *(one.message for _, one in found)))
    for fault in told:
        yield Verdict(
            check="filters",
            rule="filter-not-fql",
            title="Destination filters",
            standing="error",
            words=fault,
            messages=ids_of(case for case, one in found if one.message == fault),
            fix="mend the condition in Segment and under [[filters]], or switch the filter off",
        )


def people(facts: Facts) -> Iterator[Verdict]:
    """The classic destination writes profiles only with People on."""
    if facts.destination.kind != "classic-cloud":
        return
    identifies = facts.of_type("identify")
    if facts.settings.classic.people:
        yield Verdict(
            check="people", title="Use Mixpanel People", standing="good", words="on: identify writes profiles"
        )
        return
    yield Verdict(
        check="people",
        title="Use Mixpanel People",
        standing="error" if identifies else "warning",
        words="off: identify writes no profile"
        + (f" ({counted(len(identifies), 'identify call')} seen)" if identifies else ""),
        messages=ids_of(identifies),
        fix="people = true under [classic], and Use Mixpanel People on in Segment",
    )


def pages(facts: Facts) -> Iterator[Verdict]:
    """How page calls become events."""
    title = "Pages"
    doubled = facts.found("page-double-count")
    if doubled:
        yield Verdict(
            check="pages",
            title=title,
            standing="warning",
            words=doubled[-1][1].message,
            messages=ids_of(case for case, _ in doubled),
            fix=doubled[-1][1].fix,
        )
        return
    if facts.destination.kind != "classic-cloud":
        nameless = facts.found("page-name-missing")
        words = 'pages become "Viewed NAME", each name an event of its own'
        if nameless:
            words += f'; {counted(len(nameless), "page")} without a name: they are all "Viewed "'
        yield Verdict(
            check="pages",
            title=title,
            standing="warning" if nameless else "good",
            words=words,
            messages=ids_of(case for case, _ in nameless),
            fix=nameless[-1][1].fix if nameless else "",
        )
        return
    classic = facts.settings.classic
    single = [
        name
        for name, on in (
            ("all", classic.track_all_pages),
            ("categorized", classic.track_categorized_pages),
            ("named", classic.track_named_pages),
        )
        if on
    ]
    several = len(single) + classic.consolidated_page_calls > 1
    if several:
        words = (
            f"consolidated page calls and track {', '.join(single)} pages are on: one page is several events"
        )
        fix = "leave one page option on, under [classic] and in Segment"
    elif classic.consolidated_page_calls:
        words, fix = 'consolidated: every page is "Loaded a Page", its name a property', ""
    elif single:
        words, fix = f"track {single[0]} pages is on", ""
    else:
        words, fix = (
            "no page option is on: page calls are dropped",
            "consolidated_page_calls = true under [classic]",
        )
    yield Verdict(check="pages", title=title, standing="warning" if fix else "good", words=words, fix=fix)
