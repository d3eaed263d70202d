"""Which property of a Mixpanel event comes from which field, in the order in which Segment writes them.

Source: trackEvent/functions of the published destination. Sources with a dot are inside an object field;
those that start with = are worked out (see `translator`).
"""

from __future__ import annotations

EVENT_PROPERTIES: tuple[tuple[str, str], ...] = (
    ("time", "=time"),
    ("ip", "ip"),
    ("id", "distinct_id"),
    ("$anon_id", "anonymous_id"),
    ("distinct_id", "=distinct_id"),
    ("$app_build_number", "app_build"),
    ("$app_version_string", "app_version"),
    ("$app_namespace", "app_namespace"),
    ("$app_name", "app_name"),
    ("$browser", "=browser"),
    ("$browser_version", "=browser_version"),
    ("$bluetooth_enabled", "bluetooth"),
    ("$cellular_enabled", "cellular"),
    ("$carrier", "carrier"),
    ("$current_url", "url"),
    ("$device", "device_name"),
    ("$device_id", "anonymous_id"),
    ("$device_type", "device_type"),
    ("$device_name", "device_name"),
    ("$group_id", "group_id"),
    ("$identified_id", "user_id"),
    ("$insert_id", "=insert_id"),
    ("$ios_ifa", "idfa"),
    ("$lib_version", "library_version"),
    ("$locale", "language"),
    ("$manufacturer", "device_manufacturer"),
    ("$model", "device_model"),
    ("$os", "os_name"),
    ("$os_version", "os_version"),
    ("$referrer", "referrer"),
    ("$screen_height", "screen_height"),
    ("$screen_width", "screen_width"),
    ("$screen_density", "screen_density"),
    ("$source", "=source"),
    ("$user_id", "user_id"),
    ("$wifi_enabled", "wifi"),
    ("mp_country_code", "country"),
    ("mp_lib", "=library"),
    ("segment_source_name", "=source_name"),
    ("utm_campaign", "utm_properties.utm_campaign"),
    ("utm_content", "utm_properties.utm_content"),
    ("utm_medium", "utm_properties.utm_medium"),
    ("utm_source", "utm_properties.utm_source"),
    ("utm_term", "utm_properties.utm_term"),
    ("advertising_id", "advertising_id"),
    ("ad_tracking_enabled", "ad_tracking_enabled"),
    ("timezone", "timezone"),
    ("app_platform", "app_platform"),
    ("event_original_name", "name"),
    ("$mobile", "userAgentData.mobile"),
    ("$platform", "userAgentData.platform"),
    ("$bitness", "userAgentData.bitness"),
    ("$platformVersion", "userAgentData.platformVersion"),
    ("$uaFullVersion", "userAgentData.uaFullVersion"),
    ("$wow64", "userAgentData.wow64"),
)

OWN_PROPERTIES = frozenset(("time", "id", "$anon_id", "distinct_id", "$group_id", "$insert_id", "$user_id"))
"""Properties of a message that never replace what the mapping gives."""

ORDER_ONLY = frozenset(
    (
        "affiliation",
        "subtotal",
        "total",
        "revenue",
        "shipping",
        "tax",
        "discount",
        "coupon",
        "currency",
        "order_number",
        "products",
    )
)
"""Properties of an order that its `Product Purchased` events do not take over."""

USER_TRAITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("$created", ("created", "createdAt", "created_at")),
    ("$email", ("email",)),
    ("$first_name", ("firstName",)),
    ("$last_name", ("lastName",)),
    ("$name", ("name",)),
    ("$username", ("username",)),
    ("$phone", ("phone",)),
)
"""Traits of a user that Mixpanel has names of its own for; the first that is set counts."""

GROUP_TRAITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("$name", ("name",)),
    ("$created", ("created", "createdAt", "created_at")),
)
"""The same for groups."""
