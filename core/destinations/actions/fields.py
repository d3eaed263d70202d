"""The fields of Segment's Mixpanel actions: type, label and what they allow. One table for all six actions.

Source: the actions of the published destination `actions-mixpanel`. Types follow JSON schema; `datetime` is a
text or number that has to read as a date. Order matters: faults are reported in it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FieldType = Literal["string", "number", "integer", "boolean", "object", "datetime"]


class Field(msgspec.Struct, frozen=True):
    """One field. `inside` are an object's own fields, and `open` tells whether it may have others."""

    name: str
    label: str
    type: FieldType = "string"
    required: bool = False
    nullable: bool = False
    multiple: bool = False
    minimum: int | None = None
    maximum: int | None = None
    inside: tuple[Field, ...] = ()
    open: bool = False


EVENT = Field("event", "Event Name", required=True)

UTM = (
    Field("utm_source", "UTM Source"),
    Field("utm_medium", "UTM Medium"),
    Field("utm_campaign", "UTM Campaign"),
    Field("utm_term", "UTM Term"),
    Field("utm_content", "UTM Content"),
)

USER_AGENT_DATA = (
    Field("mobile", "Mobile", "boolean"),
    Field("platform", "Platform"),
    Field("architecture", "Architecture"),
    Field("bitness", "Bitness"),
    Field("model", "Model"),
    Field("platformVersion", "PlatformVersion"),
    Field("uaFullVersion", "UaFullVersion"),
    Field("wow64", "wow64", "boolean"),
)

PRODUCT = (
    Field("product_id", "Product Id"),
    Field("sku", "SKU"),
    Field("category", "Category"),
    Field("name", "Name"),
    Field("brand", "Brand"),
    Field("variant", "Variant"),
    Field("price", "Price", "number"),
    Field("quantity", "Quantity", "integer"),
    Field("coupon", "Coupon"),
    Field("position", "position", "number"),
    Field("url", "url"),
    Field("image_url", "Image url"),
)

EVENT_FIELDS = (
    Field("distinct_id", "Distinct ID"),
    Field("anonymous_id", "Anonymous ID"),
    Field("user_id", "User ID"),
    Field("group_id", "Group ID"),
    Field("insert_id", "Insert ID"),
    Field("time", "Timestamp", "datetime"),
    Field("app_name", "App Name"),
    Field("app_namespace", "App Namespace"),
    Field("app_build", "App Build"),
    Field("app_version", "App Version"),
    Field("os_name", "OS Name"),
    Field("os_version", "OS Version"),
    Field("device_id", "Device ID"),
    Field("device_type", "Device Type"),
    Field("device_name", "Device Name"),
    Field("device_manufacturer", "Device Manufacturer"),
    Field("device_model", "Device Model"),
    Field("bluetooth", "Bluetooth Enabled", "boolean"),
    Field("carrier", "Carrier"),
    Field("cellular", "Cellular Enabled", "boolean"),
    Field("wifi", "Wifi", "boolean"),
    Field("country", "Country"),
    Field("region", "Region"),
    Field("language", "Language"),
    Field("library_name", "Library Name"),
    Field("library_version", "Library Version"),
    Field("ip", "IP Address"),
    Field("idfa", "Identifier For Advertiser (IDFA)"),
    Field("url", "URL"),
    Field("screen_width", "Screen width", "number"),
    Field("screen_height", "Screen height", "number"),
    Field("screen_density", "Screen density", "number"),
    Field("referrer", "Referrer"),
    Field("userAgent", "User Agent"),
    Field("advertising_id", "Advertising ID"),
    Field("ad_tracking_enabled", "Ad Tracking Enabled"),
    Field("timezone", "Timezone"),
    Field("app_platform", "App Platform"),
    Field("name", "Event Original Name"),
    Field("event_properties", "Event Properties", "object"),
    Field("context", "Event context", "object"),
    Field("utm_properties", "UTM Properties", "object", inside=UTM),
    Field("enable_batching", "Batch Data to Mixpanel", "boolean"),
    Field("batch_size", "Batch Size", "number", minimum=1, maximum=2000),
    Field("userAgentData", "User Agent Data", "object", inside=USER_AGENT_DATA),
)

USER_FIELDS = (
    Field("ip", "IP Address"),
    Field("user_id", "User ID", nullable=True),
    Field("anonymous_id", "Anonymous ID", nullable=True),
)

ACTION_FIELDS: dict[str, tuple[Field, ...]] = {
    "trackEvent": (EVENT, *EVENT_FIELDS),
    "trackPurchase": (
        Field("generatePurchaseEventPerProduct", "Generate Purchase Event Per Product", "boolean"),
        *EVENT_FIELDS,
        Field("products", "Products", "object", multiple=True, inside=PRODUCT, open=True),
        EVENT,
    ),
    "identifyUser": (*USER_FIELDS, Field("traits", "User Properties", "object")),
    "groupIdentifyUser": (
        Field("group_key", "Group Key"),
        Field("group_id", "Group ID", required=True),
        Field("traits", "Group Properties", "object"),
    ),
    "alias": (Field("alias", "Alias", nullable=True), Field("distinct_id", "Distinct ID")),
    "incrementProperties": (
        *USER_FIELDS,
        Field("increment", "Increment Numerical Properties", "object", required=True),
    ),
}
