"""A tracking plan out of traffic: types, what is always there, few repeated values, nested objects. Pure.

What is kept is bounded: beyond the limits below a value is left open, never wrong. The traffic that a plan
was inferred from keeps to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..messages import Json, JsonObject
from .formats import is_whole_date_time
from .model import PlanRule, RuleType, TrackingPlan, event_version, plain

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
MAX_NAMES = 300
"""Names in an object after which they are taken for data: the object is left open."""
MAX_EVENTS = 2_000
MAX_PAGES = 100
"""Named pages or screens after which one rule describes them all."""
MAX_DEPTH = 12
MAX_VALUES = 10
"""A text with at most so many values, each seen some times, is one of them."""
LONGEST_VALUE = 40
FEWEST_SEEN = 6
REPEATED = 3

_CALLS: dict[str, RuleType] = {
    "track": "TRACK",
    "page": "PAGE",
    "screen": "SCREEN",
    "identify": "IDENTIFY",
    "group": "GROUP",
}
_ORDER: tuple[RuleType, ...] = ("TRACK", "PAGE", "SCREEN", "IDENTIFY", "GROUP")
_TYPES = ("string", "boolean", "integer", "number", "object", "array", "null")
_ENUM_VALUE = re.compile(r"[^\W\d_][\w .&+/-]*|[A-Z]{2,3}")
_UNBOUNDED_NAME = re.compile(
    r"(^|[_\s.-])(id|ids|uuid|guid|key|token|hash|email|e-?mail|phone|name|title|url|uri|href|path|referrer|search|query"
    r"|message|description|comment|text|address|street|city|zip|postal|ip|sku|coupon|date|time|timestamp)$|"
    r"[a-z](Id|Ids|Uuid|Key|Token|Hash|Email|Phone|Name|Title|Url|Path|Query|Message|Description|Address|City|At|Date)$",
)
"""Names whose values are no choice of a few, however few were seen."""
_AMOUNT = re.compile(
    r"price|total|amount|revenue|value|cost|tax|shipping|discount|fee|rate|ratio|score|percent|balance|ltv|lat|lon|lng"
    r"|weight|height|width|duration|seconds|distance",
    re.IGNORECASE,
)
"""Names whose numbers may have a fraction, though none was seen."""


class Shape:
    """What was seen of one value."""

    __slots__ = ("dates", "depth", "items", "names", "open", "seen", "types", "values")

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.seen = 0
        self.types: Counter[str] = Counter()
        self.names: dict[str, Shape] = {}
        self.items: Shape | None = None
        self.values: set[str] | None = set()
        """The texts seen; None once there are too many of them, or they are no words."""
        self.dates = True
        self.open = depth >= MAX_DEPTH

    def add(self, value: Json) -> None:
        """Take one more value into account."""
        self.seen += 1
        if value is None:
            self.types["null"] += 1
        elif isinstance(value, bool):
            self.types["boolean"] += 1
        elif isinstance(value, str):
            self.types["string"] += 1
            self._add_text(value)
        elif isinstance(value, int):
            self.types["integer"] += 1
        elif isinstance(value, float):
            # NaN and Infinity are null in JSON.
            finite = value - value == 0
            self.types["null" if not finite else "integer" if value.is_integer() else "number"] += 1
        elif isinstance(value, list):
            self.types["array"] += 1
            if not self.open:
                self.items = self.items or Shape(self.depth + 1)
                for item in value:
                    self.items.add(item)
        else:
            self.types["object"] += 1
            self._add_object(value)

    def _add_text(self, text: str) -> None:
        if self.dates and not is_whole_date_time(text):
            self.dates = False
        if self.values is None:
            return
        if len(text) > LONGEST_VALUE or not _ENUM_VALUE.fullmatch(text):
            self.values = None
        else:
            self.values.add(text)
            if len(self.values) > MAX_VALUES:
                self.values = None

    def _add_object(self, value: JsonObject) -> None:
        if self.open:
            return
        for name, part in value.items():
            name = plain(name)
            shape = self.names.get(name)
            if shape is None:
                if len(self.names) >= MAX_NAMES:
                    self.open, self.names = True, {}
                    return
                shape = self.names[name] = Shape(self.depth + 1)
            shape.add(part)

    def schema(self, name: str = "", *, required: bool = True) -> JsonObject:
        """Return a JSON Schema of what was seen. `name` is the value's own, `required` whether names may be
        that.
        """
        made: JsonObject = {}
        types = [kind for kind in _TYPES if self.types[kind]]
        if "integer" in types and ("number" in types or _AMOUNT.search(name)):
            types = [kind for kind in types if kind not in ("integer", "number")] + ["number"]
        if types and types != ["null"]:  # nothing but null says nothing of the type
            made["type"] = types[0] if len(types) == 1 else list[Json](types)
        if self.types["string"]:
            self._describe_text(made, name)
        if self.types["array"] and self.items is not None and self.items.seen and not self.open:
            made["items"] = self.items.schema(name)
        if self.types["object"]:
            self._describe_object(made, required=required)
        return made

    def _describe_text(self, made: JsonObject, name: str) -> None:
        texts = self.types["string"]
        if self.dates:
            made["format"] = "date-time"
        elif (
            self.values
            and texts >= max(FEWEST_SEEN, REPEATED * len(self.values))
            and set(self.types) <= {"string", "null"}
            and not _UNBOUNDED_NAME.search(name)
        ):
            nothing: list[Json] = [None] if self.types["null"] else []
            made["enum"] = [*sorted(self.values), *nothing]

    def _describe_object(self, made: JsonObject, *, required: bool) -> None:
        if self.open:
            made["additionalProperties"] = True
            return
        made["properties"] = {name: shape.schema(name) for name, shape in sorted(self.names.items())}
        always = [name for name, shape in sorted(self.names.items()) if shape.seen == self.types["object"]]
        if required and always:
            made["required"] = list[Json](always)


class _Seen:
    """One rule in the making."""

    def __init__(self) -> None:
        self.messages = 0
        self.holder = Shape()

    def add(self, document: JsonObject, holder: str) -> None:
        self.messages += 1
        if holder in document:
            self.holder.add(document[holder])


class Inference:
    """The inference of a plan that messages keep to; they are added one by one.

    `messages` counts those that shaped it, `passed_over` those that no rule can describe: alias calls, and
    calls without a type or an event's name.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.passed_over = 0
        self._rules: dict[tuple[RuleType, str, int], _Seen] = {}
        self._all_of: dict[RuleType, _Seen] = {}
        self._names: dict[RuleType, set[str]] = {}

    def add(self, document: JsonObject) -> None:
        """Take one message into account. Never raises on a message."""
        call = document.get("type")
        kind = _CALLS.get(call) if isinstance(call, str) else None
        if kind is None:
            self.passed_over += 1
            return
        named = document.get("event" if kind == "TRACK" else "name")
        name = plain(named) if isinstance(named, str) and kind in ("TRACK", "PAGE", "SCREEN") else ""
        if kind == "TRACK" and not name:
            self.passed_over += 1
            return
        names = self._names.setdefault(kind, set())
        if kind == "TRACK" and name not in names and len(names) >= MAX_EVENTS:
            self.passed_over += 1
            return
        self.messages += 1
        names.add(name)
        holder = "traits" if kind in ("IDENTIFY", "GROUP") else "properties"
        if kind in ("PAGE", "SCREEN"):
            self._all_of.setdefault(kind, _Seen()).add(document, holder)
            if len(names) > MAX_PAGES:
                return
        self._rules.setdefault((kind, name, event_version(document) or 1), _Seen()).add(document, holder)

    def plan(self, name: str = "Inferred by segtap") -> TrackingPlan:
        """Return the plan: events by name, then pages, screens, traits of users and of groups."""
        rules: list[PlanRule] = []
        for kind in _ORDER:
            if len(self._names.get(kind, ())) > MAX_PAGES and kind in self._all_of:
                rules.append(_rule(kind, "", 1, self._all_of[kind]))
                continue
            found = sorted((key, version) for of, key, version in self._rules if of == kind)
            rules += (_rule(kind, key, version, self._rules[kind, key, version]) for key, version in found)
        return TrackingPlan(name=name, rules=tuple(rules))


def infer(documents: Iterable[JsonObject], name: str = "Inferred by segtap") -> TrackingPlan:
    """Return the plan that all these messages keep to."""
    inference = Inference()
    for document in documents:
        inference.add(document)
    return inference.plan(name)


def _rule(kind: RuleType, key: str, version: int, seen: _Seen) -> PlanRule:
    # Segment's advice: traits stay optional, for calls pass only those that are new or changed.
    traits = kind in ("IDENTIFY", "GROUP")
    holder = "traits" if traits else "properties"
    described = seen.holder.schema(required=not traits)
    if not described:
        # There was none, or it was null.
        described["type"] = ["object", "null"] if seen.holder.seen else "object"
        described["properties"] = {}
    parts: JsonObject = {"context": {}, "properties": {}, "traits": {}}
    parts[holder] = described
    schema: JsonObject = {"$schema": DRAFT_7, "type": "object", "properties": parts}
    if not traits and described.get("required") and seen.holder.seen == seen.messages:
        schema["required"] = [holder]
    return PlanRule(type=kind, key=key, schema=schema, version=version)
