"""The subscriptions that a new Mixpanel (Actions) destination starts with: mixpanel_presets.json.

There, `shared` holds mappings that several subscriptions have in common (`with`), and `optional` holds
actions that Segment offers but that nothing subscribes until the user does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ...messages import JsonObject
from ...settings import Subscription

_FILE = Path(__file__).with_name("mixpanel_presets.json")


class _Preset(msgspec.Struct, rename="camel"):
    name: str
    subscribe: str
    partner_action: str
    mapping: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    with_: list[str] = msgspec.field(default_factory=list[str], name="with")


class _Presets(msgspec.Struct):
    shared: dict[str, dict[str, Any]]
    subscriptions: list[_Preset]
    optional: list[_Preset]


@cache
def _presets() -> _Presets:
    return msgspec.json.decode(_FILE.read_bytes(), type=_Presets)


def _subscription(preset: _Preset, shared: dict[str, dict[str, Any]]) -> Subscription:
    mapping: JsonObject = {}
    for name in preset.with_:
        mapping.update(shared[name])
    mapping.update(preset.mapping)
    return Subscription(
        subscribe=preset.subscribe, partner_action=preset.partner_action, mapping=mapping, name=preset.name
    )


@cache
def preset_subscriptions() -> tuple[Subscription, ...]:
    """Return the presets, in Segment's order."""
    presets = _presets()
    return tuple(_subscription(preset, presets.shared) for preset in presets.subscriptions)


@cache
def optional_subscriptions() -> tuple[Subscription, ...]:
    """Return actions that no preset subscribes (alias, incrementProperties), with their default mappings."""
    presets = _presets()
    return tuple(_subscription(preset, presets.shared) for preset in presets.optional)


@cache
def preset_path(field: str) -> str:
    """Return the path in the message that the presets of events map to a field; the first of several."""
    return _path(_presets().shared["event"][field])


@cache
def preset_paths(field: str) -> dict[str, str]:
    """Return the path in the message of each member of a field that the presets map to an object."""
    return {name: _path(node) for name, node in _presets().shared["event"][field].items()}


def _path(node: dict[str, Any]) -> str:
    while "@if" in node:
        node = node["@if"]["then"]
    return node["@path"]
