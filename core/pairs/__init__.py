"""Which Segment message and which record of Mixpanel's own SDK are two copies of one action. Pure.

In a page with device mode, each call goes to Segment and, by Mixpanel's SDK, straight to Mixpanel. The two
copies share no id: they are found by name, time and properties.
"""

from .actions import (
    Action,
    cloud_actions,
    device_action,
    event_action,
    given_parts,
    is_of_project,
    parts_of,
)
from .pairing import Pairing

__all__ = [
    "Action",
    "Pairing",
    "cloud_actions",
    "device_action",
    "event_action",
    "given_parts",
    "is_of_project",
    "parts_of",
]
