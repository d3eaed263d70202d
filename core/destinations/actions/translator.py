"""The destination "Mixpanel (Actions)": subscriptions compiled once, then a message to its requests.

Source: actions-core, which runs every subscription whose trigger takes the message, maps, checks, and acts.
"""

from __future__ import annotations

import contextlib
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import cast

from ...errors import MappingError
from ...mapping import MISSING, Getter, Refused, Value, compile_fields
from ...mapping.clock import NOW
from ...mapping.paths import compile_keys, plain_path, walk
from ...mapping.trigger_syntax import parse_trigger
from ...mapping.triggers import Predicate, only_type, predicate, without_type
from ...messages import CALL_TYPES, Json, JsonObject
from ...settings import Destination, Subscription
from ...verdict import Operation, OutgoingRequest, Translation
from ..base import Translator
from .actions import ACTIONS, Action, Moment, Target, target_of
from .fields import ACTION_FIELDS, Field
from .generated import EventFunction, event_function
from .presets import preset_subscriptions
from .schema import Coerce, Faults, compile_field, plain_type

TOO_DEEP = "The message is nested too deep to be read."

Payload = Callable[[JsonObject], JsonObject]
"""From a message to an action's checked payload. Raises Refused."""


GENERATE_AFTER = 50
"""Messages after which a subscription's function is generated: that costs as much as some hundred take."""


class CompiledSubscription:
    """One subscription, ready to run, whatever the settings. `place` is its index in the list."""

    def __init__(self, subscription: Subscription, place: int) -> None:
        act = ACTIONS.get(subscription.partner_action)
        if act is None:
            raise MappingError(
                f"There is no action {subscription.partner_action!r}: write one of {', '.join(ACTIONS)}."
            )
        trigger = parse_trigger(subscription.subscribe)
        self.place = place
        self.name = subscription.name
        self.action = subscription.partner_action
        self.type = only_type(trigger)
        self.takes = predicate(trigger)
        self.takes_of_its_type = predicate(rest) if (rest := without_type(trigger)) is not None else None
        """What is left of the trigger for messages of its `type`; None if they all match."""
        self.act: Action = act
        self._mapping = subscription.mapping
        self._generated: EventFunction | None = None
        self._runs = 0
        try:
            self.payload = compile_payload(subscription.mapping, ACTION_FIELDS[self.action])
        except MappingError as fault:
            self.payload = _refusing(str(fault))
            self._runs = GENERATE_AFTER

    def requests(self, document: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
        """Translate a message that the trigger matches. Raises Refused where Segment rejects it."""
        if self._generated is not None:
            try:
                made = self._generated(document, moment.now, target)
            except Refused:
                made = None  # below, the faults are found in Segment's order
            if made is not None:
                _look_for_audience(document)
                return made
        elif self._runs < GENERATE_AFTER:
            self._runs += 1
            if self._runs == GENERATE_AFTER:
                self.generate()
        return self.interpreted(document, target, moment)

    def interpreted(self, document: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
        """Translate any message, without the generated function."""
        payload = self.payload(document)
        _look_for_audience(document)
        return self.act(payload, target, moment)

    @property
    def generated(self) -> bool:
        """True once regular messages are translated by a generated function."""
        return self._generated is not None

    def generate(self) -> None:
        """Generate the function for regular messages, if the subscription has one."""
        self._runs = GENERATE_AFTER
        self._generated = event_function(self.action, self._mapping, ACTION_FIELDS[self.action])


class ActionsTranslator:
    """Mixpanel (Actions) with its settings. Subscriptions that can never run are left out: see `faults`."""

    def __init__(self, destination: Destination) -> None:
        self._target: Target = target_of(destination.settings)
        self._subscriptions = compiled_subscriptions(destination.subscriptions)
        self._by_type: dict[str, tuple[tuple[CompiledSubscription, Predicate | None], ...]] = {
            kind: tuple(
                (each, each.takes if each.type is None else each.takes_of_its_type)
                for each in self._subscriptions
                if each.type in (None, kind)
            )
            for kind in CALL_TYPES
        }
        """By message type: the subscriptions that may match, each with what is left to ask, if anything."""
        self._all = tuple((each, each.takes) for each in self._subscriptions)

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """See `Translator`: the subscriptions in their order, each on its own.

        Segment starts them all at once, and identifyUser waits for its first request before it makes the
        second: so those come after everybody's first.
        """
        first: list[Operation] = []
        second: list[Operation] = []
        rejected: str | None = None
        unmatched = True
        moment = Moment(now, document)
        NOW.set(now)
        kind = document.get("type")
        candidates = self._by_type.get(kind) if isinstance(kind, str) else None
        for subscription, takes in self._all if candidates is None else candidates:
            try:
                if takes is not None and not takes(document):
                    continue
                unmatched = False
                requests = subscription.requests(document, self._target, moment)
            except Refused as refusal:
                unmatched = False
                rejected = rejected or str(refusal)
                continue
            except RecursionError:
                unmatched = False
                rejected = rejected or TOO_DEEP
                continue
            wave = first
            for request in requests:
                wave.append(Operation(subscription.name, subscription.action, request, subscription.place))
                wave = second
        return Translation((*first, *second), rejected, unmatched)


def _look_for_audience(document: JsonObject) -> None:
    """Refuse two nulls that Segment's engine stumbles over when it looks for an audience."""
    context = document.get("context", MISSING)
    if context is None:
        raise Refused("Cannot destructure property 'personas' of '{}' as it is null.")
    if isinstance(context, dict) and context.get("personas", MISSING) is None:
        raise Refused("Cannot read properties of null (reading 'computation_class')")


def compile_subscription(subscription: Subscription, place: int = 0) -> CompiledSubscription:
    """Make a subscription ready to run.

    Raises MappingError for a trigger or action that Segment would never run. A mapping that Segment would
    refuse refuses every message that the trigger matches, as there.
    """
    return CompiledSubscription(subscription, place)


def _refusing(why: str) -> Payload:
    def refuse(document: JsonObject) -> JsonObject:
        raise Refused(why)

    return refuse


_Taking = tuple[str, bool, Coerce | None]
"""A field's name, whether it takes null, how to coerce it."""

_Step = tuple[Getter, str, type | None, _Taking]
"""How to read a field, its name, the type that it takes as it is, and how it takes the rest."""

_Group = tuple[Getter, Sequence[tuple[str, str, type | None, _Taking]]]
"""Fields read from one object: how to read that, and of each its key there with the rest of a step."""


def compile_payload(mapping: JsonObject, fields: Sequence[Field]) -> Payload:
    """Return what makes the checked payload from a mapping and an action's fields."""
    mapped = compile_fields(mapping)
    order = {field.name: index for index, field in enumerate(fields)}
    known = {field.name: (field, compile_field(field)) for field in fields}
    required = tuple(field.name for field in fields if field.required)

    constant: JsonObject = {}
    """What fields that hold the same for every message come to, where there is no fault in it."""

    def taking(name: str) -> _Taking:
        if name not in known:
            return name, False, None
        field, coerce = known[name]
        return name, field.nullable, coerce

    def member(key: str, name: str) -> tuple[str, str, type | None, _Taking]:
        plain = plain_type(known[name][0]) if name in known else None
        return key, name, plain, taking(name)

    def take(value: Value, how: _Taking, payload: JsonObject, faults: dict[str, Faults]) -> None:
        """Put a value that does not have its field's type into the payload."""
        name, nullable, coerce = how
        if value is None:
            if nullable:
                payload[name] = None
        elif coerce is not None and value != "":
            own: Faults = []
            payload[name] = cast(Json, coerce(value, f"/{name}", own))
            if own:
                faults[name] = own

    def check(groups: Sequence[_Group], steps: Sequence[_Step], document: JsonObject) -> JsonObject:
        payload = constant.copy()
        faults: dict[str, Faults] = {}
        for get_holder, members in groups:
            holder = get_holder(document)
            if holder is MISSING:
                continue
            if holder.__class__ is not dict:
                for key, _, _, how in members:
                    value = walk(holder, (key,))
                    if value is not MISSING:
                        take(value, how, payload, faults)
                continue
            read = cast(JsonObject, holder).get
            for key, name, plain, how in members:
                value = read(key, MISSING)
                if value is MISSING:
                    continue
                if value.__class__ is plain:
                    if value or plain is not str:
                        payload[name] = value
                    continue
                take(value, how, payload, faults)
        for get, name, plain, how in steps:
            value = get(document)
            if value is MISSING:
                continue
            if value.__class__ is plain:
                if value or plain is not str:
                    payload[name] = value
                continue
            take(value, how, payload, faults)
        missing = [name for name in required if name not in payload]
        if missing or faults:
            words = [f"The root value is missing the required field '{name}'." for name in missing]
            for name in sorted(faults, key=order.__getitem__):
                words.extend(faults[name])
            raise Refused(" ".join(words))
        return payload

    if callable(mapped):
        whole = mapped

        def from_directive(document: JsonObject) -> JsonObject:
            made = whole(document)
            if not isinstance(made, dict):
                raise Refused("The mapping made no object of this message.")
            return check([(lambda _: made, [member(key, key) for key in made])], (), document)

        return from_directive

    steps: list[_Step] = []
    together: dict[tuple[str, ...], list[tuple[str, str, type | None, _Taking]]] = {}
    for name, get in mapped:
        value = mapping.get(name)
        if name in known and isinstance(value, (bool, int, float)):
            own: Faults = []
            made = known[name][1](value, f"/{name}", own)
            if not own:
                constant[name] = cast(Json, made)
                continue
        keys = plain_path(value)
        if keys:
            together.setdefault(keys[:-1], []).append(member(keys[-1], name))
        else:
            _, _, plain, how = member(name, name)
            steps.append((get, name, plain, how))
    groups = [(compile_keys(keys), tuple(members)) for keys, members in together.items()]
    return lambda document: check(groups, steps, document)


_remembered: OrderedDict[str, tuple[CompiledSubscription, ...]] = OrderedDict()
_REMEMBER = 64


def compiled_subscriptions(
    subscriptions: tuple[Subscription, ...] | None,
) -> tuple[CompiledSubscription, ...]:
    """Compile the subscriptions that are on; None stands for the presets. The last few are remembered."""
    key = (
        ""
        if subscriptions is None
        else json.dumps(
            [[s.name, s.subscribe, s.partner_action, s.enabled, s.mapping] for s in subscriptions]
        )
    )
    found = _remembered.get(key)
    if found is not None:
        _remembered.move_to_end(key)
        return found
    ready: list[CompiledSubscription] = []
    given = preset_subscriptions() if subscriptions is None else subscriptions
    for place, subscription in enumerate(given):
        if not subscription.enabled:
            continue
        # What can never run never runs, as at Segment; `faults.subscription_faults` tells of it.
        with contextlib.suppress(MappingError):
            ready.append(compile_subscription(subscription, place))
    made = tuple(ready)
    _remembered[key] = made
    if len(_remembered) > _REMEMBER:
        _remembered.popitem(last=False)
    return made


def actions_translator(destination: Destination) -> Translator:
    """Return the translator for a destination of kind `actions`."""
    return ActionsTranslator(destination)
