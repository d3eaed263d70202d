"""Rules of Segment's own spec: reserved traits, the events of shops and mobile apps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ..catalogue import spec as rule
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown
from ..verdict import Finding
from .numbers import written_number
from .spec_names import SPEC, near_event, near_product_property, near_property, squash, styles
from .subject import Subject

_TRAIT_STYLES = styles(SPEC.traits)
_TRAITS = frozenset((*SPEC.traits, "created_at"))
"""Mixpanel's destination reads created_at as well as createdAt."""

_BY_EXACT_NAME = "Order Completed"
"""The event that Segment's Mixpanel destination treats otherwise than the rest."""

_KINDS = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "list": "a list",
    "products": "a list of objects",
}


def spec_event_name(subject: Subject) -> Iterator[Finding]:
    event = subject.document.get("event")
    near = near_event(event) if isinstance(event, str) else None
    if near is None:
        return
    # A style of one's own for all names is a choice, and costs nothing in Mixpanel, but for the order.
    choice = near.style and near.name != _BY_EXACT_NAME
    yield rule.SPEC_EVENT_NAME.finding(
        "$.event",
        f'event {shown(event)} is not in Segment\'s spec: did you mean "{near.name}"?',
        fix=f"name it {near.name}, or plainly otherwise",
        severity="info" if choice else None,
    )


def spec_properties(subject: Subject) -> Iterator[Finding]:
    """Find spec-property-missing, -name and -type in events that the spec has, or nearly has."""
    event = subject.document.get("event")
    properties = subject.properties
    near = near_event(event) if isinstance(event, str) else None
    meant_event = near.name if near is not None else event
    known = SPEC.events.get(meant_event) if isinstance(meant_event, str) else None
    if known is None or not isinstance(meant_event, str):
        yield from _revenue(properties)
        return
    misnamed: set[str] = set()
    for name, value in properties.items():
        kind = known.properties.get(name)
        if kind is None:
            meant = near_property(meant_event, name)
            if meant is not None and properties.get(meant) is None:
                misnamed.add(meant)
                yield _misnamed("$.properties", name, meant)
        elif value is not None and not _fits(value, kind):
            if not _written_number(value, kind):
                yield _wrong_kind("$.properties", name, value, kind)
        elif kind == "products" and isinstance(value, list):
            yield from _products(value)
    missing = [name for name in known.expected if properties.get(name) is None and name not in misnamed]
    if missing and near is None:
        yield rule.SPEC_PROPERTY_MISSING.finding(
            "$.properties",
            f"{event} has no {' and no '.join(missing)}",
            fix=f"send {' and '.join(missing)}",
        )


def number_in_spec(subject: Subject, where: str, holder: Sequence[str | int], name: str) -> bool:
    """Return whether Segment's spec wants a number as `name`, in the object to which the steps lead from
    `where`.
    """
    if where == "$.traits":
        return subject.type == "identify" and not holder and SPEC.traits.get(name) == "number"
    if where != "$.properties" or subject.type != "track":
        return False
    event = subject.document.get("event")
    near = near_event(event) if isinstance(event, str) else None
    known = SPEC.events.get(near.name if near is not None else str(event))
    if not holder:
        return name == "revenue" or (known is not None and known.properties.get(name) == "number")
    in_products = (
        len(holder) == 2 and known is not None and known.properties.get(str(holder[0])) == "products"
    )
    return in_products and SPEC.groups["product"].get(name) == "number"


def _revenue(properties: JsonObject) -> Iterator[Finding]:
    """Find mistakes in `revenue`, which is the spec's in every event."""
    revenue = properties.get("revenue")
    if isinstance(revenue, str) and revenue and not written_number(revenue):
        yield _wrong_kind("$.properties", "revenue", revenue, "number")


def _products(products: list[Json]) -> Iterator[Finding]:
    named: set[str] = set()
    for index, product in enumerate(products):
        if not isinstance(product, dict):
            continue
        where = f"$.properties.products[{index}]"
        for name, value in product.items():
            kind = SPEC.groups["product"].get(name)
            if kind is None:
                meant = near_product_property(name)
                if meant is None or meant in product or name in named:
                    continue
                named.add(name)
                yield _misnamed(where, name, meant)
            elif value is not None and name not in named and not _fits(value, kind):
                if _written_number(value, kind):
                    continue
                named.add(name)
                yield _wrong_kind(where, name, value, kind)


def _fits(value: Json, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "string":
        return not isinstance(value, (list, dict, bool))  # numbers as ids are common, and do no harm
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "object":
        return isinstance(value, dict)
    if kind == "list":
        return isinstance(value, list)
    if kind == "products":
        return isinstance(value, list) and all(isinstance(product, dict) for product in value)
    return True


def _written_number(value: Json, kind: str) -> bool:
    """Return True where number-as-text says what is wrong."""
    return kind == "number" and isinstance(value, str) and written_number(value) is not None


def _misnamed(where: str, name: str, meant: str) -> Finding:
    return rule.SPEC_PROPERTY_NAME.finding(
        child(where, name),
        f"property {shown(name, 40)} is not in Segment's spec: did you mean {meant}?",
        fix=f"write it {meant}",
    )


def _wrong_kind(where: str, name: str, value: Json, kind: str) -> Finding:
    return rule.SPEC_PROPERTY_TYPE.finding(
        child(where, name),
        f"{name} is {shown(value, 40)}: Segment's spec wants {_KINDS[kind]}",
        fix=f"send {_KINDS[kind]}",
    )


@lru_cache(maxsize=4096)
def _trait_meant(name: str) -> str | None:
    """Return Segment's trait that a name is in another style; None if it is none."""
    return _TRAIT_STYLES.get(squash(name)) if len(name) < 20 else None


def traits(subject: Subject) -> Iterator[Finding]:
    """Find trait-name and trait-type."""
    held = subject.document.get("traits")
    if not isinstance(held, dict):
        return
    for name, value in held.items():
        kind = SPEC.traits.get(name)
        if kind is not None:
            if value is not None and not _fits(value, kind) and kind in ("string", "object"):
                yield rule.TRAIT_TYPE.finding(
                    child("$.traits", name),
                    f"{name} is {shown(value, 40)}: Segment's spec wants {_KINDS[kind]}",
                    fix=f"send {_KINDS[kind]}",
                )
        elif name not in _TRAITS and subject.destination.kind == "actions" and not name.startswith("$"):
            meant = _trait_meant(name)
            if meant is not None and held.get(meant) is None:
                yield rule.TRAIT_NAME.finding(
                    child("$.traits", name),
                    f"trait {shown(name, 40)} is not Segment's: did you mean {meant}?",
                    fix=f"write it {meant}",
                )
