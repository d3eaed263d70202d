"""The stories as viewers are given them: the timeline of a user, and the properties of an event over time."""

from __future__ import annotations

import msgspec

from ..aggregates.model import Overview
from ..api.models import Coverage, Summary
from ..identities.model import Cluster, Link
from ..verdict import Severity


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a user.

    `id` is the one that it came with, `known` is True for a userId. `about` says what it was about: a path,
    an order, a property. `late` is how much later than its timestamp it was received (ms, negative for a
    timestamp in the future), 0 within a minute. `rules` are those with an error or a warning, errors first.
    `joins` are the ids that it joined.
    """

    line: Summary
    id: str = ""
    known: bool = False
    about: str = ""
    late: int = 0
    rules: tuple[tuple[str, Severity], ...] = ()
    joins: tuple[Link, ...] = ()


class UserStory(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the timeline of the user with an id: all messages of the ids that Mixpanel has for them.

    The moments stand in the order in which their messages were received, the oldest first. `cluster` is the
    user in short, None if Mixpanel has no user with that id: then the messages are those with that id alone.
    `more`, `reached`, `searched_to` and `searched` are those of a `Page`. `covered` are the messages that the
    joins follow from.
    """

    id: str
    cluster: Cluster | None = None
    moments: tuple[Moment, ...] = ()
    more: bool = False
    reached: int = 0
    searched_to: int = 0
    searched: int = 0
    covered: Coverage = Coverage()


class TypeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one type that a property had: in how many messages, the first and the last of them.

    `type` is JSON's name of it; the values of an array's items may be of several: `number or string`. `first`
    and `last` are ids, `since` and `until` times (ms). `slots` counts the messages for each slot of the
    story.
    """

    type: str
    messages: int
    first: int
    last: int
    since: int
    until: int
    slots: tuple[int, ...] = ()


class TypeChange(msgspec.Struct, frozen=True):
    """A message, received at `at` (ms), whose property has another type than in the message before it."""

    message: int
    at: int
    before: str
    after: str


class PropertyStory(msgspec.Struct, frozen=True, kw_only=True):
    """One property: how many messages carry it, with which types, and when the type changed.

    `path` leads from `properties` (or `traits`) through objects, and through the items of arrays. `changes`
    are the newest of `changes_total`, the newest first; null does not count as a change.
    """

    path: tuple[str, ...]
    messages: int
    types: tuple[TypeSeen, ...]
    changes: tuple[TypeChange, ...] = ()
    changes_total: int = 0


class EventStory(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one event, named as an `EventCount` is.

    `overview` has all of them in numbers. `properties` are those of the messages in `covered`, which are read
    from the newest to the oldest: those that changed their type first, then by how many messages carry them.
    `holder` is what they stand in, `total` how many there are. `open`: there are even more, which are not
    followed. `slots` are the messages in each slot, which begin at `start` and last `step` milliseconds.
    """

    type: str
    name: str
    overview: Overview = Overview()
    holder: str = "properties"
    properties: tuple[PropertyStory, ...] = ()
    total: int = 0
    open: bool = False
    covered: Coverage = Coverage()
    start: int = 0
    step: int = 1_000
    slots: tuple[int, ...] = ()
