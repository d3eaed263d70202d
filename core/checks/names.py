"""Rules on the names of events: what Mixpanel gets as one, and names that it reads itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalogue import values as rule
from ..messages import Json
from ..places import in_body
from ..text import shown
from ..verdict import IDENTITY_EVENTS, Finding
from .spaces import is_plain, stripped, which_end, without_controls
from .subject import Subject

_JOINING_ACTIONS = ("identifyUser", "identify", "alias")
"""Actions that send Mixpanel's identity events on purpose."""
_PREFIXES = ("$ae_", "$mp_", "$campaign_")
# $experiment_started is left out: whoever runs experiments sends it themselves, as Mixpanel's pages say.
_RESERVED = {
    "$session_start": "as the start of a session, which it works out itself",
    "$session_end": "as the end of a session, which it works out itself",
    "$hotshard_events": "as events that it took away from a user who has too many",
    "$message_suppressed": "as a message of its own campaigns, and leaves it out of sessions",
    "$unsubscribe": "as a message of its own campaigns, and leaves it out of sessions",
    "$journey_entered": "as a message of its own campaigns, and leaves it out of sessions",
    "$show_survey": "as a survey of its own",
    "$web_event": "as a click that its own SDK collected",
    "$app_open": "as the opening of a push message",
    "$all_events": "as all events together",
}
"""Names that Mixpanel gives a meaning of its own, and which."""
_BY_PREFIX = {
    "$ae_": "as one that its mobile SDKs send by themselves, such as app sessions",
    "$mp_": "as one that its web SDK collects by itself",
    "$campaign_": "as a message of its own campaigns, and leaves it out of sessions",
}


def names(subject: Subject) -> Iterable[Finding]:
    """Find event-name and reserved-event-name."""
    found = event_name(subject)
    event = subject.document.get("event") if subject.type == "track" else None
    # Only a workspace's own mappings name an event otherwise.
    if (isinstance(event, str) and event[:1] == "$") or subject.destination.subscriptions is not None:
        return [*found, *_reserved_event_name(subject, event)]
    return found


def event_name(subject: Subject) -> Iterable[Finding]:
    """Return what is odd about the name of the event, where it comes from first."""
    document, named = subject.document, None
    if subject.type == "track":
        named = document.get("event")
        if isinstance(named, str):
            if named and not is_plain(named):
                return _odd_name(named, "event", "$.event")
        elif named is not None:
            return (_no_text(subject, named),)
    else:
        name = document.get("name")
        # A page's name is only a part of the event's, and with some settings no part of it.
        if isinstance(name, str) and not is_plain(name) and _is_in_event(name, subject):
            return _odd_name(name, "name", "$.name")
    for path, record, _ in subject.events:
        event = record["event"]
        if (
            event is not named
            and isinstance(event, str)
            and not is_plain(event)
            and event.strip() != "Viewed"
        ):
            return _odd_name(event, "the event's name", f"{path}.event")
    return ()


def _is_in_event(name: str, subject: Subject) -> bool:
    return any(name in str(record["event"]) for _, record, _ in subject.events)


def _no_text(subject: Subject, value: Json) -> Finding:
    events = [record["event"] for _, record, _ in subject.events]
    if not events:
        becomes = "Segment sends nothing" if subject.translation.rejected else "a name is text"
    else:
        becomes = f"Mixpanel gets {shown(events[0], 40)}"
    return rule.EVENT_NAME.finding("$.event", f"event {shown(value)} is not text: {becomes}")


def _odd_name(value: str, label: str, path: str) -> Iterator[Finding]:
    inner = stripped(value)
    if not inner:
        if label == "event":
            yield rule.EVENT_NAME.finding(
                path, f"event {shown(value)} is nothing but spaces: Mixpanel refuses an event without a name"
            )
        return  # page-name-missing names the page
    clean = without_controls(inner)
    if clean == value:
        return
    what = which_end(value) if inner != value else "a control character in it"
    yield rule.EVENT_NAME.finding(
        path,
        f"{label} {shown(value)} has {what}: Mixpanel counts it apart from {shown(clean)}",
        fix=f"write it {shown(clean, 80)[1:-1]}" if clean else None,
    )


def _reserved_event_name(subject: Subject, named: Json) -> Iterable[Finding]:
    operations = subject.translation.operations
    for number, operation in enumerate(operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            event = record.get("event") if isinstance(record, dict) else None
            if not isinstance(event, str) or event[:1] != "$" or operation.action in _JOINING_ACTIONS:
                continue
            if read_as := _read_as(event):
                steps = (position,) if several else ()
                path = "$.event" if event == named else in_body(number, *steps, "event")
                return (_reserved(subject, event, path, read_as),)
    if not operations and isinstance(named, str) and named[:1] == "$" and (read_as := _read_as(named)):
        return (_reserved(subject, named, "$.event", read_as),)
    return ()


def _read_as(event: str) -> str:
    if event in IDENTITY_EVENTS:
        return "as an order to join ids, and shows no event"
    if event in _RESERVED:
        return _RESERVED[event]
    return next((_BY_PREFIX[prefix] for prefix in _PREFIXES if event.startswith(prefix)), "")


def _reserved(subject: Subject, event: str, path: str, read_as: str) -> Finding:
    joins = event in IDENTITY_EVENTS
    if not joins:
        fix = None
    elif subject.settings.identity == "simplified":
        fix = "give the event a name of your own; events with userId and anonymousId join the ids"
    else:
        fix = "call identify with userId, anonymousId and the traits instead: Segment makes a $identify of it"
    return rule.RESERVED_EVENT_NAME.finding(
        path,
        f"the event is named {shown(event, 40)}: Mixpanel reads it {read_as}",
        severity="error" if joins else None,
        fix=fix,
    )
