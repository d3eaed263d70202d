"""The mapping behind a request: which field is not in it, and the line that maps it as the presets do."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from ..destinations.actions.fields import ACTION_FIELDS
from ..destinations.actions.presets import optional_subscriptions, preset_subscriptions
from ..mapping.origins import NOTHING, Origin, fields_of
from ..mapping.validate import is_directive
from ..messages import Json, JsonObject
from ..settings import Destination, Subscription
from ..text import shown
from ..toml_text import toml_value
from ..verdict import Translation
from . import group_keys

REPLACES_ALL = "in segtap.toml, [[subscriptions]] replaces all presets: write the others with it"
"""What somebody has to know who has no subscriptions in the settings yet."""


class Translated(Protocol):
    """A message and what became of it; `Subject` and `Seen` are such."""

    @property
    def document(self) -> JsonObject: ...
    @property
    def destination(self) -> Destination: ...
    @property
    def translation(self) -> Translation: ...


def subscription_of(of: Translated, request: int) -> Subscription | None:
    """Return the subscription that made a request; None for the classic destination, which has none."""
    return group_keys.subscription_of(of.translation.operations[request], of.destination)


def leaves_out(subscription: Subscription, field: str) -> bool:
    """Tell whether the mapping has no such field. A mapping that is one directive may make any field."""
    return field not in subscription.mapping and not is_directive(subscription.mapping)


def origin(of: Translated, subscription: Subscription, field: str) -> Origin:
    """Follow a field of the mapping in this message."""
    return fields_of(subscription.mapping, of.document).get(field, NOTHING)


@cache
def _defaults(action: str) -> JsonObject:
    """Return the mapping that Segment's presets have for an action."""
    for one in (*preset_subscriptions(), *optional_subscriptions()):
        if one.partner_action == action:
            return one.mapping
    return {}


def is_default(subscription: Subscription, field: str) -> bool:
    """Tell whether a field is mapped as in Segment's presets."""
    node = subscription.mapping.get(field)
    return node is not None and node == _defaults(subscription.partner_action).get(field)


def label(subscription: Subscription, field: str) -> str:
    """Return what Segment's mapping editor calls the field."""
    fields = ACTION_FIELDS.get(subscription.partner_action, ())
    return next((one.label for one in fields if one.name == field), field)


def named(subscription: Subscription) -> str:
    """Return a subscription in a sentence: `subscription 'Track Calls'`."""
    return f"subscription '{shown(subscription.name or subscription.partner_action, 60)[1:-1]}'"


def map_fix(of: Translated, subscription: Subscription, field: str, node: Json = None) -> str:
    """Say which line of the mapping brings a field: as `node` has it, else as Segment's presets do."""
    if node is None:
        node = _defaults(subscription.partner_action)[field]
    line = f"{field} = {toml_value(node)}"
    fix = f"map {label(subscription, field)} in {named(subscription)}: {line}"
    return f"{fix} ({REPLACES_ALL})" if of.destination.subscriptions is None else fix


def not_brought(of: Translated, subscription: Subscription, field: str, path: str) -> tuple[str, str]:
    """Say why a subscription's mapping brings nothing in a field, and return the path to name for it.

    `path` is the one to name where the mapping lacks the field, or reads it from no single place of the
    message.
    """
    if leaves_out(subscription, field):
        return f"{named(subscription)} does not map {field}", path
    found = origin(of, subscription, field)
    words = f"{field} of {named(subscription)} is mapped to {found.words}, which this message does not have"
    return words, found.words if found.keys else path
