"""The families of rules that a first look at a message can tell apart, each as one bit."""

from __future__ import annotations

FIELDS = 1 << 0
"""A field that is unknown, misplaced or of an unusual kind, in the message or its context."""
TIME = 1 << 1
"""A timestamp that is not a plain date, or a time that Mixpanel would not keep."""
IDS = 1 << 2
"""An id that was not seen before, or that is not a usual text."""
VALUES = 1 << 3
"""A name of a property that was not seen before, a number as text, or one that is too large."""
SENT = 1 << 4
"""A record with a name or a value that Mixpanel may not take as it is."""
NAMES = 1 << 5
"""The name of an event, page or screen that is not plain."""
UNNAMED = 1 << 6
"""An event that is named as pages without a name are."""
SPEC = 1 << 7
"""An event that Segment's spec has, or nearly has, or revenue as text."""
NOBODY = 1 << 8
"""An event or a profile that may be nobody's."""
MESSAGE_ID = 1 << 9
"""An insert id that is not the messageId that was sent."""
INSERT_ID = 1 << 10
"""An insert id that is not a UUID."""
ADDRESS = 1 << 11
"""A record without the user's address, or with one that leads to no place."""
CRAWLER = 1 << 12
LOST = 1 << 13
"""A property that is not in the event as it was sent."""
OVERRIDES = 1 << 14
"""A property with a name under which Segment fills in another value."""
COUNTRY = 1 << 15
CAMPAIGN = 1 << 16
"""A campaign in the context, or the parameters of one in an address."""
CONTEXT_TRAITS = 1 << 17
