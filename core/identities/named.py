"""What one message's requests say of ids. Pure: no other message is needed to make it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..messages import Json, JsonObject
from ..verdict import FORBIDDEN_IDS, Translation
from .requests import id_text

RecordKind: TypeAlias = Literal["event", "profile", "identify", "alias", "merge"]


class NamedIds(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The ids of one record.

    An event names its distinct_id as `id`, and `user` and `device` where it has `$user_id` and `$device_id`;
    a profile update names `id`. `$identify`, `$create_alias` and `$merge` name `user` and, as `device`, the
    other id. `imported` is True for a record that goes to /import, `by_sdk` for an `$identify` of Mixpanel's
    own SDKs.
    """

    kind: RecordKind
    id: str = ""
    user: str = ""
    device: str = ""
    imported: bool = False
    by_sdk: bool = False


class Named(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The ids in a message's requests, in the order of its records.

    `user` and `anonymous` are the message's own ids. They join nothing, but say which ids are users' and
    which came together; `anonymous` is "" for an alias, whose ids mean something else.
    """

    records: tuple[NamedIds, ...] = ()
    user: str = ""
    anonymous: str = ""


NOBODY = Named()
"""What a message names that makes no request."""


def named_ids(translation: Translation, document: JsonObject | None = None) -> Named:
    """Return the ids that a message's requests name; `document` is the message itself."""
    if not translation.operations:
        return NOBODY
    found: list[NamedIds] = []
    for operation in translation.operations:
        request = operation.request
        body = request.body
        for record in body if isinstance(body, list) else (body,):
            if not isinstance(record, dict):
                continue
            event, properties = record.get("event"), record.get("properties")
            if isinstance(event, str) and isinstance(properties, dict):
                if (one := _of_event(event, properties, "/import" in request.url)) is not None:
                    found.append(one)
            elif "$group_key" not in record and (id := id_text(record.get("$distinct_id"))):
                found.append(NamedIds("profile", id))
    if document is None:
        return Named(tuple(found))
    user, anonymous = document.get("userId"), document.get("anonymousId")
    # Most are texts: asking here is cheaper than calling.
    user = user if isinstance(user, str) else id_text(user) if user else ""
    if document.get("type") == "alias":
        anonymous = ""
    elif not isinstance(anonymous, str):
        anonymous = id_text(anonymous)
    return Named(tuple(found), user, anonymous)


def _of_event(event: str, properties: JsonObject, imported: bool) -> NamedIds | None:
    """Return the ids of an event; None for one that joins nothing and belongs to nobody."""
    distinct_id = properties.get("distinct_id")
    if not isinstance(distinct_id, str):
        distinct_id = id_text(distinct_id)
    if imported and distinct_id in FORBIDDEN_IDS:
        return None  # Mixpanel refuses it
    if event[:1] == "$" and event in _SPECIAL:
        user, other = _two_ids(event, properties)
        by_sdk = event == "$identify" and "$anon_id" not in properties
        return NamedIds(_SPECIAL[event], "", user, other, imported, by_sdk) if user and other else None
    user, device = properties.get("$user_id"), properties.get("$device_id")
    # Most are texts: asking here is cheaper than calling.
    user = user if isinstance(user, str) else "" if user is None else id_text(user)
    device = device if isinstance(device, str) else "" if device is None else id_text(device)
    return NamedIds("event", distinct_id, user, device)


_SPECIAL: dict[str, RecordKind] = {"$identify": "identify", "$create_alias": "alias", "$merge": "merge"}


def _two_ids(event: str, properties: JsonObject) -> tuple[str, str]:
    """Return the two ids that one of Mixpanel's own events names; "" for one that is missing."""
    pair: tuple[Json, Json] = (None, None)
    if event == "$identify":
        pair = properties.get("$identified_id"), properties.get("$anon_id")
        if pair == (None, None):  # Mixpanel's own SDKs name them otherwise
            pair = properties.get("distinct_id"), properties.get("$anon_distinct_id")
    elif event == "$create_alias":
        pair = properties.get("alias"), properties.get("distinct_id")
    else:
        ids = properties.get("$distinct_ids")
        if isinstance(ids, list) and len(ids) == 2:
            pair = ids[0], ids[1]
    return id_text(pair[0]), id_text(pair[1])
