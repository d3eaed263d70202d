"""Which subscriptions can never send anything, and why: told at the start, in the header and in a table."""

from __future__ import annotations

from ...errors import MappingError
from ...mapping.directives import checked, compile_node
from ...settings import Destination, Subscription
from .translator import compile_subscription


def fault_of(subscription: Subscription) -> str:
    """Why a subscription can never send: its trigger, action or mapping cannot be used; else ""."""
    try:
        compile_subscription(subscription)
        compile_node(checked(subscription.mapping))
    except MappingError as fault:
        return str(fault)
    return ""


def subscription_faults(destination: Destination) -> tuple[str, ...]:
    """The faults of the subscriptions that are on, each named: `subscription 2 (Orders): …`."""
    if destination.kind != "actions" or destination.subscriptions is None:
        return ()
    named = (
        (f"subscription {number}{f' ({one.name})' if one.name else ''}", fault_of(one))
        for number, one in enumerate(destination.subscriptions, start=1)
        if one.enabled
    )
    return tuple(f"{name}: {fault}" for name, fault in named if fault)
