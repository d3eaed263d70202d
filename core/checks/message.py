"""Rules on a message as it stands: each function is named after its rule and yields its findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from ..inspection import Finding
from ..messages import Json
from ..text import shown
from .catalogue import calls as rule
from .catalogue.users import ALIAS_IGNORED
from .rule import Subject

SERVER_LIBRARY = re.compile(
    r"(@segment/)?analytics[-_.](python|node|go|java|ruby|php|net|dotnet|csharp|rust|elixir)\b", re.IGNORECASE
)
"""Names of Segment's server libraries in context.library.name."""

_ISO_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_BELOW = 10**11
"""A count below this is in seconds (until the year 5138), above it in milliseconds (since 1973)."""
_MICROSECONDS_FROM = 10**14
_SECONDS = "looks like seconds; Segment reads milliseconds, which lands in 1970"


def _blank(value: Json) -> bool:
    return value is None or value == ""


def insert_id_missing(subject: Subject) -> Iterator[Finding]:
    if _blank(subject.document.get("messageId")) or "$.messageId" in subject.filled:
        if subject.destination.kind == "classic-cloud":
            yield rule.INSERT_ID_MISSING.finding(
                "$.messageId",
                "no messageId was sent: Segment cannot tell that a copy is one",
                fix="send a UUID as messageId, and the same one on every retry: Segment then drops the copy",
            )
            return
        yield rule.INSERT_ID_MISSING.finding(
            "$.messageId", "no messageId was sent: sent again, this event counts twice"
        )


def no_identity(subject: Subject) -> Iterator[Finding]:
    user, anonymous = subject.document.get("userId"), subject.document.get("anonymousId")
    if not _blank(user):
        return
    if _blank(anonymous):
        yield rule.NO_IDENTITY.finding(
            "$.userId", "no userId and no anonymousId: the event belongs to no user"
        )
    elif user == "" and subject.type != "identify":
        yield rule.NO_IDENTITY.finding(
            "$.userId",
            'userId "" wins over anonymousId: the event belongs to no user',
            fix="leave userId out while the user is unknown",
        )


def identify_without_user_id(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    if _blank(document.get("userId")) and not _blank(document.get("anonymousId")):
        yield rule.IDENTIFY_WITHOUT_USER_ID.finding(
            "$.userId", "no userId: $identify goes out with nobody to join the anonymous id to"
        )


def alias_without_previous_id(subject: Subject) -> Iterator[Finding]:
    previous = subject.document.get("previousId")
    fix = None
    if subject.settings.identity == "simplified":
        if subject.translation.operations:
            return  # alias-ignored says it, whatever the call holds
        fix = ALIAS_IGNORED.fix
    if _blank(previous):
        yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
            "$.previousId", "no previousId: there is nothing to join to userId", fix=fix
        )
    elif previous == subject.document.get("userId"):
        # analytics.js sends this for an alias() call without a previous id, once the user is known.
        yield rule.ALIAS_WITHOUT_PREVIOUS_ID.finding(
            "$.previousId",
            f"previousId {shown(previous)} is the userId itself: there is nothing to join",
            severity="warning",
            fix=fix,
        )


def timestamp_suspect(subject: Subject) -> Sequence[Finding]:
    document = subject.document
    # Where Segment corrected the time, what the client sent is kept as originalTimestamp.
    value = document.get("originalTimestamp", document.get("timestamp"))
    doubt = "" if value is None else _doubt(value)
    if not doubt:
        return ()
    severity = None
    if doubt == _SECONDS and subject.destination.kind == "classic-cloud":
        doubt, severity = "looks like seconds, which only the classic destination reads as such", "info"
    words = f"timestamp {shown(value)} {doubt}"
    return (rule.TIMESTAMP_SUSPECT.finding("$.timestamp", words, severity=severity),)


def _doubt(value: Json) -> str:
    """What is odd about a timestamp, "" when nothing is."""
    if isinstance(value, str):
        if value[4:5] == "-" or not _NUMBER.fullmatch(value):
            return _doubt_of_text(value)
        if len(value) > 30:
            return "is no date"
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is no date"
    number = float(value) if isinstance(value, str) else value
    if abs(number) < SECONDS_BELOW:
        return _SECONDS
    if abs(number) >= _MICROSECONDS_FROM:
        return "looks like microseconds or less; Segment reads milliseconds"
    return ""


def _doubt_of_text(text: str) -> str:
    if len(text) > 64:
        return "is no date"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if _ISO_WITH_ZONE.fullmatch(text):
            return "is no date of the calendar; Segment carries it over into another"
        return "is no ISO 8601 date"
    if moment.year not in (1969, 1970):
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Not 1 January itself: that is an unset date, which time-out-of-range reports.
    if timedelta(days=1) < moment - _EPOCH < timedelta(days=60):
        return "lies in early 1970: seconds were taken for milliseconds"
    return ""


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def no_client_ip(subject: Subject) -> Iterator[Finding]:
    context = subject.context
    if not _blank(context.get("ip")) or context.get("direct") is True or "ip" in subject.properties:
        return
    library = _at(context, ("library", "name"))
    if not isinstance(library, str) or not SERVER_LIBRARY.match(library):
        return
    about_the_client = [key for key in ("userAgent", "page", "locale") if context.get(key)]
    if about_the_client:
        yield rule.NO_CLIENT_IP.finding(
            "$.context.ip",
            f"context has the user's {about_the_client[0]} but no ip: Mixpanel cannot tell the place",
        )
    else:
        # A server may well speak of no user's device at all: worth a note, not a warning.
        yield rule.NO_CLIENT_IP.finding(
            "$.context.ip", "no context.ip: Mixpanel cannot tell the place", severity="info"
        )
