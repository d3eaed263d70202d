"""A message as a scenario records it: its ids, times and tokens become placeholders. Pure.

The same traffic, received again with other ids at another time, gives the same lines as far as that can be:
times are rounded to tenths of a second, and count from the timestamp of the first message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..messages import Json, JsonObject
from ..sources.segment.times import read_time
from .notation import Kind, escaped, mapped, placeholder, time_placeholder

ROUNDED = 100
"""Milliseconds that times are rounded to."""
NEAR = 60_000
"""Milliseconds by which two clocks of the first message may differ to count as the same."""
REMEMBERED = 100_000
"""Ids of each kind that are remembered; the oldest are forgotten first."""
_DAY = 24 * 3600 * 1000
"""A time in any field is one of the recording if it is at most so far from the message's."""
_LONG = 8
"""Ids of at least so many characters with a digit are also replaced in other fields, and within texts."""
_SECONDS_BELOW = 100_000_000_000
"""A number since the epoch below this is in seconds, else in milliseconds."""

_SEGMENT_IDS: tuple[tuple[str, Kind], ...] = (("messageId", "id"), ("anonymousId", "anonymous"))
_RECORD_IDS: tuple[tuple[str, Kind], ...] = (("$insert_id", "id"), ("$device_id", "anonymous"))
_TIMES = ("timestamp", "originalTimestamp", "sentAt")
_USERS = ("userId", "previousId", "groupId")
"""Fields that may repeat an anonymousId, however short it is."""
_TOKENS = ("token", "$token")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])", re.ASCII
)


class Recording:
    """Turns messages into those of a scenario, one after another; `token` is the project's, "" for none."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self._clocks = _Clocks()
        self._numbers: dict[Kind, dict[str, int]] = {"id": {}, "anonymous": {}, "uuid": {}, "token": {}}
        self._counted: dict[Kind, int] = dict.fromkeys(self._numbers, 0)

    def message(self, document: JsonObject, endpoint: str = "") -> tuple[int, JsonObject]:
        """Return when a message came, in milliseconds after the beginning, and the message with placeholders.

        `document` is as `segtap export` writes it; `endpoint` that of a record of Mixpanel's own SDKs.
        """
        if endpoint:
            self._clocks.reach(_time_of(document), None, None)
            whole = _Message(self, self._clocks, document)
            return self._clocks.at, {"endpoint": endpoint, "record": whole.record()}
        stated, called = document.get("timestamp"), document.get("originalTimestamp")
        self._clocks.reach(read_time(stated), read_time(document.get("receivedAt")), read_time(called))
        return self._clocks.at, _Message(self, self._clocks, document).segment()

    def known(self, kind: Kind, text: str) -> str:
        """Return the placeholder that an id has, "" for none."""
        number = self._numbers[kind].get(text)
        return "" if number is None else placeholder(kind, number)

    def numbered(self, kind: Kind, text: str) -> str:
        """Return the placeholder of an id, a new one for an id that has none."""
        if kind == "token" and self.token in ("", text):
            return placeholder(kind, 0)
        numbers = self._numbers[kind]
        number = numbers.get(text)
        if number is None:
            self._counted[kind] = number = self._counted[kind] + 1
            numbers[text] = number
            if len(numbers) > REMEMBERED:
                del numbers[next(iter(numbers))]
        return placeholder(kind, number)


class _Clocks:
    """The moments that times are counted from, by the server's clock and by the client's."""

    def __init__(self) -> None:
        self.at = 0
        """When the last message came, in milliseconds after the beginning."""
        self._zero: int | None = None
        self._client: int | None = None

    @property
    def now(self) -> int | None:
        """The time of the last message by the client's clock, None before one that states a time."""
        zero = self._zero if self._client is None else self._client
        return None if zero is None else zero + self.at

    def reach(self, stated: int | None, received: int | None, called: int | None) -> None:
        """Go on to the next message.

        `stated` is its timestamp, `called` the same by the client's clock. The timestamp of the first message
        is the beginning, unless the message came long after it. The clocks are taken for the same if they
        differ little.
        """
        if self._zero is None:
            late = stated is None or (received is not None and abs(received - stated) > NEAR)
            self._zero = received if late else stated
        if self._client is None and called is not None and stated is not None:
            self._client = called - self.offset(stated) if abs(called - stated) <= NEAR else self._zero
        if (moment := stated if received is None else received) is not None:
            self.at = max(self.at, _rounded(self.offset(moment)))

    def offset(self, time: int, *, by_client: bool = False) -> int:
        """Return a time by one of the clocks in milliseconds after the beginning."""
        zero = self._client if by_client and self._client is not None else self._zero
        return time if zero is None else time - zero


class _Message:
    """One message on its way into a scenario."""

    def __init__(self, recording: Recording, clocks: _Clocks, document: JsonObject) -> None:
        self._recording = recording
        self._clocks = clocks
        self._document = document
        self._now = clocks.now
        self._own: list[tuple[str, str]] = []
        """The message's own ids that are replaced within texts, with their placeholders."""

    def segment(self) -> JsonObject:
        """Return a Segment message with placeholders; when it was received stands beside it."""
        named = self._ids(self._document, _SEGMENT_IDS)
        return {
            name: named.get(name) or self._member(name, value)
            for name, value in self._document.items()
            if name != "receivedAt"
        }

    def record(self) -> JsonObject:
        """Return a record of Mixpanel's own SDKs with placeholders."""
        properties = self._document.get("properties")
        holders = [holder for holder in (self._document, properties) if isinstance(holder, dict)]
        named = [{**self._ids(one, _RECORD_IDS), **self._stated(one)} for one in holders]
        made = [
            {name: ids.get(name) or self._value(value) for name, value in holder.items()}
            for holder, ids in zip(holders, named, strict=True)
        ]
        whole = made[0]
        if len(made) > 1:
            whole["properties"] = made[1]
        return whole

    def _ids(self, holder: JsonObject, names: Sequence[tuple[str, Kind]]) -> dict[str, Json]:
        """Return the placeholders of the message's own ids, by the names of the fields."""
        made: dict[str, Json] = {}
        for name, kind in names:
            if isinstance(id := holder.get(name), str) and id:
                made[name] = known = self._recording.numbered(kind, id)
                if _is_distinct(id):
                    self._own.append((id, known))
        return made

    def _stated(self, record: JsonObject) -> dict[str, Json]:
        """Return the placeholders of a record's token and time."""
        made: dict[str, Json] = {
            name: self._recording.numbered("token", token)
            for name in _TOKENS
            if isinstance(token := record.get(name), str) and token
        }
        if (time := _time_of({"$time": record.get("time")})) is not None:
            made["time"] = self._moment(time, record["time"])
        return made

    def _member(self, name: str, value: Json) -> Json:
        if name in _TIMES and (time := read_time(value)) is not None:
            return time_placeholder(_rounded(self._clocks.offset(time, by_client=name != "timestamp")))
        if name == "writeKey" and isinstance(value, str):
            return "{write_key}"
        if name in _USERS and isinstance(value, str) and (known := self._recording.known("anonymous", value)):
            return known
        return self._value(value)

    def _value(self, value: Json) -> Json:
        return mapped(value, self._text, self._number)

    def _text(self, text: str) -> str:
        if len(text) < _LONG:
            return escaped(text)
        if self._now is not None and text[4] == "-" and _ISO.fullmatch(text):
            time = read_time(text)
            if time is not None and abs(time - self._now) <= _DAY:
                return time_placeholder(_rounded(self._clocks.offset(time, by_client=True)))
        if _is_distinct(text):
            if text == self._recording.token:
                return placeholder("token", 0)
            if known := self._recording.known("id", text) or self._recording.known("anonymous", text):
                return known
        return self._parts(text, self._own)

    def _parts(self, text: str, own: Sequence[tuple[str, str]]) -> str:
        """Replace the message's own ids, then UUIDs, in a text."""
        if own:
            (id, known), *others = own
            return known.join([self._parts(part, others) for part in text.split(id)])
        text = escaped(text)
        return _UUID.sub(self._uuid, text) if text.count("-") >= 4 else text

    def _uuid(self, found: re.Match[str]) -> str:
        text, by = found[0], self._recording
        return by.known("id", text) or by.known("anonymous", text) or by.numbered("uuid", text)

    def _number(self, number: float) -> Json:
        if self._now is None or (time := _time_of({"$time": number})) is None:
            return number
        return self._moment(time, number) if abs(time - self._now) <= _DAY else number

    def _moment(self, time: int, spelled: Json) -> Json:
        """Return the placeholder of a time, as a number in the unit in which it was spelled."""
        seconds = isinstance(spelled, (int, float)) and spelled < _SECONDS_BELOW
        offset = self._clocks.offset(time, by_client=True)
        if seconds and isinstance(spelled, int):
            return time_placeholder(round(offset / 1000) * 1000, "s")
        return time_placeholder(_rounded(offset), "s" if seconds else "ms")


def _is_distinct(id: str) -> bool:
    """Return True for an id that no other text is by chance."""
    return len(id) >= _LONG and any(map(str.isdigit, id))


def _rounded(ms: int) -> int:
    return (ms + ROUNDED // 2) // ROUNDED * ROUNDED


def _time_of(record: JsonObject) -> int | None:
    """Return the time of a record of Mixpanel's own SDKs in milliseconds, None if it states none."""
    properties = record.get("properties")
    time = properties.get("time") if isinstance(properties, dict) else record.get("$time")
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not 0 < time < 1000 * _SECONDS_BELOW:
        return None
    return round(time * 1000) if time < _SECONDS_BELOW else round(time)
