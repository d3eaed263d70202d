"""Mixpanel's raw export: which of the received events are in an answer, and how they look there. Pure.

As Mixpanel documents it: days from `from_date` to `to_date`, names in `event`, a line of JSON for each event,
nothing deduplicated. Dates and times are in UTC, and of a project from before 2023 in its own time zone.
Its words for a wrong question are not documented: they are MODELLED.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from .counted import Copy
from .rules import as_list, as_object

PATH = "/api/2.0/export"
MOST = 100_000
"""What `limit` may be at most."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = "event must be a JSON array of names"


class WrongQuestion(Exception):
    """A question that cannot be answered, with Mixpanel's words."""


@dataclass(frozen=True)
class Question:
    """What is asked for: events of these days and names (None: of all), `limit` of them (0: all)."""

    first: date
    last: date
    names: frozenset[str] | None
    limit: int
    in_ms: bool


def read_question(query: Mapping[str, str]) -> Question:
    """Read the parameters of a request. Raises WrongQuestion."""
    first, last = _date(query, "from_date"), _date(query, "to_date")
    if last < first:
        raise WrongQuestion("to_date cannot be before from_date")
    if query.get("where"):
        raise WrongQuestion("segtap mixpanel does not evaluate where")  # rather than too many events
    limit = query.get("limit") or "0"
    if not (limit.isascii() and limit.isdecimal() and int(limit) <= MOST):
        raise WrongQuestion(f"limit must be a number, at most {MOST}")
    in_ms = query.get("time_in_ms", "").lower() in ("true", "1")
    return Question(first, last, _names(query.get("event", "")), int(limit), in_ms)


def exported(
    events: Iterable[dict[str, Any]], copies: Iterable[Copy], question: Question, zone: tzinfo
) -> list[bytes]:
    """Return the lines of the answer; `copies` are what decides about each of the events."""
    lines = list[bytes]()
    for event, when, copy in _asked_for(events, copies, question, zone):
        milliseconds = (when.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
        properties = dict(as_object(event.get("properties")))
        properties.pop("token", None)
        properties["time"] = milliseconds if question.in_ms else milliseconds // 1000
        properties["mp_processing_time_ms"] = copy.at
        lines.append(json.dumps({"event": event["event"], "properties": properties}).encode() + b"\n")
        if len(lines) == question.limit:
            break
    return lines


def _asked_for(
    events: Iterable[dict[str, Any]], copies: Iterable[Copy], question: Question, zone: tzinfo
) -> Iterator[tuple[dict[str, Any], datetime, Copy]]:
    """Yield the events of a question, with their times: of one without a time, when it was received."""
    for event, copy in zip(events, copies, strict=True):
        if question.names is not None and copy.event not in question.names:
            continue
        try:
            when = (_EPOCH + timedelta(milliseconds=copy.time or copy.at)).astimezone(zone)
        except OverflowError:
            continue  # no day has that time
        if question.first <= when.date() <= question.last:
            yield event, when, copy


def _date(query: Mapping[str, str], name: str) -> date:
    text = query.get(name, "")
    if not text:
        raise WrongQuestion(f"{name} is required")
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise WrongQuestion(f"{name} must be a date as yyyy-mm-dd") from None


def _names(text: str) -> frozenset[str] | None:
    if not text:
        return None
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongQuestion(_NAMES) from None
    found = as_list(names)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in found):
        raise WrongQuestion(_NAMES)
    return frozenset(found)
