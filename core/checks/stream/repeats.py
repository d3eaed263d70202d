"""Messages that come more than once: retries, reused messageIds, double firing, two ways at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from ...catalogue import stream as rule
from ...catalogue.calls import PAGE_DOUBLE_COUNT
from ...destinations.integrations import NAMES
from ...messages import DEDUPE_WINDOW
from ...text import shown
from ...verdict import Finding
from .memory import IdTable, Recent
from .observed import StreamLimits, text_of
from .seen import Seen

_PAGE_VIEW = re.compile(
    r"page[ _-]?view(ed)?|page[ _-]?load(ed)?|loaded a page|viewed .*page|view(ed)?[ _-]?page"
    r"|\$pageview|\$mp_web_page_view|\[amplitude\] page viewed",
    re.IGNORECASE,
)
"""Names of events that count page views."""


@lru_cache(maxsize=1024)
def _is_page_view(name: str) -> bool:
    """Return True for the name of an event that counts page views."""
    return _PAGE_VIEW.fullmatch(name.strip()) is not None


_WORDS = 0xFFFFFFFF
_CONTENT, _EVENT, _USER, _STATED, _TIME, _SEEN = range(6)
_DROPPED_WITHIN = DEDUPE_WINDOW // 1000
"""Seconds for which Segment remembers a messageId."""
_DAY = 86_400_000
_LATEST = 1e14
_COMPACTED = (
    "it compacts them, hours or weeks later: of one calendar day it then keeps one for each name, distinct_id"
    " and insert id"
)
"""What Mixpanel does with events that differ in their time alone."""


_Key: TypeAlias = tuple[str, str, float]
"""What Mixpanel compares events by, beside the insert id: name, distinct_id, and time in milliseconds."""


def _key(seen: Seen) -> _Key:
    """Return the key of the first event that the message becomes; of the message itself where it becomes
    none.
    """
    said = seen.said
    if not said.events:
        return said.name, said.distinct_id, said.now if said.at is None else said.at
    first = said.events[0]
    event, user, time = first.event, first.distinct_id, first.time
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not 0 <= time < _LATEST:
        time = said.now
    elif seen.destination.kind == "classic-cloud":
        time = time * 1000  # the classic destination sends seconds
    # Most are texts: asking here is cheaper than calling.
    return (
        event if isinstance(event, str) else text_of(event),
        user if isinstance(user, str) else text_of(user),
        time,
    )


def _day_before(time: int, low: int) -> int:
    """Return the calendar day of an earlier time, of which the low 32 bits are known: the one nearest to
    `time`.
    """
    apart = (time - low) & _WORDS
    return (time - (apart - _WORDS - 1 if apart > _WORDS // 2 else apart)) // _DAY


def _reused(seen: Seen, agrees: list[bool], *, same_day: bool) -> Finding:
    """Return the finding on another message under the same messageId."""
    what = "another event" if not agrees[_EVENT] else "other content"
    words = f"messageId {shown(seen.said.message_id, 60)} came before with {what}"
    if seen.second:
        return rule.MESSAGE_ID_REUSED.finding("$.messageId", f"{words}: this message is lost")
    words = f"{words}, and over 24 hours ago: Segment passes both on"
    if not seen.said.is_event:
        return rule.MESSAGE_ID_REUSED.finding("$.messageId", words, severity="info")
    if not agrees[_EVENT] or not agrees[_USER]:
        differ = "names" if not agrees[_EVENT] else "distinct_ids"
        return rule.MESSAGE_ID_REUSED.finding(
            "$.messageId", f"{words}, Mixpanel keeps both, for their {differ} differ", severity="warning"
        )
    if seen.destination.kind == "classic-cloud":
        kept = "whether Mixpanel keeps both cannot be known"
    elif agrees[_TIME]:
        return rule.MESSAGE_ID_REUSED.finding(
            "$.messageId",
            f"{words}, Mixpanel shows only one of the two: name, distinct_id, time and insert id agree",
        )
    elif same_day:
        kept = f"Mixpanel shows both until {_COMPACTED}"
    else:
        kept = "Mixpanel keeps both, for they are of different calendar days"
    return rule.MESSAGE_ID_REUSED.finding("$.messageId", f"{words}, {kept}", severity="warning")


def _again(seen: Seen, agrees: list[bool], *, same_day: bool) -> Finding:
    """Return the finding on a copy of an event: a retry, or one that Mixpanel does not know as one."""
    words = f"messageId {shown(seen.said.message_id, 60)} came before"
    would = "would show" if seen.second else "shows"
    fate = "Segment drops this copy" if seen.second else "Segment passes both on, over 24 hours apart"
    differs = "" if agrees[_USER] else "another distinct_id"
    if seen.said.stated is None:
        differs = differs or "no timestamp of its own, so that each copy has the time of its receipt"
    elif not agrees[_STATED]:
        differs = differs or "another timestamp"
    elif not agrees[_TIME] and not seen.second:
        differs = differs or "another time, for Segment corrects the timestamp at each receipt"
    if not differs and seen.destination.kind == "classic-cloud":
        return rule.DEDUPE_MISMATCH.finding(
            "$.messageId",
            f"{words}; this one has no insert id in Segment's public code. {fate}, and whether Mixpanel"
            " would count both cannot be known",
            severity="info",
            fix="nothing: no field of the message decides it",
        )
    if not differs:
        also = "and Mixpanel would too" if seen.second else "and Mixpanel shows it once"
        return rule.RETRY.finding("$.messageId", f"{words}: {fate}, {also}")
    if agrees[_USER] and same_day and seen.destination.kind == "classic-cloud":
        counts = "and whether Mixpanel would count both cannot be known"  # it compacts by the insert id
    elif agrees[_USER] and same_day:
        counts = f"Mixpanel {would} both until {_COMPACTED}"
    else:
        counts = f"Mixpanel {'would count' if seen.second else 'counts'} both"
    return rule.DEDUPE_MISMATCH.finding("$.messageId", f"{words}; this one has {differs}. {fate}, {counts}")


class Repeats:
    """Remembers messageIds with what came under them, and the content of the last messages."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self.ids = IdTable(limits.ids, "IIIIII")
        self._contents: Recent[int, tuple[int, str, str]] = Recent(limits.repeats)
        self._views: Recent[int, tuple[int, str, str, bool]] = Recent(limits.repeats)

    def look(self, seen: Seen) -> Sequence[Finding]:
        """Find what the message repeats. One whose messageId came before is `second` from here on."""
        said = seen.said
        if said.replay:
            return ()
        found: list[Finding] = []
        if said.message_id and said.id_given and (one := self._same_id(seen)) is not None:
            found.append(one)
        if seen.second:
            return found
        if (one := self._same_content(seen)) is not None:
            found.append(one)
        views = said.type == "page" or (said.type == "track" and _is_page_view(said.name))
        if views and (one := self._view(said.distinct_id, said.url, said.type, said.name, seen)) is not None:
            found.append(one)
        return found

    def _same_id(self, seen: Seen) -> Finding | None:
        said = seen.said
        event, user, time = _key(seen)
        tick = said.now // 1000
        id = hash(said.message_id) or 1  # as `hashed`
        at = self.ids.known(id, tick)
        new = (
            said.content & _WORDS,
            hash((said.type, event)) & _WORDS,
            hash(user) & _WORDS,
            hash(said.stated) & _WORDS,
            int(time) & _WORDS,
            tick if 0 <= tick <= _WORDS else 0 if tick < 0 else _WORDS,  # a file's receivedAt may be any time
        )
        if not at:
            at = self.ids.add(id, tick)
            # One by one: a loop costs twice as much, for every message.
            content, events, users, stated, times, when = self.ids.columns
            content[at], events[at], users[at], stated[at], times[at], when[at] = new
            return None
        old = tuple([column[at] for column in self.ids.columns])
        dropped = seen.second or new[_SEEN] - old[_SEEN] < _DROPPED_WITHIN
        if not dropped:  # this one is what Segment compares later copies with
            for column, value in zip(self.ids.columns, new, strict=True):
                column[at] = value
        seen.second = dropped
        agrees = [before == now for before, now in zip(old, new, strict=True)]
        same_day = _day_before(int(time), old[_TIME]) == int(time) // _DAY
        if not agrees[_EVENT] or not agrees[_CONTENT]:
            return _reused(seen, agrees, same_day=same_day)
        return _again(seen, agrees, same_day=same_day) if seen.said.is_event else None

    def _same_content(self, seen: Seen) -> Finding | None:
        said = seen.said
        distinct_id = said.distinct_id
        if said.type == "alias" or not distinct_id or (said.type == "track" and not said.name):
            return None  # a track call without a name is refused
        key = hash((said.type, said.name, distinct_id, said.content))
        when = said.now if said.at is None else said.at
        library = said.library
        before = self._contents.swap(key, (when, said.message_id, library))
        within = self._limits.double_empty_within if said.empty else self._limits.double_within
        if before is None or abs(when - before[0]) >= within or before[1] == said.message_id:
            return None
        called = f"{said.type} {shown(said.name, 60)}" if said.name else f"this {said.type}"
        ways = (
            f"once from {before[2]}, once from {library}" if before[2] != library else "under two messageIds"
        )
        apart = f"{abs(when - before[0]):,} ms apart"
        return rule.DOUBLE_FIRED.finding(
            "$.messageId",
            f"{called} came twice with the same content, {apart}, {ways}",
            # The second identify writes what the first one wrote.
            severity=None if said.is_event else "info",
        )

    def _view(self, user: str, url: str, kind: str, name: str, seen: Seen) -> Finding | None:
        if not user:
            return None
        key = hash((user, url))
        when = seen.said.now if seen.said.at is None else seen.said.at
        sure = kind == "mixpanel" or seen.said.in_cloud or not seen.settings.kind_assumed
        before = self._views.swap(key, (when, kind, name, sure))
        if before is None or before[1] == kind or abs(when - before[0]) >= self._limits.double_within:
            return None
        calls = {"page": "a page call", "track": "a track call", "mixpanel": "Mixpanel's own SDK"}
        names = {before[1]: before[2], kind: name}
        words = " and ".join(
            f"{calls[one]} {shown(names[one], 40)}" if names[one] else calls[one] for one in sorted(names)
        )
        assumed = "mixpanel" in names and not (sure and before[3])
        condition = f" if {NAMES[seen.destination.kind][0]} is on for this source" if assumed else ""
        return PAGE_DOUBLE_COUNT.finding(
            "$.type",
            f"one page view is counted twice{condition}: by {words}",
            severity="info" if assumed else None,
            fix="keep the page call, or the event",
        )

    def device(self, seen: Seen) -> Sequence[Finding]:
        """Find what an event repeats that the browser sent to Mixpanel itself."""
        said = seen.said
        if not _PAGE_VIEW.fullmatch(said.name):
            return ()
        found = self._view(said.distinct_id, said.url, "mixpanel", said.name, seen)
        return () if found is None else (found,)
