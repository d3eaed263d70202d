"""Why two ids are not joined, or what is uncertain about it: one sentence for each, the same everywhere."""

from __future__ import annotations

import enum

from ..text import shown

MAX_IDS = 500
"""Ids of one user in an Original project; exactly so many are joined."""


class Reason(enum.IntEnum):
    """What became of a link."""

    JOINED = 0
    LATE_ALIAS = 1
    """Joined, though Mixpanel's pages disagree whether it is."""
    NOT_UUID4 = 2
    TAKEN = 3
    """The anonymous id was joined to another user before."""
    ALIAS_TAKEN = 4
    FULL = 5
    IGNORED = 6
    """$identify, $create_alias or $merge in a Simplified project."""
    OTHERS = 7
    """The device of one user is used by another: the event is theirs, the device stays the first one's."""
    APART = 8
    """A message has both ids, and nothing that is sent joins them."""
    MERGE_BY_TRACK = 9


DISAGREE = (
    "Mixpanel's pages disagree about an alias that is in use already: one calls an alias a new id, another"
    " joins it; segtap joins it"
)


FIRST_STAYS = (
    "Mixpanel's FAQ makes one user of both, its reference leaves the device with the first, as segtap does"
)


def sentence(reason: Reason, *, user: str, anonymous: str, owner: str, simplified: bool) -> str:
    """Return the reason for a person: `owner` is the user that the anonymous id belongs to, "" if nobody
    does.
    """
    one, other, holder = shown(user), shown(anonymous), shown(owner or "another user")
    match reason:
        case Reason.JOINED:
            return f"{other} is joined to {one}"
        case Reason.LATE_ALIAS:
            return f"{one} was in use before its alias call. {DISAGREE}"
        case Reason.NOT_UUID4:
            return f"{other} is not a UUIDv4: $identify does not join it to {one}"
        case Reason.TAKEN:
            return f"{other} belongs to {holder}: $identify does not join it to {one}. {FIRST_STAYS}"
        case Reason.ALIAS_TAKEN:
            return f"{one} was an alias before: Mixpanel keeps the first, and does not join it to {other}"
        case Reason.FULL:
            return f"{other} stays apart from {one}: together they would be more than {MAX_IDS} ids"
        case Reason.IGNORED:
            return (
                f"{other} is not joined to {one}: Simplified ID merge ignores $identify, $create_alias and"
                " $merge, and no event has both $device_id and $user_id"
            )
        case Reason.OTHERS:
            if simplified:
                first = f"{other} belongs to {holder}, the first user on it, and is not joined to {one}"
                return f"{first}. {FIRST_STAYS}"
            return f"{other} belongs to {holder}: its events without a user stay theirs while {one} uses it"
        case Reason.APART:
            if simplified:
                return f"{other} is not joined to {one}: no event has both $device_id and $user_id"
            return f"{other} is not joined to {one}: no $identify and no alias is sent for the two"
        case Reason.MERGE_BY_TRACK:
            return f"{other} is not joined to {one}: Mixpanel takes $merge by /import only"
