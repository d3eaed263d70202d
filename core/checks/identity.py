"""Rules on the ids in the requests: whose an event or a profile is, and what tells a copy from an event."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue import calls as rule
from ..catalogue.users import ALIAS_IGNORED, ANONYMOUS_PROFILE_PREFIX
from ..destinations.actions.provenance import RANDOM_INSERT_ID
from ..messages import Json, JsonObject
from ..places import in_body, read_place
from ..settings import Subscription
from ..text import shown
from ..verdict import Finding, Operation
from .mapped import is_default, leaves_out, map_fix, not_brought, subscription_of
from .subject import Subject

_IDS = ("distinct_id", "user_id", "anonymous_id")
_MADE_UP = 16
"""Characters of the insert id that stands for Segment's random one."""
DEVICE: JsonObject = {
    "@if": {
        "exists": {"@path": "$.anonymousId"},
        "then": {"@template": "$device:{{anonymousId}}"},
    }
}
"""A mapping of Anonymous ID that the simplified ID merge takes for a device."""


def blank(value: Json) -> bool:
    """Tell whether an id is missing, null or empty."""
    return value is None or value == ""


def profiles(subject: Subject) -> Iterator[tuple[int, Operation, JsonObject]]:
    """Yield each update of a user's profile: the request's number, the operation, the record."""
    for index, operation in enumerate(subject.translation.operations):
        body = operation.request.body
        if isinstance(body, dict) and "event" not in body and "$group_key" not in body:
            yield index, operation, body


def identity_events(subject: Subject, name: str) -> Iterator[tuple[int, JsonObject]]:
    """Yield each of Mixpanel's own events of that name: the request's number, the properties."""
    for index, operation in enumerate(subject.translation.operations):
        body = operation.request.body
        if isinstance(body, dict) and body.get("event") == name:
            properties = body.get("properties")
            yield index, properties if isinstance(properties, dict) else {}


# no-identity ------------------------------------------------------------------------------------------


def no_identity(subject: Subject) -> Iterator[Finding]:
    """Yield the first event or profile that belongs to no user, though somebody may be known."""
    for path, _, properties in subject.events:
        if not properties.get("distinct_id") and blank(properties.get("distinct_id")):
            finding = _nobody(subject, path, properties)
            if finding is not None:
                yield finding
                return
    if len(subject.events) < len(subject.translation.operations):
        for index, _, body in profiles(subject):
            if blank(body.get("$distinct_id")):
                yield _nobodys_profile(subject, index)
                return
    nothing_sent = not subject.translation.operations and not subject.translation.unmatched
    if subject.type == "identify" and nothing_sent and _names_nobody(subject):
        yield rule.NO_IDENTITY.finding("$.userId", "no userId and no anonymousId: nobody is identified")


def _names_nobody(subject: Subject) -> bool:
    return blank(subject.document.get("userId")) and blank(subject.document.get("anonymousId"))


def _nobody(subject: Subject, path: str, properties: JsonObject) -> Finding | None:
    """Return the finding on an event without a distinct_id; None where one is not needed, or not wanted."""
    document, subscription = subject.document, subscription_of(subject, read_place(path).request)
    by_presets = subscription is None or is_default(subscription, "distinct_id")
    if by_presets and document.get("userId") == "" and not blank(document.get("anonymousId")):
        return rule.NO_IDENTITY.finding(
            "$.userId",
            'userId "" wins over anonymousId: the event belongs to no user',
            fix="leave userId out while the user is unknown",
        )
    if subject.settings.identity == "simplified" and not (
        blank(properties.get("$user_id")) and blank(properties.get("$device_id"))
    ):
        return None  # Mixpanel takes the distinct_id from these
    if by_presets or subscription is None or _names_nobody(subject):
        if subscription is not None and all(leaves_out(subscription, name) for name in _IDS):
            return None
        return rule.NO_IDENTITY.finding(
            "$.userId", "no userId and no anonymousId: the event belongs to no user"
        )
    if all(leaves_out(subscription, name) for name in _IDS) or _is_empty_text(subscription):
        return None  # an event of nobody is what the mapping asks for
    words, place = not_brought(subject, subscription, "distinct_id", f"{path}.properties.distinct_id")
    return rule.NO_IDENTITY.finding(
        place, f"{words}: the event belongs to no user", fix=map_fix(subject, subscription, "distinct_id")
    )


def _is_empty_text(subscription: Subscription) -> bool:
    return subscription.mapping.get("distinct_id") in ("", {"@literal": ""})


def _nobodys_profile(subject: Subject, index: int) -> Finding:
    subscription = subscription_of(subject, index)
    if subscription is None or _names_nobody(subject):
        return rule.NO_IDENTITY.finding("$.userId", "no userId and no anonymousId: the profile is nobody's")
    field = "user_id" if not blank(subject.document.get("userId")) else "anonymous_id"
    words, place = not_brought(subject, subscription, field, in_body(index))
    return rule.NO_IDENTITY.finding(
        place,
        f"{words}: the profile is nobody's, and Mixpanel refuses the update",
        fix=map_fix(subject, subscription, field),
    )


# insert-id-missing ------------------------------------------------------------------------------------


def insert_id_missing(subject: Subject) -> Iterator[Finding]:
    """Yield the first event whose insert id differs with every receipt of the same message."""
    sent, filled = subject.document.get("messageId"), "$.messageId" in subject.filled
    if subject.destination.kind == "classic-cloud":
        if blank(sent) or filled:
            yield rule.INSERT_ID_MISSING.finding(
                "$.messageId",
                "no messageId was sent: Segment cannot tell that a copy is one",
                fix="send a UUID as messageId, and the same one on every retry: Segment then drops the copy",
            )
        return
    for path, _, properties in subject.events:
        value = properties.get("$insert_id")
        if value == sent:
            if filled:
                yield _no_message_id()
                return
        elif isinstance(value, str) and len(value) == _MADE_UP and path.endswith("[0]"):
            source = subject.source_of(f"{path}.properties.$insert_id")
            if source is not None and source.source == RANDOM_INSERT_ID.words:
                yield _random_insert_id(subject, path)
                return


def _no_message_id() -> Finding:
    return rule.INSERT_ID_MISSING.finding(
        "$.messageId", "no messageId was sent: sent again, this event counts twice"
    )


def _random_insert_id(subject: Subject, path: str) -> Finding:
    subscription = subscription_of(subject, read_place(path).request)
    if subscription is None or is_default(subscription, "insert_id"):
        return _no_message_id()
    words, place = not_brought(subject, subscription, "insert_id", f"{path}.properties.$insert_id")
    return rule.INSERT_ID_MISSING.finding(
        place,
        f"{words}: Segment makes up a new one each time, and an event that it sends again counts twice",
        fix=map_fix(subject, subscription, "insert_id"),
    )


# identify and alias -----------------------------------------------------------------------------------


def identify_without_user_id(subject: Subject) -> Iterator[Finding]:
    """Yield a note on traits of a visitor, and a warning where the mapping loses the userId."""
    user, anonymous = subject.document.get("userId"), subject.document.get("anonymousId")
    if subject.destination.kind == "classic-cloud":
        if blank(user) and not blank(anonymous) and any(True for _ in profiles(subject)):
            yield rule.IDENTIFY_WITHOUT_USER_ID.finding(
                "$.userId",
                "no userId: the traits go to the profile of the anonymousId",
                fix="nothing, if these are a visitor's traits",
            )
        return
    for index, properties in identity_events(subject, "$identify"):
        if not blank(properties.get("$identified_id")):
            continue
        subscription = subscription_of(subject, index)
        if blank(user) or subscription is None:
            yield rule.IDENTIFY_WITHOUT_USER_ID.finding(
                "$.userId", "no userId: the traits go to the visitor's own profile, and nothing is joined yet"
            )
            return
        place = in_body(index, "properties", "$identified_id")
        words, place = not_brought(subject, subscription, "user_id", place)
        yield rule.IDENTIFY_WITHOUT_USER_ID.finding(
            place,
            f"{words}: the traits go to the anonymousId's profile, and nothing is joined to userId "
            f"{shown(user, 40)}",
            severity="warning",
            fix=map_fix(subject, subscription, "user_id"),
        )
        return


def alias_without_previous_id(subject: Subject) -> Iterator[Finding]:
    """Yield an alias that names one id, in the request, or in the call where none is made."""
    simplified = subject.settings.identity == "simplified"
    if not subject.translation.operations:
        yield from _one_id(
            subject.document.get("previousId"),
            subject.document.get("userId"),
            fix=ALIAS_IGNORED.fix if simplified else None,
        )
        return
    if simplified:
        return  # alias-ignored says it, whatever the call holds
    for index, properties in identity_events(subject, "$create_alias"):
        previous, user = properties.get("distinct_id"), properties.get("alias")
        subscription = subscription_of(subject, index)
        for field, value, sent in (
            ("distinct_id", previous, subject.document.get("previousId")),
            ("alias", user, subject.document.get("userId")),
        ):
            if subscription is None or not blank(value) or blank(sent) or is_default(subscription, field):
                continue
            words, place = not_brought(subject, subscription, field, in_body(index, "properties", field))
            yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
                place,
                f"{words}: the alias names one id, and nothing is joined",
                fix=map_fix(subject, subscription, field),
            )
            return
        yield from _one_id(previous, user)
        return


def _one_id(previous: Json, user: Json, *, fix: str | None = None) -> Iterator[Finding]:
    if blank(previous):
        yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
            "$.previousId", "no previousId: there is nothing to join to userId", fix=fix
        )
    elif blank(user):
        yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
            "$.userId",
            f"no userId: there is nothing to join previousId {shown(previous, 40)} to",
            fix=fix or "call alias when the userId is known",
        )
    elif previous == user:
        # analytics.js sends this for an alias() call without a previous id, once the user is known.
        yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
            "$.previousId",
            f"previousId {shown(previous)} is the userId itself: there is nothing to join",
            severity="warning",
            fix=fix,
        )


# anonymous-profile-prefix -----------------------------------------------------------------------------


def anonymous_profile_prefix(subject: Subject) -> Iterator[Finding]:
    """Yield the first profile that the simplified ID merge takes for a user's, though it is a visitor's."""
    if subject.settings.identity != "simplified":
        return
    user = subject.document.get("userId")
    for index, operation, body in profiles(subject):
        id = body.get("$distinct_id")
        if not isinstance(id, str) or not id or id.startswith("$device:") or id == user:
            continue
        subscription = subscription_of(subject, index)
        if not _is_anonymous(subject, subscription, index, id):
            continue
        fix = None
        if subscription is not None and not blank(user) and leaves_out(subscription, "user_id"):
            fix = map_fix(subject, subscription, "user_id")
        elif subscription is not None:
            fix = map_fix(subject, subscription, "anonymous_id", DEVICE)
        elif operation.action != "people set":
            fix = "send revenue when the userId is known"
        yield ANONYMOUS_PROFILE_PREFIX.finding(
            "$.anonymousId",
            f"the profile of {shown(id)} is taken for a user's: it lacks $device: before the id",
            fix=fix,
        )
        return


def _is_anonymous(subject: Subject, subscription: Subscription | None, index: int, id: str) -> bool:
    """Tell whether a profile's id is an anonymous one: the message's, or what the mapping takes for one."""
    if id == subject.document.get("anonymousId"):
        return True
    if subscription is None or is_default(subscription, "anonymous_id"):
        return False
    source = subject.source_of(in_body(index, "$distinct_id"))
    return source is not None and source.field == "anonymous_id"
