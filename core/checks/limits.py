"""Rules on what Mixpanel gets, value by value: how large, how many and how deep they may be; names and dates.

All are found in one walk of each record. An event and a profile have limits of their own; a group's profile
has those of a user's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import msgspec

from ..catalogue import limits as rule
from ..catalogue.data import DATE_FORMAT
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown, size
from ..verdict import Finding
from .dates import BEGINS_DATE, NO_ZONE, NUMBERS, doubt_of_number, doubt_of_text
from .group_keys import PROFILE_OPERATIONS
from .over_limit import (
    EVENT,
    MAX_DEPTH,
    MAX_STRING,
    PROFILE,
    Limits,
    not_a_date,
    too_deep,
    too_large,
    too_many,
    too_many_elements,
    too_many_keys,
    truncated,
)
from .sent_names import (
    GOOD_OF_EVENTS,
    GOOD_OF_PROFILES,
    MAX_NAME,
    MIXPANELS_OF_EVENTS,
    MIXPANELS_OF_PROFILES,
    name_too_long,
    names_of_event,
    names_of_profile,
)
from .subject import Subject

SHORT = MAX_STRING // 4 + 1
"""A text of fewer characters cannot have more than 255 bytes."""
MAX_EVENT = 1024 * 1024
MAY_BE_LARGE = MAX_EVENT // 2
"""An event can only be too large when the message that it comes from is at least this large."""
GROUP_KEYS, MOST_GROUP_KEYS = 3, 6
"""Group keys of a project: on a Growth plan, and on an Enterprise plan."""
_INDEX = re.compile(r"\[\d+\]")
FROM, TO = NUMBERS


def sent_values(subject: Subject) -> Sequence[Finding]:
    """Find what is wrong with the names and values of each record that is sent, in one walk.

    These are the rules on limits, reserved-property and date-format.
    """
    found: list[Finding] = []
    order: JsonObject = {}
    for path, record, properties in subject.events:
        if order and path[-1] == "]" and path[-3:] != "[0]":
            _product(subject, path, properties, order, found)
            continue
        order = properties
        event = record["event"]
        if isinstance(event, str) and len(event) >= SHORT and too_long(event):
            own = event == subject.document.get("event")
            found.append(
                truncated("$.event" if own else subject.place_of(f"{path}.event"), "the name", event)
            )
        _walk(subject, path, "properties", properties, EVENT, found, event)
    for path, record in subject.profiles:
        for operation, written in record.items():
            if isinstance(written, dict) and operation in PROFILE_OPERATIONS:
                _walk(subject, path, operation, written, PROFILE, found)
    if len(subject.profiles) > GROUP_KEYS:
        found += _group_keys(subject)
    if not 0 < subject.original_size < MAY_BE_LARGE:
        found += _events_too_large(subject)
    return found if len(found) < 2 else list({_spot(one): one for one in reversed(found)}.values())[::-1]


def _product(
    subject: Subject, path: str, properties: JsonObject, order: JsonObject, found: list[Finding]
) -> None:
    """Add what is wrong with the event of a product, where it has more than its order's event."""
    own = {name: properties[name] for name in properties.keys() - order.keys()}
    if own:
        _walk(subject, path, "properties", own, EVENT, found)


def _group_keys(subject: Subject) -> Iterator[Finding]:
    places = {str(record["$group_key"]): path for path, record in subject.profiles if "$group_key" in record}
    if len(places) > GROUP_KEYS:
        most = f"a project has {GROUP_KEYS}, or {MOST_GROUP_KEYS} with an Enterprise plan"
        yield rule.TOO_MANY_GROUP_KEYS.finding(
            f"{list(places.values())[GROUP_KEYS]}.$group_key",
            f"{len(places)} group keys in one call: {shown(', '.join(places), 99)[1:-1]}; {most}",
            severity="warning" if len(places) > MOST_GROUP_KEYS else None,
        )


def _events_too_large(subject: Subject) -> Iterator[Finding]:
    for path, record, _ in subject.events:
        length = json_length(record)
        if length >= MAX_EVENT:
            yield rule.EVENT_TOO_LARGE.finding(
                path, f"the event has {size(length)}: Mixpanel takes less than {size(MAX_EVENT)}"
            )
            return


def _spot(finding: Finding) -> tuple[str, str]:
    """Return what a finding is the same as another by: products repeat the order's properties.

    Of the items of a list only the first odd date is named.
    """
    path = finding.path
    return finding.rule, _INDEX.sub("[]", path) if finding.rule == DATE_FORMAT.id else path


_Node = tuple[Json, int, "_Node | None", str | int]
"""A list or object, its depth in objects, what holds it, and under which step."""


class _Place:
    """The place of a record's properties in the requests; leads to them in the message."""

    __slots__ = ("path", "subject", "within")

    def __init__(self, subject: Subject, path: str, within: str) -> None:
        self.subject = subject
        self.path = path
        self.within = within

    def all(self) -> str:
        """Return the path of all the properties: that of the traits, where they are most of a profile's."""
        traits = self.subject.document.get("traits")
        if self.within != "properties" and isinstance(traits, dict) and len(traits) > PROFILE.many // 2:
            return "$.traits"
        return self.subject.place_of(f"{self.path}.{self.within}")

    def own(self, name: str, value: Json) -> str:
        """Return the path of one that the message has under the same name; "" where it has none."""
        return self.subject.own_place(name, value)

    def of(self, name: str, value: Json) -> str:
        """Return the path of one of them."""
        return self.own(name, value) or self.subject.place_of(child(f"{self.path}.{self.within}", name))

    def inside(self, name: str, node: _Node, *steps: str | int) -> str:
        """Return the path of what stands inside one of them."""
        taken = list(steps[::-1])
        while node[2] is not None:
            taken.append(node[3])
            node = node[2]
        where = self.of(name, node[0])
        for step in reversed(taken):
            where = child(where, step)
        return where


def _walk(
    subject: Subject,
    path: str,
    within: str,
    held: JsonObject,
    limits: Limits,
    found: list[Finding],
    event: Json = None,
) -> None:
    """Add what is wrong with the properties that a record has under `within`.

    `path` leads to the record, `event` is its name.
    """
    if limits is EVENT:
        of_mixpanel, good, names = MIXPANELS_OF_EVENTS, GOOD_OF_EVENTS, names_of_event
    else:
        of_mixpanel, good, names = MIXPANELS_OF_PROFILES, GOOD_OF_PROFILES, names_of_profile
    if len(held) > limits.many:
        found.append(too_many(_Place(subject, path, within).all(), held, limits))
    for name, value in held.items():
        if name in of_mixpanel:
            if isinstance(value, str) and len(value) < SHORT:
                continue
            own = False
        else:
            own = True
            if name not in good:
                found += names(subject, f"{path}.{within}", {name: value})
                own = name not in of_mixpanel  # a name that was seen for the first time is there now
        if isinstance(value, str):
            if len(value) >= SHORT:
                if too_long(value) and value != event:  # event_original_name repeats the name
                    found.append(truncated(_Place(subject, path, within).of(name, value), name, value))
            elif own and value[:1] in BEGINS_DATE and (doubt := doubt_of_text(name, value)):
                _add_date(_Place(subject, path, within), name, value, doubt, found)
        elif isinstance(value, (dict, list)):
            if value:
                _inside(_Place(subject, path, within), name, value, limits, found)
        elif (
            own
            and isinstance(value, (int, float))
            and FROM <= value <= TO
            and (doubt := doubt_of_number(name, value))
        ):
            _add_date(_Place(subject, path, within), name, value, doubt, found)


def _inside(
    place: _Place, name: str, top: list[Json] | JsonObject, limits: Limits, found: list[Finding]
) -> None:
    """Add what is wrong inside one property. Walks with a stack of its own: nesting may be deep."""
    size = place.subject.original_size
    if (size == 0 or size > limits.bytes // 4) and (length := json_length(top)) > limits.bytes:
        found.append(too_large(place.of(name, top), name, length, limits))
    waiting: list[_Node] = [(top, 1 if isinstance(top, dict) else 0, None, "")]
    for node in waiting:  # it grows on the way
        value, depth = node[0], node[1]
        if isinstance(value, dict):
            if len(value) > limits.keys:
                found.append(too_many_keys(place.inside(name, node), value, limits))
            if depth > MAX_DEPTH:
                found.append(too_deep(place.inside(name, node), limits))
                return
            for step, part in value.items():
                if len(step) > MAX_NAME:
                    found.append(name_too_long(place.inside(name, node, step), step, "property"))
                if isinstance(part, str):
                    if len(part) >= SHORT:
                        if too_long(part):
                            found.append(truncated(place.inside(name, node, step), step, part))
                    elif part[:1] in BEGINS_DATE and (doubt := doubt_of_text(step, part)) not in (
                        "",
                        NO_ZONE,
                    ):
                        found.append(not_a_date(place.inside(name, node, step), step, part, doubt))
                elif isinstance(part, dict):
                    waiting.append((part, depth + 1, node, step))
                elif isinstance(part, list):
                    waiting.append((part, depth, node, step))
        elif isinstance(value, list):
            if len(value) > limits.elements:
                found.append(too_many_elements(place.inside(name, node), value, limits))
            for index, part in enumerate(value):
                if isinstance(part, str):
                    if len(part) >= SHORT and too_long(part):
                        found.append(truncated(place.inside(name, node, index), str(index), part))
                elif isinstance(part, dict):
                    waiting.append((part, depth + 1, node, index))
                elif isinstance(part, list):
                    waiting.append((part, depth, node, index))


def _add_date(place: _Place, name: str, value: Json, doubt: str, found: list[Finding]) -> None:
    where = place.own(name, value)
    if doubt == NO_ZONE and not where and place.subject.destination.kind == "classic-cloud":
        return  # it is Segment that writes dates like this there, and it has read the zone
    found.append(not_a_date(where or place.of(name, value), name, value, doubt))


def json_length(value: Json) -> int:
    """Return the bytes of the value as JSON."""
    try:
        return len(msgspec.json.encode(value))
    except (UnicodeEncodeError, OverflowError):
        return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def too_long(text: str) -> bool:
    """Return the finding on over 255 bytes: Mixpanel's pages name bytes in one place, characters in
    another.
    """
    return len(text) > MAX_STRING or (not text.isascii() and len(text.encode(errors="replace")) > MAX_STRING)
