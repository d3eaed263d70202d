"""Subscriptions that tests of forwarding share: of events, of profiles, and of an increment."""

from segtap.core.settings import Subscription


def events(trigger: str = 'type = "track"') -> Subscription:
    """A Track Event subscription of what the trigger matches."""
    mapping = {
        "event": {"@path": "$.event"},
        "distinct_id": {"@path": "$.userId"},
        "insert_id": {"@path": "$.messageId"},
        "time": {"@path": "$.timestamp"},
        "event_properties": {"@path": "$.properties"},
    }
    return Subscription(trigger, "trackEvent", mapping, "Events")


PROFILES = Subscription(
    'type = "identify"',
    "identifyUser",
    {"user_id": {"@path": "$.userId"}, "traits": {"@path": "$.traits"}},
    "Profiles",
)
VISITS = Subscription(
    'type = "track" and event = "Visited"',
    "incrementProperties",
    {"user_id": {"@path": "$.userId"}, "increment": {"visits": 1}},
    "Visits",
)
"""An increment of the user's visits."""
