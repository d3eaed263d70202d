"""Which subscriptions can never send anything, and which calls have none left: for the start, the header and
the table of mappings."""

from __future__ import annotations

from ...errors import MappingError
from ...mapping.directives import compile_node
from ...mapping.never import calls_of, never_matches
from ...mapping.validate import checked
from ...settings import Destination, Subscription
from .presets import preset_subscriptions
from .translator import compile_subscription

MAX_SUBSCRIPTIONS = 50
"""Segment takes no more mappings in one destination."""
CALLS = ("track", "page", "screen", "identify", "group")
"""The calls that Segment's presets send; nothing is subscribed to alias by default."""


def fault_of(subscription: Subscription, place: int = 0) -> str:
    """Return why a subscription can never send: its trigger, action or mapping cannot be used; else "".

    `place` is its index in the destination's list.
    """
    try:
        compile_subscription(subscription)
        compile_node(checked(subscription.mapping))
        never = never_matches(subscription.subscribe)
    except MappingError as fault:
        return str(fault)
    if never:
        return f"The trigger matches no message: {never}."
    if place >= MAX_SUBSCRIPTIONS:
        return f"Segment takes {MAX_SUBSCRIPTIONS} mappings in a destination: this is number {place + 1}."
    return ""


def subscription_faults(destination: Destination) -> tuple[str, ...]:
    """Return the faults of the subscriptions that are on, each named: `subscription 2 (Orders): …`."""
    if destination.kind != "actions" or destination.subscriptions is None:
        return ()
    named = (
        (f"subscription {number}{f' ({one.name})' if one.name else ''}", fault_of(one, number - 1))
        for number, one in enumerate(destination.subscriptions, start=1)
        if one.enabled
    )
    return tuple(f"{name}: {fault}" for name, fault in named if fault)


def uncovered_calls(destination: Destination) -> tuple[str, ...]:
    """Return the calls that no subscription takes, whatever else they hold: nothing of them is sent."""
    if destination.kind != "actions" or destination.subscriptions is None:
        return ()
    taken: set[str] = set()
    for place, one in enumerate(destination.subscriptions):
        if one.enabled and not fault_of(one, place):
            taken |= calls_of(one.subscribe)
    return tuple(call for call in CALLS if call not in taken)


def uncovered_words(destination: Destination) -> str:
    """Say which calls are sent nowhere, and what that may come from; "" where every call may be sent."""
    calls = uncovered_calls(destination)
    if not calls:
        return ""
    *others, last = calls
    listed = f"{', '.join(others)} and {last}" if others else last
    why = "[[subscriptions]] replaces all presets"
    return f"no subscription takes {listed} calls, so that none of them is sent: {why} ({_presets(calls)})"


def _presets(calls: tuple[str, ...]) -> str:
    """Return the presets that take these calls, as settings: `preset = "Page Calls"`."""
    names = [one.name for one in preset_subscriptions() if calls_of(one.subscribe) & set(calls)]
    return ", ".join(f'preset = "{name}"' for name in names)
