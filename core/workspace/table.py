"""What each field of a subscription gets from a sample message: `segtap mappings show`, as data. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import msgspec

from ..destinations.actions.faults import fault_of
from ..destinations.actions.presets import preset_subscriptions
from ..errors import MappingError
from ..mapping import MISSING, Refused, compile_trigger
from ..mapping.near_miss import condition_words, miss_of
from ..mapping.origins import NOTHING, Origin, fields_of, value_of
from ..mapping.paths import walk
from ..mapping.trigger_syntax import Condition, passed_over
from ..mapping.triggers import NUMERIC
from ..mapping.validate import is_directive
from ..messages import Json, JsonObject
from ..settings import Destination, Subscription


class FieldRow(msgspec.Struct, frozen=True):
    """A field of the mapping: where its value comes from, and the value; `there` is False if it has none."""

    field: str
    source: str
    there: bool = False
    value: Json = None


class SubscriptionTable(msgspec.Struct, frozen=True, rename="camel"):
    """One subscription, the sample that it was tried on ("" if it matches none of them), and its fields.

    `passed_over` are the names in the trigger that Segment ignores.
    """

    name: str
    trigger: str
    enabled: bool
    action: str
    fault: str = ""
    passed_over: tuple[str, ...] = ()
    sample: str = ""
    fields: tuple[FieldRow, ...] = ()


def mapping_tables(destination: Destination, samples: Sequence[JsonObject]) -> tuple[SubscriptionTable, ...]:
    """Return each subscription, with the first of the samples that its trigger matches."""
    given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
    return tuple(_table(subscription, place, samples) for place, subscription in enumerate(given))


def _table(subscription: Subscription, place: int, samples: Sequence[JsonObject]) -> SubscriptionTable:
    sample = next((one for one in samples if _takes(subscription, one)), None)
    origins = fields_of(subscription.mapping, sample or {})
    rows = [
        row
        for field, node in subscription.mapping.items()
        for row in _rows(field, node, origins.get(field, NOTHING), sample)
    ]
    return SubscriptionTable(
        name=subscription.name,
        trigger=subscription.subscribe,
        enabled=subscription.enabled,
        action=subscription.partner_action,
        fault=fault_of(subscription, place) or ("" if sample else _text_for_number(subscription, samples)),
        passed_over=passed_over(subscription.subscribe),
        sample="" if sample is None else sample_name(sample),
        fields=tuple(rows),
    )


def _rows(field: str, node: Json, origin: Origin, sample: JsonObject | None) -> Iterator[FieldRow]:
    """Yield a row for a field; for an object of fields, one for each of them."""
    if isinstance(node, dict) and node and not is_directive(node):
        for key, inner in node.items():
            yield from _rows(f"{field}.{key}", inner, origin.part(key), sample)
        return
    value = MISSING if sample is None else value_of(node, sample)
    yield FieldRow(field, origin.words, value is not MISSING, None if value is MISSING else value)


def _takes(subscription: Subscription, message: JsonObject) -> bool:
    try:
        return compile_trigger(subscription.subscribe)(message)
    except (MappingError, Refused):
        return False


def _text_for_number(subscription: Subscription, samples: Sequence[JsonObject]) -> str:
    """Say that the trigger misses a sample only because a number is sent as a string; "" otherwise."""
    for sample in samples:
        try:
            failing = miss_of(subscription.subscribe, sample).failing
        except MappingError:
            return ""
        texts = [(one, value) for one in failing if isinstance(value := _number_as_text(one, sample), str)]
        if texts and len(texts) == len(failing):
            condition, value = texts[0]
            return (
                f"{condition_words(condition)} compares numbers, and {sample_name(sample)} has the text "
                f"{json.dumps(value, ensure_ascii=False)}. Send it as a number, or compare it as text."
            )
    return ""


def _number_as_text(condition: Condition | None, sample: JsonObject) -> str | None:
    """Return the string that a condition on numbers found, if it reads as a number."""
    if condition is None or condition.operator not in NUMERIC:
        return None
    value = walk(sample.get(condition.place), condition.path)
    try:
        return value if isinstance(value, str) and float(value) == float(value) else None
    except ValueError:
        return None


def sample_name(message: JsonObject) -> str:
    """Name a message: `track Order Completed (messageId)`."""
    parts = [message.get("type"), message.get("event") or message.get("name")]
    words = " ".join(part for part in parts if isinstance(part, str))
    id = message.get("messageId")
    return f"{words} ({id})" if isinstance(id, str) and id else words
