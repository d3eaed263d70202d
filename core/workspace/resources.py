"""Which fields of a workspace's objects the import reads, and why it leaves the others alone: a table.

The names are those of the Terraform provider segmentio/segment and of Segment's Public API, in camel case. A
field that is not in the table is unknown, and the import names it.
"""

from __future__ import annotations

from typing import TypeAlias

Fields: TypeAlias = "dict[str, str | Fields]"

READ = ""
"""A field that the import reads: it is imported, or what it means is named."""

APP = "for Segment's app only"
CATALOGUE = "describes the destination or source in Segment's catalogue, the same in every workspace"
OWNER = "says where the object stands in the workspace, and nothing of messages"

_METADATA: Fields = {
    "id": READ,
    "slug": READ,
    "actions": READ,
    **dict.fromkeys(
        (
            *("name", "description", "website", "logos", "options", "categories", "components", "contacts"),
            *("partnerOwned", "presets", "previousNames", "regionEndpoints", "status", "supportedFeatures"),
            *("supportedMethods", "supportedPlatforms", "supportedRegions", "multiInstanceSupported"),
            *("deliveryMethod", "availableInRegions"),
        ),
        CATALOGUE,
    ),
}
_TRACK: Fields = dict.fromkeys(
    (
        *("allowUnplannedEvents", "allowUnplannedEventProperties", "allowEventOnViolations"),
        *("allowPropertiesOnViolations", "commonEventOnViolations"),
    ),
    READ,
)
_TRAITS: Fields = dict.fromkeys(
    ("allowTraitsOnViolations", "allowUnplannedTraits", "commonEventOnViolations"), READ
)
SCHEMA_SETTINGS: Fields = {
    "track": _TRACK,
    "identify": _TRAITS,
    "group": _TRAITS,
    **dict.fromkeys(
        ("forwardingBlockedEventsTo", "forwardingViolationsTo"),
        "copies to another source what is blocked or violates the plan",
    ),
}

RESOURCES: dict[str, Fields | str] = {
    "destination": {
        **dict.fromkeys(("id", "name", "enabled", "metadata", "sourceId", "settings"), READ),
        "metadata": _METADATA,
    },
    "subscription": {
        **dict.fromkeys(("id", "name", "actionId", "actionSlug", "destinationId", "enabled"), READ),
        **dict.fromkeys(("trigger", "settings", "modelId"), READ),
        **dict.fromkeys(
            ("reverseEtlSchedule", "reverseETLSchedule"),
            "of Reverse ETL, which makes no messages",
        ),
    },
    "filter": {
        **dict.fromkeys(("id", "title", "name", "if", "enabled", "destinationId"), READ),
        "actions": dict.fromkeys(("type", "fields", "path", "percent"), READ),
        "sourceId": "a destination has one source, and the filter stands at the destination",
        **dict.fromkeys(("description", "createdAt", "updatedAt"), APP),
    },
    "transformation": {
        **dict.fromkeys(("id", "name", "enabled", "sourceId", "destinationMetadataId", "if"), READ),
        **dict.fromkeys(("drop", "newEventName", "propertyDrops", "allowProperties"), READ),
        "propertyRenames": dict.fromkeys(("oldName", "newName"), READ),
        "propertyValueTransformations": dict.fromkeys(("propertyPaths", "propertyValue"), READ),
        "fqlDefinedProperties": dict.fromkeys(("fql", "propertyName"), READ),
        "hashPropertiesConfiguration": {
            **dict.fromkeys(("algorithm", "encoding", "paths"), READ),
            "key": "a secret, which is never written; segtap does not hash",
        },
        **dict.fromkeys(("description", "createdAt", "updatedAt"), APP),
    },
    "insertFunctionInstance": {
        **dict.fromkeys(("id", "name", "enabled", "integrationId", "functionId", "classId"), READ),
        **dict.fromkeys(
            ("settings", "encryptedSettings"),
            "given to the function, which is named as a whole",
        ),
        "createdAt": APP,
    },
    "function": {
        **dict.fromkeys(("id", "displayName", "name", "resourceType"), READ),
        **dict.fromkeys(("code", "settings"), "of the function, which is named as a whole"),
        **dict.fromkeys(
            (
                *("description", "logoUrl", "previewWebhookUrl", "catalogId", "createdAt", "createdBy"),
                *("deployedAt", "isLatestVersion", "batchMaxCount"),
            ),
            APP,
        ),
    },
    "source": {
        **dict.fromkeys(("id", "name", "enabled"), READ),
        "schemaSettings": SCHEMA_SETTINGS,
        **dict.fromkeys(("slug", "labels", "workspaceId", "writeKeys"), OWNER),
        "metadata": CATALOGUE,
        "settings": "options of the library or service that sends: messages are read as they arrive",
    },
    "trackingPlanConnection": {
        "sourceId": READ,
        "schemaSettings": SCHEMA_SETTINGS,
        "trackingPlanId": "names the plan; what is blocked of it stands in the schema settings",
        "id": OWNER,
    },
    "trackingPlan": "changes nothing by itself: its connection to a source says what is blocked, and"
    ' `plan = "FILE"` has messages checked against it',
    "trackingPlanRules": "the rules of a tracking plan: see trackingPlan",
    "reverseEtlModel": "makes rows of a warehouse into records for subscriptions of Reverse ETL: no message",
    "warehouse": "gets a copy of the messages of its own",
    "profilesWarehouse": "gets a copy of the profiles",
    "sourceWarehouseConnection": "connects a source to a warehouse, which gets a copy of the messages",
    "label": "names sources for people and permissions",
    "user": "a member of the workspace",
    "userGroup": "members of the workspace",
}
"""Kind of object (see `objects.TERRAFORM`) → its fields, or why the whole kind changes no message.

A field is `READ`, or the reason why it is left alone, or it holds objects with fields of their own."""

OTHER_ANSWERS = {
    "pagination": "read: it says whether pages are missing",
    "sourceId": "read: the source that settings belong to",
    "settings": "read: the schema settings of a source",
    "rules": RESOURCES["trackingPlanRules"],
    "workspace": OWNER,
    **dict.fromkeys(
        (
            *("destinationMetadata", "destinationsCatalog", "sourceMetadata", "sourcesCatalog"),
            *("warehouseMetadata", "warehousesCatalog"),
        ),
        CATALOGUE,
    ),
}
"""Names in the Public API's answers beside those of `RESOURCES` and their plurals."""
