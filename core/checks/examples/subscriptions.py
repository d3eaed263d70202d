"""Examples of the rules on subscriptions."""

from __future__ import annotations

import msgspec

from ...destinations.actions.presets import preset_subscriptions
from ...messages import JsonObject
from ...settings import Subscription
from .example import Example, track

_PRESETS = preset_subscriptions()
_TRACK = _PRESETS[0]
_COPIES = msgspec.structs.replace(
    _TRACK, name="Copies", subscribe='type = "track"', mapping={**_TRACK.mapping, "event": "Copy"}
)
_BROWSER: JsonObject = {
    "ip": "203.0.113.7",
    "library": {"name": "analytics.js", "version": "next-1.84.3"},
    "userAgentData": {"mobile": False, "platform": "macOS"},
}


def with_system(subscription: Subscription) -> Subscription:
    """Return the subscription with Operating System from what analytics.js sends."""
    os_name: JsonObject = {"@path": "$.context.userAgentData.platform"}
    return msgspec.structs.replace(subscription, mapping={**subscription.mapping, "os_name": os_name})


SUBSCRIPTION_EXAMPLES: dict[str, Example] = {
    "subscription-double-count": Example(
        before=(track("Seat Taken", {"row": 4}),),
        after=(track("Seat Taken", {"row": 4}),),
        said="a second subscription to all track calls, then none",
        subscriptions=(*_PRESETS, _COPIES),
        subscriptions_after=_PRESETS,
    ),
    "os-missing": Example(
        before=(track("Tab Opened", {"tabs": 3}, context=_BROWSER),),
        after=(track("Tab Opened", {"tabs": 3}, context=_BROWSER),),
        said="Segment's presets, then with OS Name mapped",
        subscriptions_after=tuple(map(with_system, _PRESETS)),
    ),
}
