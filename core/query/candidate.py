"""What the language sees of a message: facts at hand, and what is read only when a filter asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

import msgspec

from ..delivery import DeliveryState
from ..messages import Json, JsonObject, Message, Origin, Receipt
from .searched import searched_text
from .wildcards import encodable


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a message that fields ask for; "" for what it does not have. They are never cut.

    `event` is a track call's event, or the name of a page or screen call.
    """

    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    library: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of every message without reading it. `type` is "" for a refused request."""

    received_at: int
    type: str
    message_id: str
    names: Names = Names()
    write_key: str = ""
    origin: str = "sdk"
    marks: int = 0
    delivery: DeliveryState = DeliveryState.NONE


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
        """What is known without reading the message."""
        ...

    def judgement(self) -> Judgement:
        """What translation and rules say."""
        ...

    def text(self) -> str:
        """What words are searched in: see `searched_text`."""
        ...

    def document(self) -> JsonObject:
        """The message, or as much of it as the filter's paths lead to; {} for a refused request."""
        ...

    def records(self) -> Iterable[JsonObject]:
        """The records of its requests to Mixpanel, as they stand in the bodies."""
        ...


def names_of(document: JsonObject, type: str) -> Names:
    """Read the names of a message."""
    context = document.get("context")
    library = context.get("library") if isinstance(context, dict) else None
    key = {"track": "event", "page": "name", "screen": "name"}.get(type, "")
    return Names(
        event=_text(document.get(key)),
        user_id=_text(document.get("userId")),
        anonymous_id=_text(document.get("anonymousId")),
        group_id=_text(document.get("groupId")),
        library=_text(library.get("name")) if isinstance(library, dict) else "",
    )


def facts_of(message: Message, origin: Origin, delivery: DeliveryState) -> Facts:
    """The facts of a message that has just been read."""
    return Facts(
        received_at=message.received_at,
        type="raw" if message.source_kind == "mixpanel" else message.type,
        message_id=encodable(message.message_id),
        names=names_of(message.document, message.type),
        write_key=encodable(message.write_key),
        origin=origin,
        marks=int(message.marks),
        delivery=delivery,
    )


def refusal_text(receipt: Receipt) -> str:
    """What words are searched in for a request that holds no message that can be read."""
    return searched_text({"": [receipt.refused, receipt.method, receipt.path]})


class ReadMessage:
    """A candidate whose message has been read; `judgement` and `records` are what it becomes."""

    def __init__(
        self, facts: Facts, message: Message, judgement: Judgement, records: Sequence[JsonObject]
    ) -> None:
        self.facts = facts
        self._message = message
        self._judgement = judgement
        self._records = records

    def judgement(self) -> Judgement:
        """What translation and rules say."""
        return self._judgement

    def text(self) -> str:
        """What words are searched in."""
        return searched_text(self._message.document, self._message.filled)

    def document(self) -> JsonObject:
        """The message."""
        return self._message.document

    def records(self) -> Sequence[JsonObject]:
        """The records for Mixpanel."""
        return self._records


def _text(value: Json) -> str:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value)
