"""A first look at a message: which families of rules may find something in it.

Most messages are as they should be, and asking every rule costs more than anything else that is done with
them. `first_look` says of each family that its rules certainly find nothing, or that they have to look.
Looking in vain costs time only, so whatever is unusual is left to the rules. `runs` says which rule is of
which family.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ..messages import Json, JsonObject
from .arrival import OVERRIDING
from .bots import crawler
from .data import has_place_for
from .families import (
    ADDRESS,
    CAMPAIGN,
    CONTEXT_TRAITS,
    COUNTRY,
    CRAWLER,
    FIELDS,
    IDS,
    INSERT_ID,
    LOST,
    MESSAGE_ID,
    NAMES,
    NOBODY,
    OVERRIDES,
    SENT,
    SPEC,
    TIME,
    UNNAMED,
    VALUES,
)
from .fields import are_usual
from .glance_values import of_profile, of_properties, of_record, of_traits
from .limits import GROUP_KEYS, MAY_BE_LARGE, SHORT, too_long
from .place import MAY_BE_LOCAL
from .placeholders import GOOD_IDS, is_good
from .spaces import is_plain
from .spec_names import SPEC as SEGMENTS_SPEC
from .spec_names import near_event
from .subject import Subject
from .times import AHEAD, YEAR_1971

_NAMES: dict[str, int] = {}
"""What there is to look at in names of events that came before."""
_MOST_NAMES = 10_000
_LONGEST_NAME = 100


class Expected(msgspec.Struct, frozen=True):
    """What the destination and the settings make usual.

    `classic` is True for the classic destination. `always` are families that have to look at every message.
    `group_keys` are the properties that name groups.
    """

    classic: bool
    always: int
    group_keys: Sequence[str]


def first_look(subject: Subject, expected: Expected) -> int:
    """Return the families whose rules may find something, as bits."""
    document, context, properties, call = subject.document, subject.context, subject.properties, subject.type
    read = document.get
    odd = expected.always | _of_ids(document) | _of_context(context)
    message_id, traits = read("messageId"), read("traits")
    if not isinstance(message_id, str) or not are_usual(document, context, call):
        odd |= FIELDS
    if expected.classic and not message_id:
        odd |= MESSAGE_ID
    if subject.filled and "$.messageId" in subject.filled:
        odd |= MESSAGE_ID
    stated = read("originalTimestamp", read("timestamp"))
    if stated is not None and not _is_usual_time(stated):
        odd |= TIME
    if subject.overflows:
        odd |= VALUES
    if not 0 < subject.original_size < MAY_BE_LARGE:
        odd |= SENT
    if isinstance(traits, dict):
        odd |= of_traits(traits)
        if "$country_code" in traits:
            odd |= COUNTRY
    if properties:
        odd |= _of_properties(properties)
    events = subject.events
    if len(events) == 1:
        odd |= _of_event(subject, expected, events[0], message_id)
        odd |= of_record(events[0][2], properties, subject.original_size)
    elif events:
        odd |= LOST | _of_several(subject, expected, message_id)
    else:
        odd |= LOST | of_properties(properties)
    if call in _NAMED:
        odd |= _of_name(document, call, events)
    if subject.profiles or not events:
        odd |= _of_profiles(subject, expected)
    return odd


_NAMED = ("track", "page", "screen")


_last_context: list[tuple[JsonObject, int]] = [({}, 0)]
"""The context of the message before, which the next one of a batch often shares, and what was seen in it."""


def _of_context(context: JsonObject) -> int:
    """Look at the context: the sender, its page, the traits and the group in it."""
    last, odd = _last_context[0]
    if context is last:
        return odd
    odd = 0
    if (agent := context.get("userAgent")) and (not isinstance(agent, str) or crawler(agent)):
        odd |= CRAWLER
    if "campaign" in context and not has_place_for(context["campaign"]):
        odd |= CAMPAIGN
    if "page" in context and _has_campaign(context["page"]):
        odd |= CAMPAIGN
    if "traits" in context:
        odd |= CONTEXT_TRAITS
        if (known := context["traits"]) and isinstance(known, dict):
            odd |= of_properties(known)
    if "groupId" in context and not _is_good(context["groupId"]):
        odd |= IDS | FIELDS
    _last_context[0] = context, odd
    return odd


def _of_ids(document: JsonObject) -> int:
    """Look at the ids in the message itself."""
    odd = 0
    for name in _IDS:
        if name in document and (value := document[name]) is not None:
            if not isinstance(value, str):
                odd |= IDS | FIELDS
            elif value not in GOOD_IDS and not is_good(value):
                odd |= IDS
    if "groupId" in document and not _is_good(document["groupId"]):
        odd |= IDS | FIELDS
    return odd


_IDS = ("userId", "anonymousId", "previousId")


def _is_good(id: Json) -> bool:
    """Return True for a group's id with nothing odd about it."""
    return isinstance(id, str) and id != "" and (id in GOOD_IDS or is_good(id))


def _is_usual_time(stated: Json) -> bool:
    """Return True for a date as nearly all messages have it."""
    if not isinstance(stated, str) or stated[4:5] != "-" or len(stated) > 64:
        return False
    try:
        return _from_iso(stated).year > 1970
    except ValueError:
        return False


_from_iso = datetime.fromisoformat


def _of_properties(properties: JsonObject) -> int:
    """Look at what the names of the properties say; their values are looked at with those of the event."""
    odd = 0 if OVERRIDING.isdisjoint(properties) else OVERRIDES
    if "revenue" in properties and isinstance(properties["revenue"], str):
        odd |= SPEC
    return odd | CAMPAIGN if _has_campaign(properties) else odd


def _has_campaign(holder: Json) -> bool:
    """Return True if an address has the parameters of a campaign."""
    if not isinstance(holder, dict):
        return False
    for name in _ADDRESSES:
        if name in holder and isinstance(address := holder[name], str) and "utm_" in address:
            return True
    return False


_ADDRESSES = ("url", "search")


def _of_name(document: JsonObject, call: Json, events: Sequence[tuple[str, JsonObject, JsonObject]]) -> int:
    """Look at the name of an event, page or screen, in the message and in its events."""
    name = document.get("event") if call == "track" else document.get("name")
    odd = 0
    if name is not None:
        odd = _name(name)
    for _, record, _ in events:
        event = record["event"]
        if event is not name:
            odd |= _name(event)
    return odd


def _name(name: Json) -> int:
    if not isinstance(name, str):
        return NAMES
    odd = _NAMES.get(name)
    if odd is None:
        odd = 0
        if not name or not is_plain(name) or name[0] == "$":
            odd |= NAMES
        if name.strip() == "Viewed":
            odd |= UNNAMED
        if name in SEGMENTS_SPEC.events or near_event(name) is not None:
            odd |= SPEC
        if len(name) >= SHORT and too_long(name):
            odd |= SENT
        if len(_NAMES) >= _MOST_NAMES:
            _NAMES.clear()
        if len(name) <= _LONGEST_NAME:
            _NAMES[name] = odd
    return odd


def _of_event(
    subject: Subject,
    expected: Expected,
    event: tuple[str, JsonObject, JsonObject],
    message_id: Json,
) -> int:
    """Look at the ids of an event, at its time and address."""
    odd, sent = 0, event[2]
    arrived = sent.get
    if not arrived("distinct_id"):
        odd = NOBODY
    for key in expected.group_keys:
        if key in sent and not _is_good(sent[key]):
            odd |= IDS
            break
    insert_id = arrived("$insert_id")
    if insert_id is not None and not (
        isinstance(insert_id, str)
        and len(insert_id) == 36
        and insert_id.isascii()
        and insert_id.replace("-", "").isalnum()
        and insert_id[:9] != "00000000-"
    ):
        odd |= INSERT_ID
    if insert_id != message_id and not expected.classic:
        odd |= MESSAGE_ID
    time = arrived("time")
    if isinstance(time, (int, float)):
        moment = time * 1000 if expected.classic else time
        if not moment >= YEAR_1971 or (subject.now is not None and not moment <= subject.now + AHEAD):
            odd |= TIME
    ip = arrived("ip")
    if not isinstance(ip, str) or not ip or ip.startswith(MAY_BE_LOCAL):
        odd |= ADDRESS
    if "mp_country_code" in sent:
        odd |= COUNTRY
    return odd


def _of_several(subject: Subject, expected: Expected, message_id: Json) -> int:
    """Look at the ids of several events. Their values are left to the rules: that costs nothing more."""
    odd = SENT | VALUES
    for number, event in enumerate(subject.events):
        found = _of_event(subject, expected, event, message_id)
        # Of an order and its products, only the order's insert id is compared with the messageId.
        odd |= found if not number or event[0][-3:] == "[0]" else found & ~MESSAGE_ID
    return odd


def _of_profiles(subject: Subject, expected: Expected) -> int:
    """Look at the updates of profiles, and at a message that becomes nothing."""
    if not subject.profiles:
        return NOBODY
    odd = SENT if len(subject.profiles) > GROUP_KEYS else 0
    given = subject.document.get("traits")
    traits = given if isinstance(given, dict) else {}
    for _, record in subject.profiles:
        if "$group_key" not in record:
            if not (id := record.get("$distinct_id")):
                odd |= NOBODY
            ip = record.get("$ip")
            if not isinstance(ip, str) or not ip or ip.startswith(MAY_BE_LOCAL):
                odd |= ADDRESS
        else:
            id = record.get("$group_id")
        if isinstance(id, str) and id not in GOOD_IDS and not is_good(id):
            odd |= IDS
        odd |= of_profile(record, traits, expected.group_keys, subject.original_size)
    return odd
