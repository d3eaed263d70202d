"""The received request and the Segment messages in it.

A `Receipt` is what came over HTTP, kept as it came: the journal's row of truth. `Message` is one
Segment call out of it, as Segment would hand it to a destination. Going from one to the other
(`core.pipeline.intake.parse_receipt`) is pure and repeatable, so that an index can be rebuilt at any time.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from .objections import Objection
from .outcomes import FunctionOutcome

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | "list[Json]" | "dict[str, Json]" | None
    JsonObject: TypeAlias = dict[str, Json]
else:
    # msgspec cannot follow an alias into itself: where it decodes, any JSON value will do.
    Json = Any
    JsonObject = dict[str, Any]

CALL_TYPES = ("track", "identify", "page", "screen", "group", "alias")
"""Segment's six calls, by the `type` that they carry."""
RAW_TYPE = "raw"
"""The type of what goes straight to Mixpanel, without a Segment message."""
UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
"""What an anonymousId has to be for Mixpanel to join it."""

SourceKind = Literal["segment", "mixpanel"]
Origin = Literal["sdk", "pixel", "tee", "replay", "file"]
"""`file`: read by `segtap open`; Segment or segtap filled in what it fills in before it was written."""

DAMAGED_STATUS = 0
"""No request was answered with it."""
POSITION_BITS = 20
"""A message's id is its receipt's `seq` shifted by this many bits, plus its position in the request."""
DEDUPE_WINDOW = 24 * 3600 * 1000
"""Milliseconds within which Segment drops a message whose id it has seen."""


class Marks(enum.IntFlag):
    """What is special about a message; stored with it and shown beside it."""

    NONE = 0
    SECOND_RECEIPT = 1
    """The same messageId came within 24 h: Segment would drop this copy."""
    REPLAY = 2
    """Sent through the tap again by hand or by `segtap replay`."""
    TEED = 4
    """A copy: Segment receives the original, and may send it to Mixpanel too."""
    WOULD_REJECT = 8
    """Segment would refuse it (too large, not JSON, no type, no identifier): it is not forwarded."""
    REFUSED = 16
    """No message at all: a request that was answered with 4xx, listed with its reason."""
    DAMAGED = 32
    """What the journal keeps of its request cannot be read any more."""
    DEVICE_MODE = 128
    """Sent by Segment's integration in device mode, as its `mp_lib` says."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One HTTP request as it came.

    `body` holds the bytes of the wire (still gzipped when it came gzipped). `received_at` is
    milliseconds since the epoch, UTC. Header names are lower case. `refused` is the reason for a
    request answered with 4xx, else None; `wanted` says whether forwarding was on when it came.
    `uid` is random: message ids that a client left out are derived from it, so that reading the
    receipt again gives the same ones. `seq` is the journal's number for it, 0 before it has one.
    `upstream` says why the server that `segtap proxy` passed the request on to did not accept it; "" if it
    did, or if it was not passed on.
    `replay_of` has for each message of a replay the id of the message that was replayed, 0 where that one
    came from a file.
    `routes` names the mirrors and archives that it was to be handed to when it came, see `RouteSettings`.
    """

    uid: str
    received_at: int
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    peer: str = ""
    body: bytes = b""
    wanted: bool = False
    origin: Origin = "sdk"
    source_kind: SourceKind = "segment"
    status: int = 200
    refused: str | None = None
    seq: int = 0
    replay_of: tuple[int, ...] = ()
    upstream: str = ""
    routes: tuple[str, ...] = ()

    @property
    def damaged(self) -> bool:
        """True for what stands in for a request that the journal cannot read any more; `refused` says why."""
        return self.status == DAMAGED_STATUS

    def header(self, name: str) -> str | None:
        """Return the first header of that (lower-case) name, or None."""
        return next((value for key, value in self.headers if key == name), None)


class Message(msgspec.Struct, frozen=True):
    """One Segment call, or one record of Mixpanel's own SDKs.

    `document` is the message with all that Segment's servers fill in (messageId, receivedAt,
    timestamp corrected by sentAt, type, context.ip, …); `original` the JSON text as it came;
    `filled` names what was filled in or changed, as paths (`$.messageId`). `objections` are the reasons
    why Segment would refuse it or change it. `overflows` are numbers
    of its properties, traits and ids that no double holds, with path and text; they read as null. `unread`:
    it is too large to be read, so `document` holds its name and ids alone; it is not translated, sent or
    replayed. `size` is bytes of the JSON that it was read from: its own, and what its batch states for all.
    `outcomes` are what insert functions made of it, recorded when they ran.

    A record of one of Mixpanel's own SDKs has the type `RAW_TYPE` and `source_kind` "mixpanel": then
    `document` is the record, `endpoint` path and query of the endpoint that takes it (`/track?ip=1`), and
    `message_id` its key at Mixpanel.
    """

    id: int
    type: str
    message_id: str
    received_at: int
    document: JsonObject
    original: bytes
    source_kind: SourceKind = "segment"
    write_key: str = ""
    filled: tuple[str, ...] = ()
    objections: tuple[Objection, ...] = ()
    overflows: tuple[tuple[str, str], ...] = ()
    marks: Marks = Marks.NONE
    wanted: bool = False
    unread: bool = False
    size: int = 0
    outcomes: tuple[FunctionOutcome, ...] = ()
    endpoint: str = ""

    @property
    def seq(self) -> int:
        """The number of the receipt that it came in."""
        return seq_of(self.id)

    @property
    def position(self) -> int:
        """Its place in that receipt, from 0."""
        return position_of(self.id)


def message_number(seq: int, position: int) -> int:
    """Return the id of the message at `position` of receipt `seq`."""
    return seq << POSITION_BITS | position


def seq_of(id: int) -> int:
    """Return the number of the receipt that holds the message of that id."""
    return id >> POSITION_BITS


def position_of(id: int) -> int:
    """Return the message's place in its receipt, from 0."""
    return id & ((1 << POSITION_BITS) - 1)
