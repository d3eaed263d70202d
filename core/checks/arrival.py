"""Rules on what does not arrive as it was sent, read off the requests: for any destination and mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import reduce

from ..catalogue import arrival as rule
from ..catalogue.rule import Rule
from ..destinations.actions.event_properties import (
    EVENT_PROPERTIES,
    GROUP_TRAITS,
    OWN_PROPERTIES,
    USER_TRAITS,
)
from ..destinations.actions.presets import preset_path, preset_subscriptions
from ..destinations.actions.provenance import CONSTANT
from ..destinations.alike import likeness
from ..destinations.arrival import Loss, losses
from ..destinations.explain import explain
from ..destinations.kinds import translator
from ..destinations.loss_trial import Trial, removed
from ..mapping import MISSING, Value
from ..mapping.javascript import type_name
from ..mapping.validate import is_directive
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import Destination, Subscription
from ..text import shown
from ..verdict import Finding
from .request import event_records
from .subject import Subject

_RULES: dict[str, Rule] = {
    "dropped": rule.PROPERTY_DROPPED,
    "replaced": rule.PROPERTY_REPLACED,
    "converted": rule.PROPERTY_CONVERTED,
}
_NOUNS = {"properties": "property", "traits": "trait"}
_FIELDS = {
    "trackEvent": "event_properties",
    "trackPurchase": "event_properties",
    "identifyUser": "traits",
    "groupIdentifyUser": "traits",
}
"""The field of each action's mapping that has the properties or traits."""
_OMITTED = {
    name: field.removeprefix("=") for name, field in EVENT_PROPERTIES if name in OWN_PROPERTIES - {"id"}
}
"""Properties of the message that events leave out, and the mapping's field that they may be meant as."""
FILLED_IN = frozenset(name for name, _ in EVENT_PROPERTIES) - OWN_PROPERTIES
"""Properties of an event that Segment fills in, and that those of the message replace."""
OVERRIDING = FILLED_IN | {"token"}
"""Properties that property-overrides-context looks at."""


def _sent_as(name: str) -> str:
    """Return the fix for a property that events leave out: the field of the message that the presets read."""
    fix = f"send it as {preset_path(_OMITTED[name]).removeprefix('$.')}"
    return f"{fix}, or give the property another name" if name == "time" else fix


def arrival(subject: Subject) -> Sequence[Finding]:
    """Find property-dropped, property-replaced and property-converted."""
    events, now = subject.events, subject.now or 0
    try:
        found = losses(subject.document, subject.destination, subject.translation, events, now=now)
        return _findings(subject, found) if found else ()
    except RecursionError:
        return ()  # nested deeper than can be compared, which nesting-too-deep reports


def _findings(subject: Subject, found: Sequence[Loss]) -> list[Finding]:
    mender = _Mender(subject)
    return [
        _RULES[loss.fate].finding(loss.path, _words(mender, loss), fix=mender.fix(loss)) for loss in found
    ]


def _words(mender: _Mender, loss: Loss) -> str:
    """Return what becomes of a value, and what stands in its place."""
    name = shown(reduce(child, loss.steps[1:], "")[1:], 60)[1:-1]
    noun = "product key" if loss.use == "product" else _NOUNS[str(loss.steps[0])]
    what = f"{noun} {name} {shown(loss.value, 30)}"
    if loss.use == "place":
        return f"{what} is used for the place, not kept"
    if loss.fate == "converted":
        return f"{what} arrives as {_form(loss.instead)}{_elsewhere(loss)}"
    if loss.use == "product" and loss.fate == "dropped":
        return f"{what} is left out of the product's own event"
    if loss.instead is MISSING:
        return f"{what} is left out: Mixpanel gets nothing under that name"
    place = _elsewhere(loss) or " under that name"
    if loss.fate == "dropped":
        return f"{what} is left out: Mixpanel gets {shown(loss.instead, 40)}{place}"
    source = mender.source(loss)
    origin = f" from {source}" if source else ""
    return f"{what} is replaced: Mixpanel gets {shown(loss.instead, 40)}{origin}{place}"


_KINDS: dict[str, str] = {
    "boolean": "true or false",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "an object",
}


def _form(value: Value) -> str:
    return "nothing" if value is MISSING else f"{_KINDS.get(type_name(value), 'null')}, {shown(value, 40)}"


def _elsewhere(loss: Loss) -> str:
    """Return where the value is that replaces this one, unless it has the same name."""
    key = str(loss.place[1][-1]) if loss.place else ""
    return f" as {shown(key, 40)[1:-1]}" if key and key != loss.steps[-1] else ""


class _Mender:
    """Finds the fix for what is lost in one message: of those there are, the first that works."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._made: Trial | None = None

    @property
    def _trial(self) -> Trial:
        if self._made is None:
            subject = self._subject
            self._made = Trial(subject.document, subject.destination, subject.now or 0)
        return self._made

    def source(self, loss: Loss) -> str:
        """Return where the value that replaces another one comes from; "" where that is not found."""
        if loss.place is None or loss.instead is MISSING:
            return ""
        steps = self._trial.source(loss.place, loss.instead)
        return reduce(child, steps, "")[1:] if steps else ""

    def fix(self, loss: Loss) -> str | None:
        """Return what to do about it; None: as the rule says."""
        if loss.fate == "converted":
            return _parts(loss.value)
        if loss.use == "place" or loss.steps == ("properties", "ip"):
            return self._address(loss)
        if loss.use == "product":
            return self._map_product(str(loss.steps[-1]))
        holder, name = str(loss.steps[0]), str(loss.steps[1])
        if len(loss.steps) == 2:
            for fix, other in self._names(holder, name):
                if other is None or self._arrives(holder, name, other, loss.value):
                    return fix
        return self._map(loss)

    def _names(self, holder: str, name: str) -> Iterator[tuple[str, str | None]]:
        """Yield fixes that send the value under another name, with that; None: as another field."""
        actions = self._subject.destination.kind == "actions"
        if holder == "properties":
            if actions and name in _OMITTED and self._field_arrives(name):
                yield _sent_as(name), None
        else:
            known = GROUP_TRAITS if self._subject.type == "group" else USER_TRAITS
            names = dict(known).get(name, ())
            # createdAt is the one that Segment's spec has.
            yield from ((f"write it {one}", one) for one in sorted(names, key=lambda one: one != "createdAt"))
        yield f"give the {_NOUNS[holder]} another name", f"own_{name.strip('$')}"

    def _field_arrives(self, name: str) -> bool:
        """Return whether events have anything under the name that the mapping gives a field of the message
        to.
        """
        return self._subject.destination.subscriptions is None or any(
            properties.get(name) not in (None, "") for _, _, properties in self._subject.events
        )

    def _arrives(self, holder: str, name: str, other: str, value: Json) -> bool:
        """Return True if the value arrives under another name that the message does not use yet."""
        held = self._subject.document[holder]
        if not isinstance(held, dict) or other in held:
            return False
        changed: JsonObject = {key: item for key, item in held.items() if key != name}
        document: JsonObject = {**self._subject.document, holder: {**changed, other: value}}
        return self._all_arrives(document, self._subject.destination, holder, other)

    def _all_arrives(self, document: JsonObject, destination: Destination, holder: str, name: str) -> bool:
        now = self._subject.now or 0
        made = translator(destination).translate(document, now=now)
        lost = losses(document, destination, made, (), now=now)
        return bool(made.operations) and not any(
            loss.steps[:2] == (holder, name) and loss.fate != "converted" for loss in lost
        )

    def _address(self, loss: Loss) -> str:
        noun = _NOUNS[str(loss.steps[0])]
        if noun == "property" and self._subject.context.get("ip") in (None, ""):
            return "send it as context.ip; to keep the address, send it as a property of another name as well"
        return f"give the {noun} another name, or leave it out: the place comes from context.ip"

    def _subscription(self) -> Subscription | None:
        """Return the subscription whose mapping has the properties or traits of this message."""
        destination = self._subject.destination
        if destination.kind != "actions":
            return None
        given = destination.subscriptions or preset_subscriptions()
        made = [one for one in self._subject.translation.operations if one.action in _FIELDS]
        return next(
            (
                one
                for operation in made
                for one in given
                if (one.name, one.partner_action) == (operation.subscription, operation.action)
            ),
            None,
        )

    def _map_product(self, name: str) -> str | None:
        subscription = self._subscription()
        if subscription is None:
            return None
        # Under the name of an event's field it would stand in place of the event's own time or user.
        taken = name in OWN_PROPERTIES or name in FILLED_IN
        key = f"own_{name.strip('$')}" if taken else name
        return f"{_in(subscription)}, in products: {_key(key)} = {_toml({'@path': name})}"

    def _map(self, loss: Loss) -> str | None:
        """Return the change of the mapping by which a value arrives that the mapping leaves out."""
        subscription = self._subscription()
        if subscription is None:
            return None
        field = _FIELDS[subscription.partner_action]
        node = subscription.mapping.get(field)
        holder = str(loss.steps[0])
        if node is None:
            return f"{_in(subscription)}: {field} = {_toml({'@path': f'$.{holder}'})}"
        known = GROUP_TRAITS if self._subject.type == "group" else USER_TRAITS
        name = "_".join(str(step) for step in loss.steps[1:])
        if holder == "traits":
            name = dict(known).get(name, (name,))[0]
        elif name in OWN_PROPERTIES:
            name = f"own_{name.strip('$')}"
        place: Json = {"@path": loss.path}
        if isinstance(node, dict) and not is_directive(node):
            return f"{_in(subscription)}: {_entry(field, name, loss.path)}"
        merged: JsonObject = {"@merge": {"objects": [node, {name: place}], "direction": "right"}}
        return f"{_in(subscription)}: {field} = {_toml(merged)}"


def _in(subscription: Subscription) -> str:
    return f"map it in the subscription '{subscription.name or subscription.partner_action}'"


def _entry(field: str, name: str, path: str) -> str:
    return f"{field}.{_key(name)} = {_toml({'@path': path})}"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)


def _toml(value: Json) -> str:
    """Return a mapping as segtap.toml has it."""
    return json.dumps(value, separators=(", ", " = "), ensure_ascii=False)


def _parts(value: Json) -> str | None:
    if isinstance(value, dict) and value:
        first = next(iter(value))
        return (
            "nothing, if text serves; otherwise send its parts as properties of their own: "
            f"{shown(first, 40)[1:-1]} and the others"
        )
    return None


def property_overrides_context(subject: Subject) -> Iterator[Finding]:
    """Yield each property that stands where Segment would fill in another value of the message."""
    properties = subject.properties
    for name in sorted(FILLED_IN.intersection(properties)):
        value = properties[name]
        at = next(
            (
                index
                for index, (_, _, sent) in enumerate(subject.events)
                if value is not None and likeness(value, sent.get(name)) == "same"
            ),
            None,
        )
        if at is not None:
            yield from _overridden(subject, name, value, at)
    token = properties.get("token")
    if token is not None and any(sent.get("token") == token for _, _, sent in subject.events):
        yield rule.PROPERTY_OVERRIDES_CONTEXT.finding(
            "$.properties.token", "property token: Mixpanel reads it as a project token"
        )


def _overridden(subject: Subject, name: str, value: Json, at: int) -> Iterator[Finding]:
    now = subject.now or 0
    document = removed(subject.document, ("properties", name))
    made = translator(subject.destination).translate(document, now=now)
    events = event_records(made)
    covered = events[at][2].get(name) if at < len(events) else None
    if covered in (None, "") or likeness(value, covered) == "same":
        return
    path = child(f"{events[at][0]}.properties", name)
    source = explain(document, subject.destination, made, now=now).source_at(path)
    if source is None or source.source == CONSTANT.words:
        words = f"{shown(covered, 30)}, which Segment writes"
    else:
        words = f"what comes from {source.source.replace('$.', '')}"
    yield rule.PROPERTY_OVERRIDES_CONTEXT.finding(
        child("$.properties", name), f"property {name} {shown(value, 30)} replaces {words}"
    )
