"""Questions about pages, users, groups, places and orders, answered for each destination."""

from __future__ import annotations

from .question import ACTIONS, CLASSIC, GUIDE, IMPORT, MERGE, Question

MODELLING: tuple[Question, ...] = (
    Question(
        id="super-properties",
        title="How do I register super properties?",
        words=(
            "super property",
            "register",
            "every event",
        ),
        actions=(
            "Super properties are kept by Mixpanel's own SDK in the page or app: only device mode has "
            "them, with Mixpanel (Legacy). Mixpanel (Actions) runs on Segment's servers, which remember "
            "nothing between two calls.",
            "Send the property with each call, or map it in the subscription from what every message "
            "carries, such as context.",
        ),
        classic=(
            "Super properties are kept by Mixpanel's own SDK in the page or app: only device mode has "
            "them. There, all traits of identify become super properties, or those listed under Super "
            "Properties. In cloud mode these settings do nothing: send the property with each call.",
        ),
        checks=("classic-features",),
        rules=("super-properties-cloud",),
        source=GUIDE,
    ),
    Question(
        id="pages",
        title="How are page views tracked?",
        words=(
            "page",
            "screen",
            "Loaded a Page",
            "Loaded a Screen",
            "Viewed",
            "page names",
        ),
        actions=(
            'Page and screen calls become events named "Viewed NAME", after the name of the call; '
            'without a name it is "Viewed ". "Loaded a Page" is an event of Mixpanel (Legacy).',
            "To get one event for all pages, map Event Name of the subscriptions Page Calls and Screen "
            "Calls to a fixed text; to get none, disable them.",
        ),
        classic=(
            'With Track All Pages to Mixpanel with a Consolidated Event Name, each page is "Loaded a '
            'Page" (a screen "Loaded a Screen"). Track All Pages, Track Categorized Pages and Track '
            'Named Pages name them "Loaded a Page", "Viewed CATEGORY NAME Page" and "Viewed NAME Page". '
            '"Viewed NAME" alone is Mixpanel (Actions).',
            "In cloud mode each option that is on sends an event of its own: leave one on. With none, "
            "pages are dropped.",
        ),
        checks=("pages",),
        rules=(
            "page-double-count",
            "page-name-missing",
            "page-name-cardinality",
        ),
        source=GUIDE,
    ),
    Question(
        id="groups",
        title="How do I set up Group Analytics?",
        words=(
            "group",
            "group key",
            "company",
            "account",
            "Group Identifier Traits",
        ),
        actions=(
            "Four things have to agree. 1. The group key in Mixpanel, Project Settings. 2. The same "
            "name as Group Key in the subscription Group Calls ($group_id where it is empty), and Group "
            "ID mapped to groupId; group calls with traits then write group profiles.",
            "3. The key as a trait of identify, for user profiles. 4. The key as a property of every event.",
        ),
        classic=(
            "Four things have to agree. 1. The group key in Mixpanel, Project Settings. 2. The same "
            "name under Group Identifier Traits, and as a trait in the second argument of group(): its "
            "value is the group's id, groupId is not used, and group calls without it are dropped.",
            "3. The key as a trait of identify, for user profiles. 4. The key as a property of every event.",
        ),
        checks=("groups",),
        rules=(
            "group-key-mismatch",
            "group-key-missing-on-event",
            "group-trait-missing",
        ),
        source=GUIDE,
    ),
    Question(
        id="identity",
        title="Why is one person several users?",
        words=(
            "identify",
            "alias",
            "distinct_id",
            "anonymous",
            "merge",
            "errAnonDistinctIdAssignedAlready",
        ),
        actions=(
            "Original ID Merge: identify with userId and anonymousId sends $identify, which joins them "
            "if the anonymousId is a version 4 UUID that was not joined to another user before. "
            "Simplified ID Merge: an event with both ids ($user_id, $device_id) joins them; $identify "
            "and aliases do nothing.",
            "Call reset() at logout, or the next user of the device is joined to this one.",
        ),
        classic=(
            "Mixpanel (Legacy) sends no $identify in cloud mode: events have the userId, or else the "
            "anonymousId, as distinct_id. Only alias joins two ids, and only with Original ID Merge.",
            "Call alias(userId) once, at sign-up, before the first identify.",
        ),
        checks=(
            "identity",
            "joining",
            "users",
            "merge-delay",
        ),
        rules=(
            "identify-ignored",
            "history-not-joined",
            "shared-device",
            "alias-ignored",
        ),
        source=MERGE,
    ),
    Question(
        id="utm",
        title="Why are UTM parameters missing?",
        words=(
            "utm",
            "campaign",
            "utm_source",
            "attribution",
        ),
        actions=(
            "utm_source, utm_medium, utm_campaign, utm_content and utm_term come from context.campaign "
            "(source, medium, name, content, term); other keys in it are not sent. analytics.js fills "
            "it from the page's address; a server has to send it.",
        ),
        classic=(
            "utm_source, utm_medium, utm_campaign and so on come from context.campaign. analytics.js "
            "fills it from the page's address; a server has to send it.",
        ),
        checks=("utm",),
        rules=("utm-missing",),
        source=ACTIONS,
    ),
    Question(
        id="places",
        title="Why is every user in Ashburn or Boardman?",
        words=(
            "location",
            "city",
            "country",
            "geo",
            "ip address",
            "Boardman",
            "Ashburn",
        ),
        actions=(
            "Mixpanel takes the place from the address in the request. Segment sends context.ip; a "
            "server library has none, and then it is the place of Segment's own servers. Send the "
            "user's address as context.ip, or context.ip = 0 for no place.",
        ),
        classic=(
            "Mixpanel takes the place from the address in the request. Segment sends context.ip; a "
            "server library has none, and then it is the place of Segment's own servers. Send the "
            "user's address as context.ip, or context.ip = 0 for no place.",
        ),
        checks=("places",),
        rules=(
            "no-client-ip",
            "country-code",
        ),
        source=CLASSIC,
    ),
    Question(
        id="history",
        title="How do I import old events?",
        words=(
            "historical",
            "import",
            "backfill",
            "past events",
            "5 days",
            "older than",
        ),
        actions=(
            "Send them to Segment with their own timestamp, and keep each messageId when you send "
            "again: Mixpanel (Actions) sends all events to /import, which takes any age back to 1971. "
            "Mixpanel drops a second copy with the same messageId.",
            "Events for many users at once: keep to Mixpanel's limits, 2 GB a minute, or 30,000 events "
            "a second.",
        ),
        classic=(
            "Send them to Segment with their own timestamp. Events older than five days go to /import, "
            "which needs the API Secret in the destination's settings; those older than five years are "
            "not sent.",
        ),
        checks=(
            "clock",
            "api-secret",
        ),
        rules=(
            "track-too-old",
            "time-out-of-range",
        ),
        source=IMPORT,
    ),
    Question(
        id="purchases",
        title="What becomes of orders and revenue?",
        words=(
            "Order Completed",
            "Product Purchased",
            "revenue",
            "transactions",
            "charges",
        ),
        actions=(
            "Order Completed is sent as it is, and once more for each of its products as Product "
            "Purchased, by the subscription Order Completed Calls (Generate Purchase Event Per "
            "Product). Revenue is not written into profiles.",
        ),
        classic=(
            "Any track call with revenue also appends to the profile's transactions ($append "
            "$transactions) while People is on. Order Completed makes no Product Purchased: that is "
            "Mixpanel (Actions).",
        ),
        checks=(),
        rules=(
            "purchase-double-count",
            "classic-feature-lost",
        ),
        source=ACTIONS,
    ),
    Question(
        id="increments",
        title="How do I increment a profile property?",
        words=(
            "increment",
            "counter",
            "$add",
            "Events to increment",
            "Properties to increment",
        ),
        actions=(
            "Add a subscription with the action Increment Properties; it takes the object increment in "
            "the properties, at most 20 numbers. There is no preset for it. The lists Events and "
            "Properties to increment are settings of Mixpanel (Legacy).",
        ),
        classic=(
            "Events listed under Events to increment count up on the profile of a known user, with Last "
            "EVENT beside it; numbers under Properties to increment are added. People has to be on.",
        ),
        checks=("classic-features",),
        rules=(
            "classic-feature-lost",
            "increment-ignored",
        ),
        source=ACTIONS,
    ),
    Question(
        id="moving",
        title="What changes with the move from Legacy to Actions?",
        words=(
            "migrate",
            "legacy",
            "classic",
            "move",
            "upgrade",
        ),
        actions=(
            'Page events get other names ("Viewed NAME"), lists in profiles are replaced instead of '
            "united, and increments, revenue in profiles and set-once traits of groups end. segtap "
            "compare shows it for your own messages.",
        ),
        classic=(
            'Page events will get other names ("Viewed NAME"), lists in profiles will be replaced '
            "instead of united, and increments, revenue in profiles and set-once traits of groups will "
            "end. segtap compare shows it for your own messages.",
        ),
        checks=("classic-features",),
        rules=(
            "classic-feature-lost",
            "array-overwritten",
        ),
        source=ACTIONS,
    ),
)
