"""What only Mixpanel's side can hide: nothing that segtap sees tells it, so each says where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from ..messages import Json
from ..pairs.actions import milliseconds
from ..text import counted, shown
from .diagnosis import Diagnosis, Standing
from .facts import Case, Facts, ids_of

_SHOWN = 4
_DAY = 24 * 3600 * 1000
_MENU_DAYS = 30
_HERE = "cannot be seen from here"


def mixpanel_side(facts: Facts) -> Iterator[Diagnosis]:
    """Name what to look at in Mixpanel for the events that are sent there."""
    names = Counter(name for _, name, _ in facts.events)
    if not names:
        return
    named = ", ".join(shown(name, 60) for name, _ in names.most_common(_SHOWN))
    if len(names) > _SHOWN:
        named += f" and {len(names) - _SHOWN:,} more"
    yield _verdict(
        "lexicon",
        "In Mixpanel: Lexicon",
        "unknown",
        f"{_HERE}: the status of {named}. Hidden: left out of menus and query results. Blocked: new data is"
        " not stored, and cannot be recovered. Merged: counted under another name. Pending: not approved yet",
        f"look there: Data, Lexicon, Events, Status of {named}; the same for their properties",
    )
    yield _menus(facts, named)
    if facts.joined:
        yield _verdict(
            "merge-delay",
            "In Mixpanel: ids that were just joined",
            "note",
            f"{_HERE}: whether reports know of it. It takes up to 24 hours until {named} from before the"
            " login count for the user; the activity feed of the profile shows it within a minute",
            "look there: the activity feed of the user's profile; at the report again a day later",
        )
    yield _time_zone(facts)


def _menus(facts: Facts, named: str) -> Diagnosis:
    """Judge the events with a time of more than a month ago: they are stored, but in no menu."""
    old = [(case, name) for case, name, properties in facts.events if _is_old(properties.get("time"), facts)]
    about = "the menus of reports list events of the last 30 days, and properties of the last 28"
    if old:
        those = ", ".join(shown(name, 60) for name in list(dict.fromkeys(name for _, name in old))[:_SHOWN])
        words = f"{counted(len(old), 'event')} with an older time: {those}; {about}. Whether they were sent"
        words += f" since, {_HERE}"
    else:
        words = f"{about}. When {named} came last, {_HERE}"
    return _verdict(
        "dropdowns",
        "In Mixpanel: menus of reports",
        "unknown" if old else "note",
        words,
        "look there: write the event's whole name into the menu, upper and lower case as sent; one new event"
        " brings it back",
        ids_of(case for case, _ in old),
    )


def _is_old(time: Json, facts: Facts) -> bool:
    ms = milliseconds(time)
    return ms is not None and facts.now - ms > _MENU_DAYS * _DAY


def _time_zone(facts: Facts) -> Diagnosis:
    case, name, _ = facts.events[-1]
    return _verdict(
        "time-zone",
        "In Mixpanel: the project's time zone",
        "unknown",
        f"{_HERE}: segtap and Segment send UTC, reports show the project's time zone, US Pacific unless it"
        f" was changed. {shown(name, 60)}, received {_utc(case)}, may count for another day there",
        "look there: Project Settings, Timezone",
    )


def _utc(case: Case) -> str:
    at = datetime.fromtimestamp(case.detail.summary.received_at / 1000, UTC)
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _verdict(
    check: str, title: str, standing: Standing, words: str, fix: str, messages: tuple[str, ...] = ()
) -> Diagnosis:
    return Diagnosis(check=check, title=title, standing=standing, words=words, messages=messages, fix=fix)
