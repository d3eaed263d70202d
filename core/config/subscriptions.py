"""`[[subscriptions]]` of segtap.toml: read into `Subscription`s, and written back so that the same come out.

A table has `name`, `trigger`, `action`, `enabled` and `mapping`, a field a line. With
`preset = "Track Calls"` it begins as that preset of Segment's: what else stands there takes the place of the
preset's own, field by field, and `without` leaves fields of the preset out. A mapping that TOML cannot hold,
for it has no null, stands there as JSON in a text.
"""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Sequence
from typing import cast

import msgspec

from ..destinations.actions.presets import optional_subscriptions, preset_subscriptions
from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..settings import Subscription
from ..toml_text import fits_toml, toml_key, toml_value
from .nearest import nearest_key
from .tables import tables_of


class SubscriptionTable(msgspec.Struct, kw_only=True):
    """One of `[[subscriptions]]`: a trigger and the mapping of a subscription of Mixpanel (Actions)."""

    name: str = ""
    trigger: str = ""
    """Which messages, in Segment's query language: `type = "track"`."""
    action: str = ""
    """The action's name in Segment, such as `trackEvent`."""
    enabled: bool = True
    preset: str = ""
    """Segment's preset to begin from; what else stands here takes the place of the preset's own."""
    mapping: JsonObject | str = {}
    """A value or directive for each field; as JSON in a text if it needs null."""
    without: tuple[str, ...] = ()
    """Fields of the preset that are left out."""


KEYS = tuple(field.name for field in msgspec.structs.fields(SubscriptionTable))
OTHER_NAMES = {"subscribe": "trigger", "partnerAction": "action", "partner_action": "action"}
"""Segment's own names for the same."""


def read_subscriptions(tables: Json, place: str) -> tuple[Subscription, ...]:
    """Read the subscriptions of a file's `[[subscriptions]]`; `place` names the file.

    Raises SettingsError naming the place, the subscription and what is wrong with it. `subscription_faults`
    finds triggers and mappings that cannot be used.
    """
    checked = tables_of(
        tables, f"{place}: subscriptions are tables. Write each below a line [[subscriptions]]."
    )
    return tuple(_Table(table, place, number).subscription() for number, table in enumerate(checked, start=1))


def presets_by_name() -> dict[str, Subscription]:
    """Return Segment's presets, and the actions that none of them subscribes, by the name that `preset`
    takes.
    """
    return {preset.name: preset for preset in (*preset_subscriptions(), *optional_subscriptions())}


class _Table:
    """One table, and the messages for its faults."""

    def __init__(self, table: JsonObject, place: str, number: int) -> None:
        self._table = table
        name = table.get("name") or table.get("preset")
        which = f" ({name})" if isinstance(name, str) else ""
        self._place = f"{place}: subscription {number}{which}"

    def subscription(self) -> Subscription:
        table = self._table
        for key in table:
            self._known(key)
        base = self._preset()
        trigger = self._text("trigger") or (base.subscribe if base else "")
        action = self._text("action") or (base.partner_action if base else "")
        for key, value in (("trigger", trigger), ("action", action)):
            if not value:
                raise self._fault(f'has no {key}. Add one, or begin from a preset: preset = "Track Calls"')
        enabled = table.get("enabled", True)
        if not isinstance(enabled, bool):
            raise self._fault("has an enabled that is neither true nor false")
        return Subscription(
            subscribe=trigger,
            partner_action=action,
            mapping=self._mapping(base),
            name=self._text("name") or (base.name if base else ""),
            enabled=enabled,
        )

    def _known(self, key: str) -> None:
        if key in KEYS:
            return
        hint = f"Did you mean {OTHER_NAMES[key]}?" if key in OTHER_NAMES else nearest_key(key, KEYS)
        raise self._fault(f"has no key {key!r}. {hint}")

    def _text(self, key: str) -> str:
        value = self._table.get(key, "")
        if not isinstance(value, str):
            raise self._fault(f"has a {key} that is not a text. Put it into quotes")
        return value

    def _preset(self) -> Subscription | None:
        name = self._text("preset")
        if not name:
            return None
        presets = presets_by_name()
        if name not in presets:
            near = difflib.get_close_matches(name, presets, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(presets)}."
            raise self._fault(f"begins from a preset that Segment does not have: {name!r}. {hint}")
        return presets[name]

    def _mapping(self, base: Subscription | None) -> JsonObject:
        own = self._own_mapping()
        without = self._table.get("without", [])
        if not isinstance(without, list) or not all(isinstance(field, str) for field in without):
            raise self._fault('has a without that is not a list of fields, such as ["idfa"]')
        if base is None:
            if without:
                raise self._fault("has a without, which takes fields off a preset, but no preset")
            if "mapping" not in self._table:
                raise self._fault("has no mapping. Write one below [subscriptions.mapping], a field a line")
            return own
        for field in cast("list[str]", without):
            if field not in base.mapping:
                raise self._fault(f"leaves out {field!r}, which the preset does not have")
        kept = {field: node for field, node in base.mapping.items() if field not in without}
        return {**kept, **own}

    def _own_mapping(self) -> JsonObject:
        given = self._table.get("mapping", {})
        if isinstance(given, str):
            try:
                given = cast(Json, json.loads(given))
            except ValueError as error:
                raise self._fault(f"has a mapping in a text that is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise self._fault("has a mapping that is not a table of fields")
        self._only_json(given, "mapping")
        return given

    def _only_json(self, value: object, path: str) -> None:
        """Refuse dates, infinity and nan: TOML has them, no mapping of Segment's can hold them."""
        if isinstance(value, dict):
            for key, item in cast("dict[str, object]", value).items():
                self._only_json(item, f"{path}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(cast("list[object]", value)):
                self._only_json(item, f"{path}[{index}]")
        elif isinstance(value, (datetime.date, datetime.time)):
            raise self._fault(f"has a date without quotes at {path}. Put it into quotes")
        elif isinstance(value, float) and value - value != 0:
            raise self._fault(f"has {value} at {path}, which is not a number in JSON")

    def _fault(self, words: str) -> SettingsError:
        return SettingsError(f"{self._place} {words}{'' if words.endswith(('.', '?')) else '.'}")


def write_subscriptions(subscriptions: Sequence[Subscription]) -> str:
    """Return the `[[subscriptions]]` of a file; `read_subscriptions` gives the same back, key order
    included.
    """
    return "\n".join(map(_write, subscriptions))


def _write(subscription: Subscription) -> str:
    lines = ["[[subscriptions]]"]
    if subscription.name:
        lines.append(f"name = {toml_value(subscription.name)}")
    lines.append(f"trigger = {toml_value(subscription.subscribe)}")
    lines.append(f"action = {toml_value(subscription.partner_action)}")
    if not subscription.enabled:
        lines.append("enabled = false")
    mapping = subscription.mapping
    if fits_toml(mapping):
        lines.append("[subscriptions.mapping]")
        lines += [f"{toml_key(field)} = {toml_value(node)}" for field, node in mapping.items()]
    else:
        lines.append("# As JSON, for TOML has no null.")
        lines.append(f"mapping = {_json_text(mapping)}")
    return "\n".join(lines) + "\n"


def _json_text(mapping: JsonObject) -> str:
    """Write JSON with a field a line as a literal text; as an escaped one if it contains three quotes."""
    fields = (f"  {json.dumps(field)}: {json.dumps(node)}" for field, node in mapping.items())
    text = ("{\n" + ",\n".join(fields) + "\n}").replace("\x7f", "\\u007f")
    return f"'''\n{text}\n'''" if "'''" not in text else toml_value(text)
