"""Rules on who is who, as data: what Mixpanel's ID merge makes of the ids of several messages."""

from __future__ import annotations

from .rule import Rule

_EVENTS = ("track", "page", "screen")

_ORIGINAL = "https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-original"
_SIMPLIFIED = "https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-simplified"
_MIGRATING = (
    "https://docs.mixpanel.com/docs/tracking-methods/id-management/migrating-to-simplified-id-merge-system"
)
_ALIAS = "https://developer.mixpanel.com/reference/identity-create-alias"
_FAQ = "https://docs.mixpanel.com/docs/troubleshooting/faqs"
_HOT_SHARD = "https://docs.mixpanel.com/docs/tracking-best-practices/hot-shard-limits"
_DEBUGGING = "https://docs.mixpanel.com/docs/tracking-best-practices/debugging"
_SEGMENT_SPEC = "https://segment.com/docs/connections/spec/common/"

MERGE_UNFIT = Rule(
    id="merge-unfit",
    severity="error",
    kind="stream",
    applies_to=_EVENTS,
    what="In a Simplified project a visitor becomes a known user who can never be joined",
    why="Simplified ID merge joins a $device_id to a $user_id, and any other distinct_id is a user's id. "
    "The classic destination sends neither of the two.",
    fix="use the destination Mixpanel (Actions): it sends $device_id and $user_id",
    source=_MIGRATING,
)
SHARED_DEVICE = Rule(
    id="shared-device",
    severity="error",
    kind="stream",
    what="The anonymousId of one user is used by another person",
    why="What the second person does before signing in becomes the first one's, or both become one user.",
    fix="call reset() when another person signs in on the device; in a Simplified project at logout",
    source=_ORIGINAL,
)
USER_ID_CHANGED = Rule(
    id="user-id-changed",
    severity="warning",
    kind="stream",
    what="One person has two userIds",
    why="Their e-mail or phone is the same, yet Mixpanel has two users, with a history each.",
    fix="keep one userId for a person that never changes, such as the database's",
    source=_SIMPLIFIED,
)
USER_ID_SHARED = Rule(
    id="user-id-shared",
    severity="error",
    kind="stream",
    what="One userId stands for several people",
    why="Mixpanel makes one user of them: events and profiles are mixed, and cannot be taken apart.",
    fix="send each person's own id as userId, not a constant or the name of a variable",
    source=_HOT_SHARD,
)
IDENTITY_CLUSTER_LIMIT = Rule(
    id="identity-cluster-limit",
    severity="warning",
    kind="stream",
    what="A user has more ids than Mixpanel can join",
    why="Original ID merge joins 500 ids of a user: what is beyond is another user.",
    fix="use one stable userId (the database's), and keep the anonymousId from visit to visit",
    source=_MIGRATING,
)
IDENTIFY_IGNORED = Rule(
    id="identify-ignored",
    severity="error",
    kind="stream",
    what="In a Simplified project nothing joins the anonymous events to the user",
    why="Simplified ID merge ignores $identify: only an event with both $device_id and $user_id joins them.",
    fix="send anonymousId with the first event after login, beside userId",
    source=_SIMPLIFIED,
)
HISTORY_NOT_JOINED = Rule(
    id="history-not-joined",
    severity="warning",
    kind="stream",
    what="What the user did before logging in stays another user's",
    why="An Original project joins two histories by $identify or an alias alone, never by an event.",
    fix="call identify with userId and anonymousId at login",
    source=_ORIGINAL,
)
ANONYMOUS_TO_KNOWN = Rule(
    id="anonymous-to-known",
    severity="info",
    kind="stream",
    what="An anonymous visitor became a known user",
    why="Mixpanel joins the events of the anonymousId to the user; it may take up to 24 hours to show.",
    fix="nothing",
    source=_ORIGINAL,
)
ANONYMOUS_ID_CHURN = Rule(
    id="anonymous-id-churn",
    severity="warning",
    kind="stream",
    what="A user has a new anonymousId with nearly every message",
    why="Each is another device to Mixpanel: unique users are overcounted and clusters fill up.",
    fix="keep the anonymousId on the device; a server sends the client's, or none",
    source=_SEGMENT_SPEC,
)
ALWAYS_NEW_USER = Rule(
    id="always-new-user",
    severity="warning",
    kind="stream",
    applies_to=_EVENTS,
    what="A server's events are each of a user who was never seen before",
    why="An id that is made for each event makes a user of each: no funnel or retention can be counted.",
    fix="send the user's own id, the same for all their events; of a job over all your users ignore this",
    source=_SEGMENT_SPEC,
)
ALIAS_ORDER = Rule(
    id="alias-order",
    severity="warning",
    kind="stream",
    applies_to=("alias",),
    what="An alias call comes too late, or once more",
    why="Mixpanel documents an alias as a new id, that maps to one user: one in use may stay apart.",
    fix="call alias once, at sign-up, before the new id is used",
    source=_ALIAS,
)
ID_CASING = Rule(
    id="id-casing",
    severity="warning",
    kind="stream",
    what="Two ids differ by upper and lower case alone",
    why="Mixpanel compares ids letter by letter: they are two users.",
    fix="send the id in one spelling, such as lower case, from every source",
    source=_DEBUGGING,
)
EMAIL_TWO_USERS = Rule(
    id="email-two-users",
    severity="warning",
    kind="stream",
    what="Two userIds have the same e-mail",
    why="Mixpanel does not look at the e-mail: two ids are two users, in either ID merge.",
    fix="keep one userId for a person, such as the database's; of two people with one e-mail ignore this",
    source=_FAQ,
)

IDENTITY_RULES: tuple[Rule, ...] = (
    MERGE_UNFIT,
    SHARED_DEVICE,
    USER_ID_CHANGED,
    USER_ID_SHARED,
    IDENTITY_CLUSTER_LIMIT,
    IDENTIFY_IGNORED,
    HISTORY_NOT_JOINED,
    ANONYMOUS_TO_KNOWN,
    ANONYMOUS_ID_CHURN,
    ALWAYS_NEW_USER,
    ALIAS_ORDER,
    ID_CASING,
    EMAIL_TWO_USERS,
)
"""The rules on who is who, in the order of `segtap rules`."""
