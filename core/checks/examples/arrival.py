"""An example of each rule on what does not arrive as it was sent."""

from __future__ import annotations

from .example import Example, pair, track

ARRIVAL_EXAMPLES: dict[str, Example] = {
    "property-dropped": pair(track("Signed Up", {"id": "sku-7"}), track("Signed Up", {"sku": "sku-7"})),
    "property-replaced": Example(
        before=(track("Plan Chosen", {"plan": "yearly"}, context={"traits": {"plan": "monthly"}}),),
        after=(track("Plan Chosen", {"chosen": "yearly"}, context={"traits": {"plan": "monthly"}}),),
        said="the classic destination, which lays the traits of the context over the properties",
        kind="classic-cloud",
    ),
    "property-converted": Example(
        before=(track("Moved", {"address": {"city": "Ghent", "zip": "9000"}}),),
        after=(track("Moved", {"city": "Ghent", "zip": "9000"}),),
        said="the classic destination, which makes text of objects",
        kind="classic-cloud",
    ),
    "property-overrides-context": pair(
        track("Signed Up", {"utm_source": "shop"}, context={"campaign": {"source": "news"}}),
        track("Signed Up", {"shop_source": "shop"}, context={"campaign": {"source": "news"}}),
    ),
}
