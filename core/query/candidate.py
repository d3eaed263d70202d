"""What the language sees of a message: facts at hand, and what is read only when a filter asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from ..delivery import DeliveryState
from ..messages import RAW_TYPE, Json, JsonObject, Receipt
from .searched import searched_text
from .wildcards import encodable


class Names(msgspec.Struct, frozen=True, array_like=True):
    """What fields ask of a message beside its line; "" for what it does not have.

    `event` is a track call's event, or the name of a page or screen call.
    """

    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    write_key: str = ""
    library: str = ""
    origin: str = "sdk"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A message's line in the list, as far as fields ask for it. `type` is "" for a refused request."""

    received_at: int
    type: str
    message_id: str
    marks: int = 0
    delivery: DeliveryState = DeliveryState.NONE
    sets: tuple[str, ...] = ()
    """The sets of the filter that hold it, by their names."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What translation and rules say of a message, as far as fields ask.

    `notes` are findings of severity info. `sent`: Segment would send at least one request for it to Mixpanel.
    """

    rules: Collection[str] = ()
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    sent: bool = False


class Candidate(Protocol):
    """A message that a filter may match. What its methods give is read when it is first asked for."""

    @property
    def facts(self) -> Facts:
        """The message's line."""
        ...

    def names(self) -> Names:
        """Return what fields ask beside the line."""
        ...

    def judgement(self) -> Judgement:
        """Return what translation and rules say."""
        ...

    def text(self) -> str:
        """Return what words are searched in: see `searched_text`."""
        ...

    def document(self) -> JsonObject:
        """Return the message, or as much of it as the filter's paths lead to; {} for a refused request."""
        ...

    def records(self) -> Iterable[JsonObject]:
        """Return the records of its requests to Mixpanel, as they stand in the bodies."""
        ...


_NAMED_IN = {"track": "event", "page": "name", "screen": "name"}


def names_of(document: JsonObject, type: str, *, write_key: str = "", origin: str = "sdk") -> Names:
    """Read the names of a message."""
    if type == RAW_TYPE:
        return _names_of_record(document, write_key, origin)
    context = document.get("context")
    library = context.get("library") if isinstance(context, dict) else None
    read, key = document.get, _NAMED_IN.get(type)
    # In the order of the fields: naming them would take twice as long.
    return Names(
        _text(document[key]) if key is not None and key in document else "",
        _text(read("userId")),
        _text(read("anonymousId")),
        _text(document["groupId"]) if "groupId" in document else "",
        encodable(write_key),
        _text(library.get("name")) if isinstance(library, dict) else "",
        origin,
    )


def _names_of_record(record: JsonObject, write_key: str, origin: str) -> Names:
    """Read the names of a record of Mixpanel's own SDKs: the event's, or the operation on a profile."""
    properties = record.get("properties")
    held = properties if isinstance(properties, dict) else {}
    own = "event" in record
    distinct_id = _text(held.get("distinct_id") if own else record.get("$distinct_id"))
    user = _text(held.get("$user_id") if own else record.get("$user_id"))
    device = _text(held.get("$device_id") if own else record.get("$device_id"))
    known = bool(distinct_id) and not distinct_id.startswith(_DEVICE)
    operations = [name for name in record if name[:1] == "$" and name not in _NO_OPERATION]
    return Names(
        event=_text(record.get("event")) if own else ", ".join(operations),
        user_id=distinct_id if known else user,
        anonymous_id=device if known else distinct_id or device,
        group_id=_text(record.get("$group_id")),
        write_key=encodable(write_key),
        library=_text(held.get("mp_lib")),
        origin=origin,
    )


_DEVICE = "$device:"
_NO_OPERATION = frozenset(
    (
        *("$token", "$distinct_id", "$device_id", "$user_id", "$group_key", "$group_id"),
        *("$time", "$ip", "$ignore_time", "$ignore_alias", "$had_persisted_distinct_id"),
    )
)
"""Members of an update that say whose it is and how it is made."""


def refusal_text(receipt: Receipt) -> str:
    """Return what words are searched in for a request that holds no message that can be read."""
    return searched_text({"": [receipt.refused, receipt.method, receipt.path]})


def _text(value: Json) -> str:
    """Return a value as a field sees it: a text, or a number as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isascii() else encodable(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value)
