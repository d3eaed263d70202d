"""Messages that come more than once: retries, reused messageIds, double firing, two ways at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from ...inspection import Finding
from ...messages import Json, JsonObject
from ...text import shown
from ..catalogue import stream as rule
from ..catalogue.calls import PAGE_DOUBLE_COUNT
from .memory import IdTable, Recent, hashed
from .observed import Seen, StreamLimits, object_of, text_of

_PAGE_VIEW = re.compile(
    r"page[ _-]?view(ed)?|page[ _-]?load(ed)?|loaded a page|viewed .*page|view(ed)?[ _-]?page"
    r"|\$pageview|\$mp_web_page_view|\[amplitude\] page viewed",
    re.IGNORECASE,
)
"""Names of events that count page views."""

_encode = msgspec.json.Encoder(order="deterministic").encode

_WORDS = 0xFFFFFFFF
_CONTENT, _EVENT, _USER, _TIME, _SEEN = range(5)
_DROPPED_WITHIN = 24 * 3600
"""Seconds for which Segment remembers a messageId."""


def fingerprint(value: Json) -> int:
    """A number for a JSON value, the same whatever the order of its keys."""
    try:
        return hash(_encode(value))
    except (UnicodeEncodeError, OverflowError):
        return hash(json.dumps(value, sort_keys=True))
    except RecursionError:
        return 0  # nested beyond what can be compared: taken for the same as another such


class Repeats:
    """Remembers messageIds with what came under them, and the content of the last messages."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self.ids = IdTable(limits.ids, "IIIII")
        self._contents: Recent[int, tuple[int, str, str]] = Recent(limits.repeats)
        self._sent: Recent[int, tuple[int, str]] = Recent(limits.repeats)
        self._views: Recent[int, tuple[int, str, str]] = Recent(limits.repeats)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """What the message repeats. One whose messageId came before is `second` from here on."""
        content = fingerprint(
            [seen.type, seen.properties, seen.traits, text_of(seen.document.get("groupId"))]
        )
        if seen.message_id and not seen.replay and "$.messageId" not in seen.filled:
            yield from self._same_id(seen, content)
        if not seen.second and not seen.replay:
            yield from self._same_content(seen, content)
            if seen.type in ("page", "track"):
                yield from self._page_views(seen)
            for _, record, properties in seen.events:
                yield from self._two_modes(
                    text_of(record.get("event")), text_of(properties.get("distinct_id")), seen.now, "cloud"
                )

    def _same_id(self, seen: Seen, content: int) -> Iterator[Finding]:
        stated = seen.document.get("originalTimestamp")
        if stated is None and "$.timestamp" not in seen.filled:
            stated = seen.document.get("timestamp")
        slot = self.ids.place(hashed(seen.message_id), seen.now // 1000)
        columns, at = slot.columns, slot.at
        new = (
            content & _WORDS,
            hash((seen.type, seen.name)) & _WORDS,
            hash(seen.distinct_id) & _WORDS,
            fingerprint(stated) & _WORDS if stated is not None else 0,
        )
        if slot.new:
            for column, value in zip(columns, (*new, seen.now // 1000), strict=True):
                column[at] = value
            return
        dropped = seen.second or seen.now // 1000 - columns[_SEEN][at] < _DROPPED_WITHIN
        seen.second = True
        agrees = [columns[column][at] == value for column, value in enumerate(new)]
        quoted = shown(seen.message_id, 60)
        if not agrees[_EVENT] or not agrees[_CONTENT]:
            what = "another event" if not agrees[_EVENT] else "other content"
            yield rule.MESSAGE_ID_REUSED.finding(
                "$.messageId", f"messageId {quoted} came before with {what}: this message is lost"
            )
            return
        if not seen.is_event:
            return
        differs = "" if agrees[_USER] else "another distinct_id"
        if new[_TIME] == 0:
            differs = differs or "no timestamp of its own, so that each copy has the time of its receipt"
        elif not agrees[_TIME]:
            differs = differs or "another timestamp"
        no_choice = not differs and seen.destination.kind == "classic-cloud"
        if no_choice:
            differs = "no insert id in Segment's public code"
        counts = (
            "whether Mixpanel would count both cannot be known" if no_choice else "Mixpanel would count both"
        )
        fate = "Segment drops this copy" if dropped else "Segment passes both on"
        if differs:
            yield rule.DEDUPE_MISMATCH.finding(
                "$.messageId",
                f"messageId {quoted} came before; this one has {differs}. {fate}, {counts}",
                severity="info" if no_choice else None,
                fix="nothing: no field of the message decides it" if no_choice else None,
            )
        else:
            also = "and Mixpanel would too" if dropped else "and Mixpanel shows it once"
            yield rule.RETRY.finding("$.messageId", f"messageId {quoted} came before: {fate}, {also}")

    def _same_content(self, seen: Seen, content: int) -> Iterator[Finding]:
        if seen.type == "alias" or not seen.distinct_id or (seen.type == "track" and not seen.name):
            return  # a track call without a name is refused
        key = hash((seen.type, seen.name, seen.distinct_id, content))
        when = seen.now if seen.at is None else seen.at
        library = text_of(object_of(seen.context.get("library")).get("name"))
        before = self._contents.get(key)
        self._contents.put(key, (when, seen.message_id, library))
        empty = not seen.properties and not seen.traits
        within = self._limits.double_empty_within if empty else self._limits.double_within
        if before is None or abs(when - before[0]) >= within or before[1] == seen.message_id:
            return
        called = f"{seen.type} {shown(seen.name, 60)}" if seen.name else f"this {seen.type}"
        ways = (
            f"once from {before[2]}, once from {library}" if before[2] != library else "under two messageIds"
        )
        apart = f"{abs(when - before[0]):,} ms apart"
        yield rule.DOUBLE_FIRED.finding(
            "$.messageId",
            f"{called} came twice with the same content, {apart}, {ways}",
            # The second identify writes what the first one wrote.
            severity=None if seen.is_event else "info",
        )

    def _page_views(self, seen: Seen) -> Iterator[Finding]:
        if seen.type == "track" and not _PAGE_VIEW.fullmatch(seen.name.strip()):
            return
        page = object_of(seen.context.get("page"))
        url = text_of(seen.properties.get("url")) or text_of(page.get("url"))
        yield from self._view(seen.distinct_id, url, seen.type, seen.name, seen)

    def _view(self, user: str, url: str, kind: str, name: str, seen: Seen) -> Iterator[Finding]:
        if not user:
            return
        key = hash((user, url))
        when = seen.now if seen.at is None else seen.at
        before = self._views.get(key)
        self._views.put(key, (when, kind, name))
        if before is None or before[1] == kind or abs(when - before[0]) >= self._limits.double_within:
            return
        calls = {"page": "a page call", "track": "a track call", "mixpanel": "Mixpanel's own SDK"}
        names = {before[1]: before[2], kind: name}
        words = " and ".join(
            f"{calls[one]} {shown(names[one], 40)}" if names[one] else calls[one] for one in sorted(names)
        )
        yield PAGE_DOUBLE_COUNT.finding(
            "$.type",
            f"one page view is counted twice: by {words}",
            fix="keep the page call, or the event",
        )

    def device(self, document: JsonObject, seen: Seen) -> Iterator[Finding]:
        """An event that the browser sent to Mixpanel itself."""
        event, properties = text_of(document.get("event")), object_of(document.get("properties"))
        user = text_of(properties.get("distinct_id")).removeprefix("$device:")
        if _PAGE_VIEW.fullmatch(event):
            url = text_of(properties.get("$current_url")) or text_of(properties.get("current_url_page"))
            yield from self._view(user, url, "mixpanel", event, seen)
        yield from self._two_modes(event, user, seen.now, "device")

    def _two_modes(self, event: str, user: str, now: int, mode: str) -> Iterator[Finding]:
        if not event or not user:
            return
        key = hash((event, user))
        before = self._sent.get(key)
        self._sent.put(key, (now, mode))
        if before is None or before[1] == mode or abs(now - before[0]) >= self._limits.modes_within:
            return
        yield rule.CLOUD_AND_DEVICE_MODE.finding(
            "$.event", f"{shown(event, 60)} comes from the browser to Mixpanel, and through Segment as well"
        )
