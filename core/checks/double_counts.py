"""The rule on a message that several subscriptions send to Mixpanel as events."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.subscriptions import SUBSCRIPTION_DOUBLE_COUNT
from ..messages import Json
from ..places import read_place
from ..text import shown
from ..verdict import Finding
from .mapped import (
    subscription_of,
)
from .subject import Subject


def subscription_double_count(subject: Subject) -> Iterator[Finding]:
    """Yield where several subscriptions make an event of the message, and what Mixpanel makes of them."""
    if subject.destination.kind != "actions":
        return
    firsts = [event for event in subject.events if event[0].endswith(".body[0]")]
    if len(firsts) < 2:
        return
    path = firsts[-1][0]
    by = [subscription_of(subject, read_place(event[0]).request) for event in firsts]
    makers = " and ".join(f"'{shown(one.name or one.partner_action, 40)[1:-1]}'" for one in by if one)
    events = [record["event"] for _, record, _ in firsts]
    if (
        len(
            {
                _counted_once(event, properties)
                for event, (_, _, properties) in zip(events, firsts, strict=True)
            }
        )
        == 1
    ):
        what = (
            f"{makers} both send {shown(events[0], 60)} with the same insert id: Mixpanel keeps one of them"
        )
    else:
        names = " and ".join(shown(event, 60) for event in events)
        what = f"{makers} each send an event: Mixpanel counts {len(firsts)}, {names}"
    condition = _leaving_out(subject)
    narrower = f"add {condition} to its trigger, or " if condition else ""
    yield SUBSCRIPTION_DOUBLE_COUNT.finding(
        f"{path}.event",
        what,
        fix=f"leave it to one subscription: {narrower}switch {makers.rpartition(' and ')[2]} off",
    )


def _counted_once(event: Json, properties: dict[str, Json]) -> tuple[str, ...]:
    """Return what Mixpanel takes for one and the same event."""
    keys = ("$insert_id", "distinct_id", "time")
    return (str(event), *(str(properties.get(key)) for key in keys))


def _leaving_out(subject: Subject) -> str:
    """Return a condition that this message does not meet, as Segment writes it; "" where that cannot be
    written.
    """
    key = "event" if subject.type == "track" else "name"
    name = subject.document.get(key)
    if not isinstance(name, str) or '"' in name or len(name) > 60:
        return ""
    return f'{key} != "{shown(name, 70)[1:-1]}"'
