"""An example of each rule on Mixpanel's limits."""

from __future__ import annotations

from ...messages import Json, JsonObject
from .example import Example, call, pair, track

_NUMBERS: list[Json] = list(range(300))
_WIDE: JsonObject = {f"answer_{number}": number for number in range(255)}
_LONG: str = "https://shop.example/search?q=" + "shoes+" * 50
_ROW: list[Json] = [_LONG[:250]] * 250
_ROWS: list[Json] = [_ROW for _ in range(20)]
_LINKS: list[Json] = [_LONG[:200]] * 50

_KEYS = ("company_id", "team_id", "region_id", "shop_id")
_GROUPS: JsonObject = {key: f"{key}-1" for key in _KEYS}
_CALL = call("group", groupId="acme", traits={**_GROUPS, "name": "Acme"})

LIMIT_EXAMPLES: dict[str, Example] = {
    "too-many-properties": pair(track("Survey Sent", _WIDE), track("Survey Sent", {"answers": len(_WIDE)})),
    "array-too-long": pair(track("Exported", {"ids": _NUMBERS}), track("Exported", {"id_count": 300})),
    "nesting-too-deep": pair(
        track("Signed Up", {"a": {"b": {"c": {"d": {"e": 1}}}}}), track("Signed Up", {"a_b_c_d_e": 1})
    ),
    "property-too-large": pair(
        track("Exported", {"links": _LINKS}), track("Exported", {"links": _LINKS[:30], "link_count": 50})
    ),
    "event-too-large": pair(track("Imported", {"rows": _ROWS}), track("Imported", {"rows": 5000})),
    "string-truncated": pair(
        call("identify", traits={"homepage": _LONG}),
        call("identify", traits={"homepage": "/search", "search_terms": 50}),
    ),
    "too-many-group-keys": Example(
        before=(_CALL,),
        after=(_CALL,),
        said="the classic destination, Group Identifier Traits: four, then three of them",
        kind="classic-cloud",
        settings_before={"groupIdentifierTraits": [*_KEYS]},
        settings_after={"groupIdentifierTraits": [*_KEYS[:3]]},
    ),
}
