"""What one message says to the rules on the stream. Pure: no other message is needed to make it.

Everything that costs time and does not depend on the order of messages is done here, so that it can be done
elsewhere: whoever has the digest observes it in its turn. Fingerprints are the same in every process.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from ...mapping.dates import read_time
from ...messages import Json, JsonObject, Marks, SourceKind
from ...verdict import Translation
from ..request import event_records
from .observed import EVENTS, Observed, name_of, object_of, text_of

BITS: dict[type, int] = {bool: 1, int: 2, float: 2, str: 4, list: 8, dict: 16}
"""The types of values that rules distinguish, as bits; null has none."""
MAX_NAME = 256
"""Longer names of properties and events are not remembered."""

_KEY = b"segtap stream"
_KEPT_BACK = int(Marks.WOULD_REJECT | Marks.REFUSED)
_SECOND, _REPLAY = int(Marks.SECOND_RECEIPT), int(Marks.REPLAY)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Digest(msgspec.Struct, frozen=True, gc=False):
    """One message, taken apart once. `user` and `anonymous` are "" where it has none.

    `events` are the event records that go to Mixpanel. `kept_back`: Segment would not hand it to Mixpanel.
    """

    id: int
    document: JsonObject
    type: str
    message_id: str
    filled: tuple[str, ...]
    kept_back: bool
    second: bool
    """True for a copy, which Segment would drop."""
    replay: bool
    source_kind: SourceKind
    user: str
    anonymous: str
    distinct_id: str
    """What Segment's destinations send as distinct_id."""
    is_event: bool
    """True if the call becomes an event."""
    properties: JsonObject
    traits: JsonObject
    context: JsonObject
    name: str
    library: str
    at: int | None
    """When it happened by the sender's clock, None where it does not say."""
    now: int
    """When it was received."""
    translation: Translation
    events: Sequence[tuple[str, JsonObject, JsonObject]]
    content: int
    """A fingerprint of properties, traits and group id."""
    members: tuple[tuple[str, int], ...]
    """Names of the properties, or of the traits of identify and group calls, with the bits of their types."""


def digest(message: Observed, translation: Translation, now: int) -> Digest:
    """Take a message apart. `now` is when it was received, in milliseconds since the epoch."""
    document, marks, type = message.document, int(message.marks), message.type
    user, anonymous = text_of(document.get("userId")), text_of(document.get("anonymousId"))
    properties, traits = object_of(document.get("properties")), object_of(document.get("traits"))
    context = object_of(document.get("context"))
    stated = document.get("originalTimestamp", document.get("timestamp"))
    is_event = type in EVENTS
    members = properties if is_event else traits if type in ("identify", "group") else {}
    # In the order of the fields: naming them would cost as much as a rule, for every message.
    return Digest(
        message.id,
        document,
        type,
        message.message_id,
        message.filled,
        bool(marks & _KEPT_BACK) or translation.not_sent is not None,
        bool(marks & _SECOND),
        bool(marks & _REPLAY),
        message.source_kind,
        user,
        anonymous,
        user or anonymous,
        is_event,
        properties,
        traits,
        context,
        name_of(document, type),
        text_of(object_of(context.get("library")).get("name")),
        read_time(stated) if isinstance(stated, str) else None,
        now,
        translation,
        event_records(translation),
        fingerprint([type, properties, traits, text_of(document.get("groupId"))]),
        tuple(
            [(name, BITS.get(value.__class__, 0)) for name, value in members.items() if len(name) <= MAX_NAME]
        ),
    )


def fingerprint(value: Json) -> int:
    """Return a number for a JSON value: the same whatever the order of its keys, and in every process."""
    try:
        text = _encode(value)
    except (UnicodeEncodeError, OverflowError):
        text = json.dumps(value, sort_keys=True).encode()
    except RecursionError:
        return 0  # nested beyond what can be compared: taken for the same as another such
    return int.from_bytes(blake2b(text, digest_size=8, key=_KEY).digest(), "little")
