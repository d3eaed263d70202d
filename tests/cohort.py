"""Users and groups as an engine tells of them: messages through the real translation and accumulators."""

from __future__ import annotations

import msgspec
from fake_viewer import summary

from segtap.core.aggregates.group_traffic import GroupTraffic
from segtap.core.aggregates.groups import GroupChecks
from segtap.core.aggregates.model import Groups
from segtap.core.api.models import Coverage, Summary
from segtap.core.checks.stream import Loose, said_by
from segtap.core.destinations.kinds import translator
from segtap.core.identities.model import Users
from segtap.core.identities.named import named_ids
from segtap.core.identities.table import Identities
from segtap.core.identities.users import newest
from segtap.core.messages import JsonObject, message_number
from segtap.core.segment_names import destination_of
from segtap.core.settings import Destination, DestinationSettings, IdentityMode, Settings

DESTINATION: Destination = destination_of(Settings(destination=DestinationSettings(token="t" * 32)))
DEVICE, PHONE = "70ccec31-3571-410a-bc13-2d0d113db17d", "5f0c9a4e-8b1d-4c3e-9f60-3b7d2a1e5c44"
KIOSK = "c6368b92-89e3-4c92-aff2-c218918225e4"


def call(type: str, user: str | None = None, anonymous: str | None = None, **fields: object) -> JsonObject:
    ids = {"userId": user, "anonymousId": anonymous}
    document = {"type": type, "messageId": "m", "timestamp": "2026-11-24T10:41:03.211Z", "context": {}}
    return document | {name: id for name, id in ids.items() if id} | fields  # type: ignore[return-value]


ACME: JsonObject = {"groupId": "acme"}
STREAM: tuple[JsonObject, ...] = (
    call("page", anonymous=DEVICE, name="Pricing", properties={}),
    call("identify", "user-77", DEVICE, traits={"email": "ada@example.com", "$group_id": ["acme"]}),
    call("track", "user-77", DEVICE, event="Order Completed", properties={}, context=ACME),
    call("track", "user-77", PHONE, event="Order Completed", properties={}),
    call("group", "user-77", groupId="acme", traits={"name": "Acme"}),
    call("track", "user-80", KIOSK, event="Order Completed", properties={}),
    call("identify", "user-80", KIOSK, traits={"email": "bo@example.com"}),
    call("identify", "user-81", KIOSK, traits={"email": "cy@example.com"}),
    call("track", "田中さん", event="注文が完了しました 🛒", properties={}, context=ACME),
    call("identify", "user-90", "visitor-5f0c", traits={"email": "di@example.com"}),
    call("track", anonymous="visitor-5f0c", event="Signed Up", properties={}),
    call("track", "user-77", DEVICE, event="Video Played", properties={}, context=ACME),
)
"""Message 1 and on: a user joined, a device of two people, an id that cannot be joined, a group."""


GROUP_STREAM: tuple[JsonObject, ...] = (
    *STREAM,
    call("page", "user-77", DEVICE, name="Pricing", properties={}),
    call("track", "user-77", PHONE, event="Order Completed", properties={}),
)
"""The same, and events of a user in a group without its key."""


def lines_of(documents: tuple[JsonObject, ...] = STREAM) -> list[Summary]:
    """The lines of the list for these messages."""
    return [
        summary(
            number,
            str(document["type"]),
            str(document.get("event") or document.get("name") or document.get("groupId") or document["type"]),
            user=str(document.get("userId") or document.get("anonymousId")),
        )
        for number, document in enumerate(documents, 1)
    ]


def covered(count: int, **changes: object) -> Coverage:
    base = Coverage(messages=count, first=message_number(1, 0), last=message_number(count, 0))
    return msgspec.structs.replace(base, **changes)


def users_of(documents: tuple[JsonObject, ...] = STREAM, mode: IdentityMode = "original") -> Users:
    """What an engine with these messages says of its users."""
    identities, translate = Identities(mode), translator(DESTINATION).translate
    for number, document in enumerate(documents, 1):
        translation = translate(document, now=1_795_516_863_211)
        identities.add(named_ids(translation, document), message_number(number, 0))
    clusters, total = newest(identities)
    return Users(mode=mode, clusters=tuple(clusters), total=total, covered=covered(len(documents)))


def groups_of(
    documents: tuple[JsonObject, ...] = GROUP_STREAM,
    known: tuple[str, ...] | None = ("$group_id",),
    destination: Destination = DESTINATION,
) -> Groups:
    """What it says of Group Analytics."""
    traffic, translate = GroupTraffic(destination, known), translator(destination).translate
    for number, document in enumerate(documents, 1):
        message = Loose(document=document, type=str(document["type"]), id=message_number(number, 0))
        traffic.add(said_by(message, translate(document, now=1_795_516_863_211), 1_795_516_863_211))
    return GroupChecks(traffic).groups(covered(len(documents)))
