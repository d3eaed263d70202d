"""What other systems call the mistakes that the rules name, as data.

The texts of Segment's Event Tester and Delivery Overview, of Mixpanel's answers, and the reasons
(`$identity_failure_reason`, `$failure_reason`) that Mixpanel writes on events. `…` stands for any text.
"""

from __future__ import annotations

_IMPORT_400 = "some data points in the request failed validation"
_IDENTITY = "$identity_failure_reason"

KNOWN_AS: dict[str, tuple[str, ...]] = {
    # Segment: Event Tester, Delivery Overview, Event Delivery
    "unmatched": (
        "You may not have any subscriptions that match this event",
        "No matching mapping",
        "NO_MATCHING_MAPPING",
        "events do not match any enabled mapping",
        "Filtered at destination",
        "Unsupported event type",
    ),
    "rejected-by-destination": (
        "The root value is missing the required field",
        "missing the required field",
        "must be a valid date-like string but it was not",
        "must be an object but it was",
        "must be a string but it was",
        "must be a number but it was",
        "PayloadValidationError",
        "AggregateAjvError",
        "Failed delivery",
        "MESSAGE_REJECTED",
    ),
    "segment-would-reject": (
        "Failed on ingest",
        "malformed JSON",
        "Exceed payload limit",
        "request body too large",
        "message exceeds 32 KB",
        "Invalid messageId",
        "type is required",
        "userId or anonymousId is required",
    ),
    "filter-not-fql": ("invalid FQL", "FQL syntax error"),
    # Mixpanel: /import
    "insert-id-charset": (
        "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
        "$insert_id: … invalid",
        "$insert_id … is invalid",
        "must only contain alphanumeric or hyphen",
        _IMPORT_400,
    ),
    "insert-id-forbidden": ("$insert_id: … invalid", "$insert_id … is invalid", _IMPORT_400),
    "insert-id-length": ("$insert_id: … invalid", "$insert_id … too long", "at most 36 bytes"),
    "insert-id-missing": ("$insert_id … missing", "'$insert_id' must not be missing or blank"),
    "placeholder-user-id": (
        "'properties.distinct_id' is invalid",
        "distinct_id … invalid",
        "distinct_id: … invalid",
        _IMPORT_400,
    ),
    "no-identity": (
        "'distinct_id' must not be missing or blank",
        "distinct_id … missing",
        "empty distinct_id",
    ),
    "time-out-of-range": (
        "'properties.time' is invalid: must be specified as seconds since epoch",
        "properties.time … invalid",
        "time … in the future",
        _IMPORT_400,
    ),
    "timestamp-suspect": (
        "'properties.time' is invalid: must be specified as seconds since epoch",
        "events dated 1970-01-01",
    ),
    "event-name": ("'event' must not be missing or blank", _IMPORT_400),
    "too-many-properties": ("must have fewer than 255 properties", "too many properties", _IMPORT_400),
    "array-too-long": ("must have fewer than 255 elements", "array … too long", _IMPORT_400),
    "nesting-too-deep": ("nesting … too deep", "nested object depth must be at most 3", _IMPORT_400),
    "event-too-large": (
        "Event … too large",
        "event exceeds 1MB",
        "request exceeds max limit of … bytes",
        "Request Entity Too Large",
        _IMPORT_400,
    ),
    "track-too-old": (
        "events older than 5 days",
        "time must be within the last 5 days",
        "event time is older than 5 days",
        "historical import",
        "backfill",
    ),
    "hot-shard": ("$hotshard_events", "$hotshard", "hot shard"),
    # Mixpanel: who sends, and where
    "token-unverified": (
        "Invalid credentials",
        "token, missing or empty",
        "Invalid token",
        "project token … invalid",
        "Unauthorized",
        "401",
    ),
    "api-secret-deprecated": ("project secret", "API secret deprecated", "Basic Og==", "Basic undefined"),
    "refused-with-200": (
        "status 0",
        '"status": 0',
        "200 OK but no data",
        "$distinct_id, missing or empty",
        "some of the records failed",
    ),
    "region-mismatch": ("api-eu.mixpanel.com", "api-in.mixpanel.com", "data residency", "EU endpoint"),
    # Mixpanel: identities
    "anonymous-id-not-uuid4": (
        "errAnonDistinctIdNonGUIDForm",
        "$anon_distinct_id didn't match expected GUID pattern",
        "didn't match expected GUID pattern",
        _IDENTITY,
    ),
    "shared-device": (
        "errAnonDistinctIdAssignedAlready",
        "errDistinctIdAssignedAlready",
        "$anon_distinct_id already identified",
        "$device_id … already linked to another $user_id",
        "$distinct_id_before_identity",
        _IDENTITY,
    ),
    "email-two-users": ("duplicate users", "same e-mail, two users"),
    "history-not-joined": ("errAnonDistinctIdAssignedAlready", "$distinct_id_before_identity", _IDENTITY),
    "alias-order": (
        "errAliasAlreadyExists",
        "errDistinctIdAssignedAlready",
        "alias already exists with the id",
        "alias … cannot point to multiple different Distinct IDs",
        _IDENTITY,
    ),
    "alias-ignored": ("errAliasAlreadyExists", "$create_alias", "$merge"),
    "identity-cluster-limit": (
        "errManyIDs",
        "too many distinctIDs mapped together",
        "Max limit: 500",
        _IDENTITY,
    ),
    "alias-without-previous-id": ("errSameIDs", _IDENTITY),
    "identify-ignored": ("$identify", "$is_identify", _IDENTITY),
    "increment-ignored": ("Events to increment", "Properties to increment", "increment is not working"),
    "subscription-double-count": ("duplicate events", "two mappings match the same event"),
    "property-dropped": ("property is missing in Mixpanel", "missing properties"),
    "property-replaced": ("property has another value", "overwritten property"),
    "os-missing": ("Operating System", "$os"),
    "group-key-not-a-name": ("group key is not in project settings",),
    "group-without-traits": ('"traits" is a required field',),
    "group-trait-missing": ("Group Identifier Traits",),
    "super-properties-cloud": ("super properties", "mixpanel.register"),
    "utm-missing": ("UTM parameters", "utm_source is missing"),
    "cloud-and-device-mode": ("Segment: web", "device mode and cloud mode"),
    "string-truncated": ("truncated to 255 characters", "text is cut off"),
    "documentation-differs": ("people.union", "$ios_devices", "Track Charge", "trackCharge"),
    "classic-feature-lost": ("$transactions", "migrate to Mixpanel (Actions)"),
    "date-format": ("date is a string in Mixpanel", "date shows as text"),
    "group-key-missing-on-event": ("group analytics shows no events", "events not attributed to the group"),
    "group-key-mismatch": ("group key does not match",),
    "double-fired": ("duplicate events", "events counted twice"),
    "dedupe-mismatch": ("duplicate events", "deduplication"),
    "no-profile": (
        "events but no profiles",
        "missing profiles",
        "Use Mixpanel People",
        "User profile not found",
    ),
    "page-double-count": ("Loaded a Page", "Track All Pages to Mixpanel"),
    "no-client-ip": ("Boardman", "Ashburn", "wrong city"),
}
"""Rule → what is pasted in search of it."""
