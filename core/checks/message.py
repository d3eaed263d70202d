"""Rules on a message as it stands: each function is named after its rule and yields its findings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ..catalogue import calls as rule
from ..messages import Json
from ..text import shown
from ..verdict import Finding
from .subject import Subject

_ISO_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_BELOW = 10**11
"""A count below this is in seconds (until the year 5138), above it in milliseconds (since 1973)."""
_MICROSECONDS_FROM = 10**14
_SECONDS = "looks like seconds; Segment reads milliseconds, which lands in 1970"


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
    """Return what is odd about a timestamp, "" when nothing is."""
    if isinstance(value, str):
        if value[4:5] == "-" or not _NUMBER.fullmatch(value):
            return _doubt_of_text(value)
        if len(value) > 30:
            return "is not a date"
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a date"
    number = float(value) if isinstance(value, str) else value
    if abs(number) < SECONDS_BELOW:
        return _SECONDS
    if abs(number) >= _MICROSECONDS_FROM:
        return "looks like microseconds or less; Segment reads milliseconds"
    return ""


def _doubt_of_text(text: str) -> str:
    if len(text) > 64:
        return "is not a date"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if _ISO_WITH_ZONE.fullmatch(text):
            return "is not a date of the calendar; Segment carries it over into another"
        return "is no ISO 8601 date"
    if moment.year not in (1969, 1970):
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Not 1 January itself: that is an unset date, which time-out-of-range reports.
    if timedelta(days=1) < moment - _EPOCH < timedelta(days=60):
        return "lies in early 1970: seconds were taken for milliseconds"
    return ""
