"""What device mode calls things: Mixpanel's names, Segment's names, and the hosts.

Sources: Segment's published integration for analytics.js, and mixpanel-browser 2.83.
"""

from __future__ import annotations

HOST = "api-js.mixpanel.com"
HOST_EU = "api-eu.mixpanel.com"

TRACK = "/track/"
ENGAGE = "/engage/"
GROUPS = "/groups/"

LIBRARY = "Segment: web"
"""The super property `mp_lib` that the integration registers at each page load."""

UTM = (
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "utm_id",
    "utm_source_platform",
    "utm_campaign_id",
    "utm_creative_format",
    "utm_marketing_tactic",
)
"""Campaign parameters of the URL: they become super properties, and stay for later pages."""

CLICK_IDS = (
    "dclid",
    "fbclid",
    "gclid",
    "ko_click_id",
    "li_fat_id",
    "msclkid",
    "sccid",
    "ttclid",
    "twclid",
    "wbraid",
)
"""Click ids of the URL: they are on events only, and are not kept."""

SEARCH_ENGINES = (
    ("google", r"https?://(.*)google.([^/?]*)", "q"),
    ("bing", r"https?://(.*)bing.com", "q"),
    ("yahoo", r"https?://(.*)yahoo.com", "p"),
    ("duckduckgo", r"https?://(.*)duckduckgo.com", "q"),
)
"""Name, regular expression for the referrer, and the parameter that holds the keyword. The dots that match
any character are Mixpanel's."""

QUEUES = {"$set": "__mps", "$set_once": "__mpso", "$add": "__mpa", "$union": "__mpu"}
"""Where the store keeps people operations until somebody is identified, in the order of sending."""

UNUSED_QUEUES: dict[str, type[dict[str, object]] | type[list[object]]] = {
    "__mpus": dict,
    "__mpr": list,
    "__mpap": list,
}
"""The queues of the operations that the integration never uses ($unset, $remove, $append); the SDK makes them
with the others."""

ALIAS = "__alias"
PEOPLE_ID = "$people_distinct_id"

NOT_SUPER = frozenset({*QUEUES.values(), *UNUSED_QUEUES, ALIAS, PEOPLE_ID, "__timers"})
"""What the store holds besides super properties."""

NOT_IN_PROFILES = frozenset(
    {"$distinct_id", "$token", "$device_id", "$user_id", "$had_persisted_distinct_id"}
)
"""Names that the SDK leaves out of $set, $set_once and $union."""

NOT_IN_GROUPS = frozenset({"$group_key", "$group_id"})

TRAITS = (
    ("created", "$created"),
    ("email", "$email"),
    ("firstName", "$first_name"),
    ("lastName", "$last_name"),
    ("lastSeen", "$last_seen"),
    ("name", "$name"),
    ("username", "$username"),
    ("phone", "$phone"),
)
"""Traits that Mixpanel has its own names for, in the order in which they are replaced."""

DELETED = ("distinct_id", "ip", "mp_name_tag", "mp_note", "token")
"""Properties that the integration deletes before it tracks."""

LIMIT = 255
"""UTF-16 units of a text; the SDK cuts longer ones."""
