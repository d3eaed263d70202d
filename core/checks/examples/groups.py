"""An example of each rule on group calls and on group keys."""

from __future__ import annotations

from ...messages import JsonObject
from .example import Example, call, pair, presets

_GROUP: JsonObject = call("group", 1, groupId="acme", traits={"name": "Acme"})
_CLASSIC: JsonObject = {"groupIdentifierTraits": ["company_id"]}
_ON_CLASSIC = "the classic destination, Group Identifier Traits: company_id"

GROUP_EXAMPLES: dict[str, Example] = {
    "group-without-traits": pair(call("group", groupId="acme"), _GROUP),
    "group-trait-missing": Example(
        before=(call("group", groupId="acme", traits={"name": "Acme"}),),
        after=(call("group", groupId="acme", traits={"name": "Acme", "company_id": "acme"}),),
        said=_ON_CLASSIC,
        kind="classic-cloud",
        settings_before=_CLASSIC,
    ),
    "group-id-overridden": Example(
        before=(call("group", groupId="acme", traits={"company_id": 12}),),
        after=(call("group", groupId="acme", traits={"company_id": "acme"}),),
        said=_ON_CLASSIC,
        kind="classic-cloud",
        settings_before=_CLASSIC,
    ),
    "group-key-not-a-name": Example(
        before=(_GROUP,),
        after=(_GROUP,),
        said="Group Key of subscription 'Group Calls' mapped to $.groupId, then empty",
        subscriptions=presets("groupIdentifyUser", group_key={"@path": "$.groupId"}),
        subscriptions_after=presets("groupIdentifyUser"),
    ),
    "group-set-once": Example(
        before=(call("group", groupId="acme", traits={"company_id": "acme", "plan": "pro"}),),
        after=(call("group", groupId="acme", traits={"company_id": "acme", "plan": "pro"}),),
        said="the classic destination, Group Traits to Set Once: plan, then none",
        kind="classic-cloud",
        settings_before={**_CLASSIC, "groupTraitsToSetOnce": ["plan"]},
        settings_after=_CLASSIC,
    ),
}
