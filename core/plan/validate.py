"""A tracking plan compiled: which rule is a message's, and where the message breaks it.

JSON Schema runs in Rust (jsonschema-rs), with the linear regular expressions that Segment's Go code has as
well: neither takes lookaheads. A `$ref` to another place is never fetched. jsonschema-rs is imported when the
first plan is compiled.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..catalogue.plan import PLAN_UNPLANNED_EVENT, PLAN_UNPLANNED_PROPERTY, PLAN_VIOLATION
from ..messages import Json, JsonObject
from ..paths import child
from ..text import clean, shorten, shown
from ..verdict import Finding
from .formats import is_date_time
from .model import PlanRule, RuleType, TrackingPlan, event_version, plain
from .words import Violation, nearest, same_name, spellings, too_deep, violations

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_OF_CALL: dict[Json, RuleType] = {
    "track": "TRACK",
    "identify": "IDENTIFY",
    "group": "GROUP",
    "page": "PAGE",
    "screen": "SCREEN",
}
_AS_EVENT = {"page": "Page Viewed", "screen": "Screen Viewed"}
"""The events that Segment's schema shows page and screen calls as: plans describe them by these names."""
_HOLDER: dict[Json, str] = {"track": "properties", "identify": "traits", "group": "traits"}
"""Where the names stand that a plan can be without: Segment speaks of unplanned ones for these calls only."""
_MOST = 50
"""Findings of a kind on one message after which no more are looked for."""
_NEAR_KEPT = 512
"""Unplanned names that the plan's are compared with; where there are more, they are data."""
_NAME_COMPARED = 200
_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("then", "else")


class Planned(msgspec.Struct, frozen=True):
    """The property names of an object that a schema describes, each with those inside its value.

    Inside an object, and inside the objects of a list; None where any name will do.
    """

    names: dict[str, tuple[Planned | None, Planned | None]]


class Compiled(msgspec.Struct, frozen=True):
    """One rule: what validates it (None when its schema is faulty), and the names that it plans."""

    rule: PlanRule
    validator: Draft7Validator | None = None
    planned: Planned | None = None


class Plan:
    """A tracking plan that messages can be held against. Pure."""

    def __init__(self, plan: TrackingPlan) -> None:
        self.source = plan
        faults = list(plan.faults)
        self._common: list[Draft7Validator] = []
        self._rules: dict[tuple[RuleType, str], dict[int, Compiled]] = {}
        for rule in plan.rules:
            compiled_rule = _compile(rule, faults)
            if rule.type == "COMMON":
                if compiled_rule.validator is not None:
                    self._common.append(compiled_rule.validator)
            else:
                self._rules.setdefault((rule.type, rule.key), {})[rule.version] = compiled_rule
        self._names: dict[RuleType, list[str]] = {}
        for kind, key in self._rules:
            if key:
                self._names.setdefault(kind, []).append(key)
        self._near: dict[tuple[str, str], str] = {}
        self._spelled: dict[str, dict[str, str]] = {}
        self._faults = tuple(faults)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why parts of the plan cannot be used, for people."""
        return self._faults

    def findings(self, document: JsonObject) -> list[Finding]:
        """Return what breaks the plan in a message, as findings. Never raises on a message."""
        call = document.get("type")
        kind = _OF_CALL.get(call) if isinstance(call, str) else None
        found: list[Finding] = []
        compiled_rule: Compiled | None = None
        if kind is not None:
            compiled_rule = self._rule_of(kind, document)
            if compiled_rule is None and (unplanned := self._unplanned_event(kind, document)) is not None:
                found.append(unplanned)
        broken: dict[tuple[str, str], Violation] = {}
        for validator in self._common:
            _judge(validator, document, broken)
        if compiled_rule is not None and compiled_rule.validator is not None:
            _judge(compiled_rule.validator, document, broken)
        for violation in broken.values():
            found.append(PLAN_VIOLATION.finding(violation.path, violation.text, fix=violation.fix or None))
        if compiled_rule is not None and compiled_rule.planned is not None:
            holder = _HOLDER.get(call)
            given = document.get(holder) if holder else None
            if holder and isinstance(given, dict):
                forbidden = {violation.path for violation in broken.values() if violation.unexpected}
                label = compiled_rule.rule.label
                unplanned = self._unplanned(given, compiled_rule.planned, f"$.{holder}", label)
                found += itertools.islice((one for one in unplanned if one.path not in forbidden), _MOST)
        return found

    def _rule_of(self, kind: RuleType, document: JsonObject) -> Compiled | None:
        versions: dict[int, Compiled] | None = None
        if kind == "TRACK":
            event = document.get("event")
            versions = self._rules.get((kind, plain(event))) if isinstance(event, str) else None
        elif kind in ("PAGE", "SCREEN"):
            name = document.get("name")
            if isinstance(name, str) and name:
                versions = self._rules.get((kind, plain(name)))
            versions = (
                versions or self._rules.get((kind, "")) or self._rules.get(("TRACK", _AS_EVENT[kind.lower()]))
            )
        else:
            versions = self._rules.get((kind, ""))
        if not versions:
            return None
        if len(versions) > 1:
            asked = event_version(document)
            if asked in versions:
                return versions[asked]
        # Without a version that there is, Segment validates against the oldest one.
        return versions[min(versions)]

    def _unplanned_event(self, kind: RuleType, document: JsonObject) -> Finding | None:
        """Return an event that the plan does not have; a page or screen only where the plan has
        named ones.
        """
        names = self._names.get(kind)
        if kind == "TRACK":
            path, given = "$.event", document.get("event")
        elif kind in ("PAGE", "SCREEN") and names:
            path, given = "$.name", document.get("name")
        else:
            return None
        if not isinstance(given, str) or not given:
            return None
        near = self._nearest(kind, given, names or [])
        fix = f"did you mean {shown(near)}?" if near else None
        thing = "event" if kind == "TRACK" else kind.lower()
        return PLAN_UNPLANNED_EVENT.finding(
            path, f"unplanned {thing}: {shown(given)} is not in the plan", fix=fix
        )

    def _unplanned(self, given: JsonObject, planned: Planned, path: str, label: str) -> Iterator[Finding]:
        """Yield the names in the object, and inside it, that are not planned."""
        for name, value in given.items():
            where = child(path, name)
            if name not in planned.names and plain(name) not in planned.names:
                near = self._nearest(f"{label}\n{path}", name, planned.names)
                yield PLAN_UNPLANNED_PROPERTY.finding(
                    where,
                    f"unplanned {'trait' if path.startswith('$.traits') else 'property'}: "
                    f"{shown(name)} is not in the plan of {shorten(clean(label), 60)}",
                    fix=f"did you mean {shown(near)}?" if near and near not in given else None,
                )
                continue
            inside, listed = planned.names.get(name, (None, None))
            if isinstance(value, dict) and inside is not None:
                yield from self._unplanned(value, inside, where, label)
            elif isinstance(value, list) and listed is not None:
                for index, item in enumerate(value):
                    if isinstance(item, dict):
                        yield from self._unplanned(item, listed, child(where, index), label)

    def _nearest(self, among: str, given: str, names: Iterable[str]) -> str:
        """Return the name that was probably meant. Comparing is dear: it is done for the first names that
        come.
        """
        key = (among, given[:_NAME_COMPARED])
        if key in self._near:
            return self._near[key]
        if among not in self._spelled:
            self._spelled[among] = spellings(names)
        if len(self._near) >= _NEAR_KEPT:
            return same_name(key[1], self._spelled[among])
        self._near[key] = nearest(key[1], self._spelled[among])
        return self._near[key]


def compiled(plan: TrackingPlan) -> Plan:
    """Return the plan, ready to judge messages."""
    return Plan(plan)


def _judge(
    validator: Draft7Validator, document: JsonObject, broken: dict[tuple[str, str], Violation]
) -> None:
    """Add what the validator finds. The same of two rules counts once."""
    try:
        if validator.is_valid(document):
            return
        _collect(validator, document, broken)
    except UnicodeEncodeError:
        # Lone surrogates have no UTF-8: Segment's servers would see U+FFFD in their place.
        cleaned = _without_surrogates(document)
        if not validator.is_valid(cleaned):
            _collect(validator, cleaned, broken)
    except ValueError:
        # Nested deeper than the validator can hand back: it knows that something is wrong there, not what.
        violation = too_deep()
        broken[violation.path, violation.description] = violation


def _collect(validator: Draft7Validator, document: Json, broken: dict[tuple[str, str], Violation]) -> None:
    for error in validator.iter_errors(document):
        for violation in violations(error):
            broken.setdefault((violation.path, violation.description), violation)
        if len(broken) >= _MOST:
            return


def _without_surrogates(value: Json) -> Json:
    match value:
        case str():
            return plain(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {plain(name): _without_surrogates(item) for name, item in value.items()}
        case _:
            return value


def _compile(rule: PlanRule, faults: list[str]) -> Compiled:
    from jsonschema_rs import Draft7Validator, RegexOptions

    try:
        validator = Draft7Validator(
            rule.schema,
            formats={"date-time": is_date_time},
            validate_formats=True,
            pattern_options=RegexOptions(),
            offline=True,
        )
    except ValueError as error:
        why = getattr(error, "message", "") or str(error)
        words = shorten(clean(str(why).splitlines()[0] if why else "not a JSON Schema"), 160)
        faults.append(f"the rule {clean(rule.label)!r} is not checked: its schema cannot be used: {words}")
        return Compiled(rule)
    return Compiled(rule, validator, _planned_of(rule))


def _planned_of(rule: PlanRule) -> Planned | None:
    """Return the names that a rule plans for properties or traits; None where it leaves them open."""
    holder = _HOLDER.get(rule.type.lower())
    if holder is None or not isinstance(rule.schema, dict):
        return None
    parts = rule.schema.get("properties")
    inner = parts.get(holder) if isinstance(parts, dict) else None
    if not isinstance(inner, dict):
        return None
    names = _names(inner)
    # Segment counts everything as unplanned where a rule names nothing.
    return Planned({}) if names is None and _is_closed(inner) else names


def _is_closed(schema: Mapping[str, Any]) -> bool:
    return not (set(schema) - {"type", "description", "title", "labels", "$id"})


def _names(schema: JsonObject) -> Planned | None:
    """Return the names that an object's schema describes, through its alternatives; None where any name will
    do.
    """
    if "$ref" in schema or "patternProperties" in schema or "propertyNames" in schema:
        return None
    others = schema.get("additionalProperties")
    if others is True or isinstance(others, dict):
        return None
    names: dict[str, tuple[Planned | None, Planned | None]] = {}
    own = schema.get("properties")
    described = isinstance(own, dict)
    if isinstance(own, dict):
        for name, part in own.items():
            names[name] = _inside(part)
    for key in (*_ALTERNATIVES, *_CONDITIONS):
        parts = schema.get(key)
        for part in parts if isinstance(parts, list) else (parts,):
            if not isinstance(part, dict):
                continue
            if "$ref" in part:
                return None
            more = _names(part)
            if more is not None:
                described = True
                for name, inner in more.names.items():
                    names.setdefault(name, inner)
    return Planned(names) if described else None


def _inside(part: Json) -> tuple[Planned | None, Planned | None]:
    if not isinstance(part, dict):
        return None, None
    items = part.get("items")
    return _names(part), _names(items) if isinstance(items, dict) else None
