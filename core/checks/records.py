"""The rules on what goes to Mixpanel, for a request that no Segment message is behind.

Each record is held against the functions that judge a translated message, as if it were one, and their paths
are led back into the request. What only such a record can lack is judged here: Segment's destination always
writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ..catalogue import calls as rule
from ..catalogue.data import COUNTRY_CODE
from ..catalogue.settings import REFUSED_WITH_200
from ..catalogue.users import ALIAS_IGNORED, ANONYMOUS_ID_NOT_UUID4, ANONYMOUS_PROFILE_PREFIX
from ..destinations.classic.insert_id import is_unknown
from ..messages import UUID4, Json, JsonObject
from ..modes import CLASSIC_DEVICE
from ..places import in_body
from ..settings import ClassicSettings, Destination
from ..text import shown
from ..verdict import IDENTITY_EVENTS, Explanation, Finding, Operation, Translation
from . import data, device, ids, insert_ids, limits, message, names, times, values
from .adjust import adjusted, called
from .order import in_order
from .settings import DEFAULTS, CheckSettings
from .subject import Check, Subject

TAKES = {"event": ("/track", "/import"), "profile update": ("/engage",), "group update": ("/groups",)}
"""Which endpoints take which records."""

_EVENT: tuple[Check, ...] = (
    insert_ids.insert_id,
    limits.sent_values,
    names.event_name,
    values.in_record,
    data.country_code,
)
_FIX = {
    rule.INSERT_ID_CHARSET.id: "send a UUID as $insert_id",
    rule.INSERT_ID_FORBIDDEN.id: "send a UUID as $insert_id",
    rule.INSERT_ID_LENGTH.id: "send a UUID as $insert_id: 36 characters",
    COUNTRY_CODE.id: "send the ISO 3166 code, such as US",
}
"""How to mend it where no messageId and no context are."""


def endpoint_of(url: str) -> str:
    """Return the endpoint that a URL names: `/track` for `/track/?verbose=1` and for a proxy's
    `/mp/track`.
    """
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return f"/{last}"


def kind_of(record: JsonObject) -> str:
    """Return what a record is: an event, a group update or a profile update."""
    if "event" in record:
        return "event"
    return "group update" if "$group_key" in record else "profile update"


def check_records(
    translation: Translation,
    *,
    now: int,
    settings: CheckSettings = DEFAULTS,
    destination: Destination | None = None,
) -> tuple[Finding, ...]:
    """Return what the rules find in requests that were made elsewhere; errors first. Pure.

    `now` is the clock, in milliseconds. `destination` is the one in use, None where nobody knows it: rules on
    its options then find nothing. Paths lead into the translation
    (`requests[0].body[2].properties.time`). The tracking plan is left aside: it is about Segment's messages.
    """
    found: list[Finding] = []
    of_classic = destination is not None and destination.kind.startswith("classic")
    classic = settings.classic if of_classic else None
    for number, operation in enumerate(translation.operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            if isinstance(record, dict):
                path = in_body(number, position) if several else in_body(number)
                findings = (
                    *_record(record, path, operation, now, settings),
                    *_of_device(record, path, classic),
                )
                found += adjusted(findings, called(_as_message(record)), settings.rules)
    return tuple(in_order(found))


def _record(
    record: JsonObject, path: str, operation: Operation, now: int, settings: CheckSettings
) -> Iterator[Finding]:
    endpoint, kind = endpoint_of(operation.request.url), kind_of(record)
    if endpoint not in TAKES[kind]:
        yield REFUSED_WITH_200.finding(
            path,
            f"{'an' if kind == 'event' else 'a'} {kind} goes to {' or '.join(TAKES[kind])}: "
            f"{shown(endpoint, 40)[1:-1]} does not take it",
            fix=f"send it to {TAKES[kind][0]}",
        )
    if kind != "event":
        yield from _profile(record, path, kind, operation, now, settings)
        return
    properties = record.get("properties")
    if not isinstance(properties, dict):
        return
    yield from _token(properties, f"{path}.properties", "token", "" if endpoint == "/import" else endpoint)
    timed = "time" in properties or record["event"] not in IDENTITY_EVENTS  # those may do without
    if timed:
        yield from _time(properties, f"{path}.properties", endpoint, now)
    if record["event"] in IDENTITY_EVENTS:
        yield from _identity(record, properties, path, settings)
        return
    yield from _distinct_id(properties, f"{path}.properties", "distinct_id")
    if _is_of_classic(properties):
        if is_unknown(record):
            yield insert_ids.undocumented(f"{path}.properties")
    elif not properties.get("$insert_id"):
        yield rule.INSERT_ID_MISSING.finding(
            f"{path}.properties",
            "no $insert_id: sent again, this event counts twice",
            fix="send a UUID as $insert_id, and the same one on every retry",
        )
    subject = _subject(record, operation, now, settings, [(path, record, properties)])
    for run in _EVENT:
        for finding in run(subject):
            yield _led_back(finding, path, {"$.properties": "properties", "$.event": "event"})


def _of_device(record: JsonObject, path: str, classic: ClassicSettings | None) -> Iterator[Finding]:
    """Find what Mixpanel's own SDKs do with a call; see `device`."""
    match kind_of(record):
        case "event":
            return device.of_event(record, path, classic)
        case "group update":
            return device.of_group(record, path)
        case _:
            return device.of_profile(record, path, classic)


def _is_of_classic(properties: JsonObject) -> bool:
    """Return True for an event of Segment's classic destination in cloud mode, as its `mp_lib` tells."""
    library = properties.get("mp_lib")
    return isinstance(library, str) and library.startswith("Segment: ") and library != CLASSIC_DEVICE


def _profile(
    record: JsonObject, path: str, kind: str, operation: Operation, now: int, settings: CheckSettings
) -> Iterator[Finding]:
    yield from _token(record, path, "$token", endpoint_of(operation.request.url))
    if kind == "profile update":
        yield from _distinct_id(record, path, "$distinct_id")
        id, device = record.get("$distinct_id"), record.get("$device_id")
        if settings.identity == "simplified" and isinstance(id, str) and id and id == device:
            yield ANONYMOUS_PROFILE_PREFIX.finding(
                f"{path}.$distinct_id",
                f"the profile of {shown(id)} is taken for a user's: it lacks $device: before the id",
                fix=f"write it $device:{shown(id, 40)[1:-1]}",
            )
    else:
        yield from ids.spaces_around(record.get("$group_id"), "$group_id", f"{path}.$group_id", "group")
    subject = _subject(record, operation, now, settings, [], [(path, record)])
    for run in (values.in_record, data.country_code, limits.sent_values):
        for finding in run(subject):
            yield _led_back(finding, path, {"$.traits": _traits_in(record)})


def _identity(
    record: JsonObject, properties: JsonObject, path: str, settings: CheckSettings
) -> Iterator[Finding]:
    event = record["event"]
    if settings.identity == "simplified":
        if event != "$identify":
            yield ALIAS_IGNORED.finding(
                f"{path}.event", f"{event} is ignored with the simplified ID merge: nothing is joined"
            )
        return
    anonymous = properties.get("$anon_id")
    if event != "$identify" or not isinstance(anonymous, str) or UUID4.fullmatch(anonymous):
        return
    yield ANONYMOUS_ID_NOT_UUID4.finding(
        f"{path}.properties.$anon_id",
        f"$anon_id {shown(anonymous)} is no UUIDv4: $identify does not join it to the user",
        fix="send a UUIDv4 as $anon_id, as Mixpanel's SDKs make it",
    )


def _distinct_id(holder: JsonObject, path: str, name: str) -> Iterator[Finding]:
    """Find no-identity, placeholder-user-id and id-whitespace."""
    value = holder.get(name)
    if value is None or value == "":
        what = f"no {name}" if name not in holder else f"{name} {shown(value)}"
        whose = "the profile is nobody's" if name.startswith("$") else "the event belongs to no user"
        yield rule.NO_IDENTITY.finding(
            path if name not in holder else f"{path}.{name}",
            f"{what}: {whose}",
            severity="error" if name.startswith("$") else None,
            fix=f"send the user's id as {name}",
        )
        return
    if isinstance(value, list | dict):
        return
    as_id = "send a person's id, or $device: and a UUID while the person is not known"
    yield from ids.placeholder(value, name, f"{path}.{name}", fix=as_id)
    yield from ids.spaces_around(value, name, f"{path}.{name}", "user")


def _token(holder: JsonObject, path: str, name: str, endpoint: str) -> Iterator[Finding]:
    """Find a missing token: /import knows the project by its credentials, the others by each
    record's token.
    """
    if endpoint and not holder.get(name):
        yield REFUSED_WITH_200.finding(
            path,
            f"no {name}: {shown(endpoint, 40)[1:-1]} answers 200 and takes nothing",
            fix=f"send the project's token as {name}",
        )


def _time(properties: JsonObject, path: str, endpoint: str, now: int) -> Iterator[Finding]:
    time = properties.get("time")
    if time is None:
        if endpoint == "/import":
            yield rule.TIME_OUT_OF_RANGE.finding(
                path, "no time: /import refuses the event", fix="send time, in seconds or milliseconds"
            )
        return
    if isinstance(time, bool) or not isinstance(time, int | float) or time - time != 0:
        words = f"time {shown(time, 40)} is not a number of seconds or milliseconds"
        yield rule.TIME_OUT_OF_RANGE.finding(
            f"{path}.time", words, severity="warning", fix="send time as a number, in seconds or milliseconds"
        )
        return
    moment = time * 1000 if abs(time) < message.SECONDS_BELOW else time  # Mixpanel takes both
    if not times.is_right(moment, now):
        yield times.time_fault(f"{path}.time", moment, now)


# -- a record as the functions on messages want it ------------------------------------------------------


def _as_message(record: JsonObject) -> JsonObject:
    if "event" in record:
        return {"type": "track", "event": record["event"], "properties": record.get("properties")}
    traits = record.get(_traits_in(record))
    return {"type": "group" if "$group_key" in record else "identify", "traits": traits}


def _traits_in(record: JsonObject) -> str:
    """Return the operation that writes what an identify call has as traits."""
    return "$set" if isinstance(record.get("$set"), dict) else "$set_once"


def _subject(
    record: JsonObject,
    operation: Operation,
    now: int,
    settings: CheckSettings,
    events: Sequence[tuple[str, JsonObject, JsonObject]],
    profiles: Sequence[tuple[str, JsonObject]] = (),
) -> Subject:
    document = _as_message(record)
    properties: Json = document.get("properties")
    alone = msgspec.structs.replace(
        operation, request=msgspec.structs.replace(operation.request, body=record)
    )
    return Subject(
        document=document,
        type=document["type"],
        properties=properties if isinstance(properties, dict) else {},
        context={},
        translation=Translation((alone,)),
        destination=Destination(kind="actions"),
        events=events,
        profiles=profiles,
        explained=Explanation(),  # no message is behind it
        now=now,
        original_size=0,
        filled=(),
        settings=settings,
    )


def _led_back(finding: Finding, path: str, places: dict[str, str]) -> Finding:
    """Return the finding with its path in the request, and mended without Segment."""
    place = finding.path
    for name, inside in places.items():
        if place.startswith(name):
            place = f"{path}.{inside}{place[len(name) :]}"
            break
    noted = finding.severity == "info"  # it says what can be done at Segment
    return msgspec.structs.replace(
        finding, path=place, fix=finding.fix if noted else _FIX.get(finding.rule, finding.fix)
    )
