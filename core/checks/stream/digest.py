"""What one message says to the rules on the stream. Pure: no other message is needed to make it.

Everything that costs time and does not depend on the order of messages is done here, so that another process
can do it: `Said` is plain data, which msgpack carries. Fingerprints are the same in every process.

It is over 350 lines because the walk over one message fills every field of `Said` in one pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

import msgspec
from isal import isal_zlib

from ...destinations.integrations import listed_in_cloud_mode
from ...identities.named import NOBODY, Named, named_ids
from ...mapping.dates import read_time
from ...messages import Json, JsonObject, Marks, SourceKind
from ...pairs import Action, device_action, event_action
from ...verdict import Translation
from ..group_keys import group_records, likely_keys, profile_updates
from ..request import event_records
from .observed import EVENTS, Observed, name_of, object_of, text_of
from .packed import Packed, packed

BITS: dict[type, int] = {bool: 1, int: 2, float: 2, str: 4, list: 8, dict: 16}
"""The types of values that rules distinguish, as bits; null has none."""
_type_of = type  # `type` is the call's name below
_bit_of = {**BITS, type(None): 0}.__getitem__
MAX_NAME = 256
"""Longer names of properties and events are not remembered."""
WHO = ("email", "phone", "name", "firstName", "lastName")
"""Traits that say who a user is."""
LONGEST = 100
"""Characters of an e-mail, phone or name that are compared."""

_KEPT_BACK = int(Marks.WOULD_REJECT | Marks.REFUSED)
_SECOND, _REPLAY = int(Marks.SECOND_RECEIPT), int(Marks.REPLAY)
_NO_RECORD: JsonObject = {}
_encode = msgspec.json.Encoder(order="deterministic").encode
_pack = msgspec.msgpack.Encoder().encode
_crc32 = cast("Callable[[bytes], int]", isal_zlib.crc32)  # pyright: ignore[reportUnknownMemberType]
_adler32 = cast("Callable[[bytes], int]", isal_zlib.adler32)  # pyright: ignore[reportUnknownMemberType]
_read_shape = msgspec.msgpack.Decoder(tuple[tuple[str, ...], bytes]).decode


class SentEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that goes to Mixpanel: its path in the requests, its name, its properties.

    `distinct_id` and `time` are two of the properties, None where it lacks them.
    """

    path: str
    event: Json
    distinct_id: Json
    time: Json
    properties: Packed


class WrittenGroup(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A group update: the number of its request, the subscription and the action that made it, the record."""

    request: int
    subscription: str
    action: str
    record: JsonObject


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message, taken apart once. `user` and `anonymous` are "" where it has none.

    For what Mixpanel's own SDK sent, `name`, `distinct_id` and `url` are those of its event.
    """

    id: int
    type: str
    message_id: str
    id_given: bool
    """True if the client gave the messageId."""
    kept_back: bool
    """True if Segment would not hand it to Mixpanel."""
    second: bool
    """True for a copy, which Segment would drop."""
    replay: bool
    source_kind: SourceKind
    user: str
    anonymous: str
    group: str
    """The groupId, "" where it is not text."""
    distinct_id: str
    """What Segment's destinations send as distinct_id."""
    is_event: bool
    """True if the call becomes an event."""
    name: str
    library: str
    at: int | None
    """When it happened by the sender's clock, None where it does not say."""
    now: int
    """When it was received."""
    stated: str | int | None
    """The time that the client gave, before Segment corrects it: its text or a fingerprint."""
    skew: int | None
    """Milliseconds from `sentAt` to the receipt, None where one of them is not known."""
    url: str
    """Where a page or a track call says that it happened."""
    device: str
    """The id in `context.device`."""
    platform: str
    """The operating system that the browser names beside its User-Agent."""
    own_code: bool
    """True if the context names a page or a device."""
    empty: bool
    """True without properties and traits."""
    has_traits: bool
    who: tuple[str, ...]
    """The values of `WHO` in the traits, then in the context's traits; () if nothing says who the user is."""
    content: int
    """A fingerprint of properties, traits and group id."""
    shape: bytes
    """`names` and `types`, packed: the same for messages that have the same."""
    events: tuple[SentEvent, ...]
    profiles: tuple[tuple[str, JsonObject], ...]
    """What an identify call writes to profiles, each with its path in the requests."""
    groups: tuple[WrittenGroup, ...]
    """What a group call writes to groups."""
    named: Named
    """The ids in the requests."""
    likely_key: str
    """The trait that names the group in a group call that writes none, "" if there is none."""
    record: JsonObject
    """What Mixpanel's own SDK sent; {} for a Segment message."""
    action: Action | None
    """What its copy in the other connection mode has in common with it; None unless it comes from a page."""
    in_cloud: bool
    """True if a Mixpanel destination is known to be on in cloud mode: the page lists one, or segtap sends."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the properties, or of the traits of identify and group calls."""
        return _read_shape(self.shape)[0]

    @property
    def types(self) -> bytes:
        """The types of their values, each as a bit of `BITS`."""
        return _read_shape(self.shape)[1]


class Whole(msgspec.Struct, frozen=True):
    """A message and what becomes of it."""

    document: JsonObject
    translation: Translation


class Digest(msgspec.Struct, frozen=True, gc=False):
    """What a message says, and `whole` to get the message itself, for the words of a finding."""

    said: Said
    whole: Callable[[], Whole]


def digest(message: Observed, translation: Translation, now: int) -> Digest:
    """Take a message apart. `now` is when it was received, in milliseconds since the epoch."""
    whole = Whole(message.document, translation)
    return Digest(said_by(message, translation, now), lambda: whole)


def said_by(message: Observed, translation: Translation, now: int) -> Said:
    """Return what a message says. `now` is when it was received, in milliseconds since the epoch."""
    document, marks, type = message.document, int(message.marks), message.type
    read = document.get
    # Most members are what they should be: asking here is cheaper than calling.
    user, anonymous, group = read("userId"), read("anonymousId"), read("groupId")
    user = user if isinstance(user, str) else text_of(user)
    anonymous = anonymous if isinstance(anonymous, str) else text_of(anonymous)
    properties, traits, context = read("properties"), read("traits"), read("context")
    properties = properties if isinstance(properties, dict) else {}
    traits = traits if isinstance(traits, dict) else {}
    context = context if isinstance(context, dict) else {}
    sender = _sender_in(context)
    timestamp = read("timestamp")
    original = document.get("originalTimestamp", timestamp)
    at = read_time(original) if isinstance(original, str) else None
    is_event = type in EVENTS
    members = properties if is_event else traits if type in ("identify", "group") else {}
    name, distinct_id, url = name_of(document, type), user or anonymous, ""
    of_sdk = message.source_kind == "mixpanel"
    if of_sdk:
        name = _text_in(document, "event")
        distinct_id = _text_in(properties, "distinct_id").removeprefix("$device:")
        url = _text_in(properties, "$current_url") or _text_in(properties, "current_url_page")
    elif type in ("page", "track"):
        url = (_text_in(properties, "url") if "url" in properties else "") or sender.url
    groups = tuple(group_records(translation)) if type == "group" else ()
    action = event_action(document, at) if is_event and sender.in_page else None
    filled = message.filled
    # In the order of the fields: naming them would cost as much as a rule, for every message.
    return Said(
        message.id,
        type,
        message.message_id,
        "$.messageId" not in filled,
        bool(marks & _KEPT_BACK) or translation.not_sent is not None,
        bool(marks & _SECOND),
        bool(marks & _REPLAY),
        message.source_kind,
        user,
        anonymous,
        group if isinstance(group, str) else "",
        distinct_id,
        is_event,
        name,
        sender.library,
        at,
        now,
        _stated(document, timestamp, "$.timestamp" in filled),
        _skew(document) if "sentAt" in document else None,
        url,
        sender.device,
        sender.platform,
        sender.own_code,
        not properties and not traits,
        bool(traits),
        _who(traits, object_of(context.get("traits")))
        if user and (type == "identify" or "traits" in context or "@" in user)
        else (),
        fingerprint([type, properties, traits, "" if group is None else text_of(group)]),
        _shape_of(members),
        tuple(
            [
                SentEvent(path, one.get("event"), sent.get("distinct_id"), sent.get("time"), packed(sent))
                for path, one, sent in event_records(translation)
            ]
        ),
        tuple(profile_updates(translation)) if type == "identify" else (),
        tuple([WrittenGroup(number, by.subscription, by.action, one) for number, by, one in groups]),
        named_ids(translation, document),
        next(iter(likely_keys(traits, group)), "")
        if type == "group" and not groups and not marks & _SECOND
        else "",
        document if of_sdk else _NO_RECORD,
        device_action(document) if of_sdk else action,
        message.wanted or ("_metadata" in document and listed_in_cloud_mode(document)),
    )


class _Sender(msgspec.Struct, frozen=True):
    """What a context says of who sent the message; the texts are "" where it does not say."""

    library: str
    url: str
    device: str
    platform: str
    in_page: bool
    own_code: bool
    """True if it names a page or a device."""


_last_sender: list[tuple[JsonObject, _Sender]] = [({}, _Sender("", "", "", "", False, False))]
"""The context of the message before, which the next one of a batch often shares, and who sent it."""


def _sender_in(context: JsonObject) -> _Sender:
    last, sender = _last_sender[0]
    if context is not last:
        sender = _Sender(
            _text_in(context.get("library"), "name"),
            _text_in(context.get("page"), "url"),
            _text_in(context.get("device"), "id"),
            _text_in(context.get("userAgentData"), "platform"),
            "page" in context,
            "page" in context or "device" in context,
        )
        _last_sender[0] = context, sender
    return sender


_heads: dict[tuple[str, ...], bytes] = {}
"""The part of `Said.shape` that says the names, of names that came before: most messages share them."""
_MOST_HEADS, _LONGEST_HEAD = 4_096, 2_048


def _shape_of(members: JsonObject) -> bytes:
    """Return `Said.shape` of properties or traits, without those whose names are too long to be kept."""
    head = _heads.get(tuple(members))
    if head is None:
        if members and max(map(len, members)) > MAX_NAME:
            members = {name: value for name, value in members.items() if len(name) <= MAX_NAME}
            return _head_of(members) + _types_of(members)
        head = _head_of(members)
        if len(_heads) >= _MOST_HEADS:
            _heads.clear()
        if len(head) <= _LONGEST_HEAD:
            _heads[tuple(members)] = head
    return head + _types_of(members)


def _types_of(members: JsonObject) -> bytes:
    return bytes(map(_bit_of, map(_type_of, members.values())))


def _head_of(members: JsonObject) -> bytes:
    """Return the packed names and, behind them, how many types follow."""
    types = bytes(len(members))
    try:
        whole = _pack((tuple(members), types))
    except UnicodeEncodeError:
        names = [name.encode("utf-8", "backslashreplace").decode() for name in members]
        whole = _pack((names, types))
    return whole[: len(whole) - len(types)]


def of_copy(said: Said) -> Said:
    """Return what a message says as a copy, which Segment would drop: it makes no request."""
    return msgspec.structs.replace(
        said, kept_back=False, second=True, events=(), profiles=(), groups=(), named=NOBODY, likely_key=""
    )


def fingerprint(value: Json) -> int:
    """Return a number for a JSON value: the same whatever the order of its keys, and in every process.

    Two checksums of 32 bits: they differ by chance as surely as a hash does, at a tenth of its cost.
    """
    try:
        text = _encode(value)
    except (UnicodeEncodeError, OverflowError):
        text = json.dumps(value, sort_keys=True).encode()
    except RecursionError:
        return 0  # nested beyond what can be compared: taken for the same as another such
    return _crc32(text) | _adler32(text) << 32


def _text_in(holder: Json, name: str) -> str:
    """Return a member of an object as text; "" where there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else text_of(value)


def _stated(document: JsonObject, timestamp: Json, filled: bool) -> str | int | None:
    stated = document.get("originalTimestamp")
    if stated is None and not filled:
        stated = timestamp
    return stated if stated is None or isinstance(stated, str) else fingerprint(stated)


def _skew(document: JsonObject) -> int | None:
    sent, received = document.get("sentAt"), document.get("receivedAt")
    if not isinstance(sent, str) or not isinstance(received, str):
        return None
    left, came = read_time(sent), read_time(received)
    return None if left is None or came is None else came - left


def _who(traits: JsonObject, others: JsonObject) -> tuple[str, ...]:
    said = tuple([text_of(one.get(name))[:LONGEST] for one in (traits, others) for name in WHO])
    return said if any(said) else ("",)
