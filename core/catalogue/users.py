"""Rules on users, profiles and groups, as data: what Mixpanel's identities make of a message."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_MIXPANEL = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"
_SEGMENT_CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
_MIXPANEL_IDENTIFY = "https://developer.mixpanel.com/reference/create-identity"
_MIXPANEL_ALIAS = "https://developer.mixpanel.com/reference/identity-create-alias"
_MIXPANEL_SIMPLIFIED = (
    "https://docs.mixpanel.com/docs/tracking-methods/id-management/migrating-to-simplified-id-merge-system"
)

ANONYMOUS_ID_NOT_UUID4 = Rule(
    id="anonymous-id-not-uuid4",
    severity="error",
    kind="request",
    applies_to=("/track",),
    what="The anonymous id of an $identify is not a version 4 UUID",
    why="With the original ID merge Mixpanel joins an anonymous id to a user only when it is a UUIDv4: "
    "what the user did before stays somebody else's.",
    fix="send a UUIDv4 as anonymousId, as Segment's SDKs make it",
    source=_MIXPANEL_IDENTIFY,
)
ANONYMOUS_PROFILE_PREFIX = Rule(
    id="anonymous-profile-prefix",
    severity="warning",
    kind="request",
    applies_to=("/engage",),
    what="Traits of an unknown user go to a profile of their own",
    why="With the simplified ID merge a distinct_id without $device: is a user id. Segment sends the bare "
    "anonymousId, so that the profile belongs to a user whom nobody ever is.",
    fix="call identify with traits when the userId is known",
    source=_MIXPANEL_SIMPLIFIED,
)
ALIAS_IGNORED = Rule(
    id="alias-ignored",
    severity="error",
    kind="request",
    applies_to=("/track", "/import"),
    what="An alias goes to a project with the simplified ID merge",
    why="Mixpanel ignores $create_alias and $merge there: two user ids are never joined.",
    fix="remove the alias call, and keep one userId for a person, such as the database's",
    source=_MIXPANEL_ALIAS,
)
GROUP_TRAIT_MISSING = Rule(
    id="group-trait-missing",
    severity="error",
    applies_to=("group",),
    what="A group call has no Group Identifier Trait",
    why="The classic destination takes the group's id from that trait, not from groupId, and drops the call "
    "without it.",
    fix="send a trait of that name: its value is the group's id",
    source=_SEGMENT_CLASSIC,
)
GROUP_ID_OVERRIDDEN = Rule(
    id="group-id-overridden",
    severity="warning",
    kind="request",
    applies_to=("/groups",),
    what="The group's profile lands under another id than groupId",
    why="A trait that is named like the group key replaces groupId; one that differs from it by case does "
    "nothing. The classic destination reads the trait alone.",
    fix="give the trait and groupId the same value, or leave the trait out",
    source=_SEGMENT_MIXPANEL,
)
GROUP_KEY_NOT_A_NAME = Rule(
    id="group-key-not-a-name",
    severity="error",
    kind="request",
    applies_to=("/groups",),
    what="The group key is a group's own value in place of a name",
    why="A group key is a kind of group, such as company_id, and Mixpanel has six at most: one that is made "
    "of an id is in no project's settings, and its profile shows up nowhere.",
    fix="leave Group Key empty, which makes it $group_id, or write Mixpanel's group key",
    source=_SEGMENT_MIXPANEL,
)
GROUP_SET_ONCE = Rule(
    id="group-set-once",
    severity="error",
    also=("info",),
    applies_to=("group",),
    what="Traits of the group never change again",
    why="In device mode the classic destination sets every group trait once; in cloud mode those of Group "
    "Traits to Set Once.",
    fix="send group calls in cloud mode, and list only traits that never change",
    source="https://github.com/segmentio/analytics.js-integrations/issues/686",
)
ARRAY_OVERWRITTEN = Rule(
    id="array-overwritten",
    severity="info",
    kind="request",
    applies_to=("/engage",),
    what="A list in a profile is replaced",
    why="Mixpanel (Actions) writes over the list ($set). Segment's page on the classic destination says that "
    "it adds to the list ($union): its device mode does, its published code for cloud mode writes over it.",
    fix="send the whole list every time",
    source=_SEGMENT_MIXPANEL,
)

USER_RULES: tuple[Rule, ...] = (
    ANONYMOUS_ID_NOT_UUID4,
    ANONYMOUS_PROFILE_PREFIX,
    ALIAS_IGNORED,
    GROUP_TRAIT_MISSING,
    GROUP_ID_OVERRIDDEN,
    GROUP_KEY_NOT_A_NAME,
    GROUP_SET_ONCE,
    ARRAY_OVERWRITTEN,
)
