"""What the rules on the stream need of a message, and how much they may remember."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ...messages import Json, JsonObject, Marks, SourceKind

EVENTS = ("track", "page", "screen")


class Observed(Protocol):
    """What the rules need of a message; `core.messages.Message` is one."""

    @property
    def document(self) -> JsonObject: ...
    @property
    def type(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def source_kind(self) -> SourceKind: ...
    @property
    def filled(self) -> tuple[str, ...]: ...
    @property
    def wanted(self) -> bool: ...
    @property
    def id(self) -> int: ...


class Loose(msgspec.Struct, frozen=True, kw_only=True):
    """A message that did not come through ingest; an `Observed`."""

    document: JsonObject
    type: str
    message_id: str = ""
    marks: Marks = Marks.NONE
    source_kind: SourceKind = "segment"
    filled: tuple[str, ...] = ()
    wanted: bool = False
    """True if forwarding was on when it was received."""
    id: int = 0


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of what is remembered, and from what on the rules speak. Times are milliseconds."""

    ids: int = 1_200_000
    """Users and anonymous ids, together; and as many messageIds. 60 MB each when they are full."""
    names: int = 20_000
    """Distinct names of events, of properties and of traits, of each."""
    texts: int = 8_192
    """Ids that are kept as they were written, to be quoted."""
    repeats: int = 16_384
    """Messages that are compared by their content."""
    double_within: int = 2_000
    double_empty_within: int = 250
    """The same for events without properties, which say the same by nature."""
    modes_within: int = 5_000
    """Between an event of a server and one of the same user's device."""
    modes_kept: int = 1_024
    """Events of pages that wait for their copy of the other mode."""
    no_profile_after: int = 3
    """Events of a user that was not identified."""
    not_joined_after: int = 3
    churn_after: int = 10
    """New anonymousIds of one user, without a message between them that had a known one."""
    devices: int = 10
    devices_within: int = 10 * 60_000
    """So many devices of one userId within this time are those of several people."""
    identities_shared: int = 3
    """E-mails, phones or names of one userId that are those of several people."""
    new_users: int = 60
    """Events of a server in a row, each of somebody else who was never seen before."""
    ignored_after: int = 3
    """Events of a device alone after its user was identified."""
    hot_shard: int = 200_000
    page_names: tuple[int, ...] = (100, 1_000, 5_000)
    event_names: tuple[int, ...] = (500, 5_000)
    skew: int = 5 * 60_000


def text_of(value: Json) -> str:
    """Return an id as text; "" where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return str(value)


def object_of(value: Json) -> JsonObject:
    """Return an object, {} where it is none."""
    return value if isinstance(value, dict) else {}


def name_of(document: JsonObject, type: str) -> str:
    """Return the event's name, or that of the page or screen."""
    named = document.get("event") if type == "track" else document.get("name")
    if not isinstance(named, str) and type in ("page", "screen"):
        named = object_of(document.get("properties")).get("name")
    return named if isinstance(named, str) else ""
