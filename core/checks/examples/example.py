"""What an example of a rule is: messages before and after it is mended, and the settings to read them by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import msgspec

from ...destinations.actions.presets import preset_subscriptions
from ...messages import Json, JsonObject
from ...settings import ClassicSettings, Destination, DestinationKind, IdentityMode, Subscription
from ..settings import CheckSettings, PlanCheck

NOW = 1_795_557_601_000
"""The clock of every example: 2026-11-24T22:00:01Z."""
ANONYMOUS = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"

_TIMESTAMP = "2026-11-24T22:00:00Z"
_UUID = "6d5dc550-92e6-4f3d-8356-{:012x}"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example of a rule. The last message of `before` makes the mistake; `after` does not. Both are
    in order of receipt.

    `settings` are the destination's, under Segment's names; `said` is in words what the settings are.
    """

    before: tuple[JsonObject, ...]
    after: tuple[JsonObject, ...]
    said: str = ""
    kind: DestinationKind = "actions"
    kind_after: DestinationKind | None = None
    settings_before: JsonObject = {}
    settings_after: JsonObject | None = None
    identity: IdentityMode = "original"
    classic: ClassicSettings = ClassicSettings()
    classic_after: ClassicSettings | None = None
    group_keys: tuple[str, ...] | None = None
    project_region: Literal["", "us", "eu", "in"] = ""
    service_account_after: bool = False
    """The fix makes segtap send /import with a service account."""
    plan: JsonObject | None = None
    """A tracking plan, as Segment's Public API gives it."""
    subscriptions: tuple[Subscription, ...] | None = None
    """Those of the workspace, None: Segment's presets; `subscriptions_after` once the fix is followed."""
    subscriptions_after: tuple[Subscription, ...] | None = None

    def destination(self, *, after: bool = False) -> Destination:
        """Return the destination that the messages go to."""
        token = {"projectToken": "YOUR-PROJECT-TOKEN", "token": "YOUR-PROJECT-TOKEN"}
        changed = self.settings_after if after else None
        kind = self.kind_after if after and self.kind_after is not None else self.kind
        settings = {**token, **(self.settings_before if changed is None else changed)}
        mapped = self.subscriptions_after if after else None
        return Destination(kind, settings, self.subscriptions if mapped is None else mapped)

    def checks(self, *, after: bool = False) -> CheckSettings:
        """Return what the rules judge by."""
        changed = self.classic_after if after else None
        return CheckSettings(
            identity=self.identity,
            classic=changed or self.classic,
            group_keys=self.group_keys,
            project_region=self.project_region,
            service_account=after and self.service_account_after,
            plan=None if self.plan is None else _compiled(self.plan),
        )


def _compiled(plan: JsonObject) -> PlanCheck:
    # The validator is imported only where there is a plan.
    from ...plan import compiled, read_plan_text

    return compiled(read_plan_text(json.dumps(plan), "the example's plan"))


def call(type: str, number: int = 0, /, **fields: Json) -> JsonObject:
    """Return a message with a messageId, a timestamp and a userId, unless `fields` say otherwise; `None`
    leaves out.

    `number` makes messages of one example differ: messageIds, and a second each. Identify calls have
    the user's address.
    """
    message: JsonObject = {
        "type": type,
        "messageId": _UUID.format(number + 1),
        "timestamp": _TIMESTAMP[:-3] + f"{number:02}Z",
        "userId": "user-1",
        **({"context": {"ip": "203.0.113.7"}} if type == "identify" else {}),
        **fields,
    }
    return {key: value for key, value in message.items() if value is not None}


def track(event: str, properties: JsonObject | None = None, number: int = 0, /, **fields: Json) -> JsonObject:
    """Return a track call."""
    return call("track", number, event=event, properties=properties, **fields)


def presets(action: str, **fields: Json) -> tuple[Subscription, ...]:
    """Return Segment's presets, where those of one action have these fields in their mapping; None leaves
    out.
    """
    return tuple(
        msgspec.structs.replace(
            one,
            mapping={name: node for name, node in {**one.mapping, **fields}.items() if node is not None},
        )
        if one.partner_action == action
        else one
        for one in preset_subscriptions()
    )


def pair(before: JsonObject, after: JsonObject, *, said: str = "") -> Example:
    """Return an example of one message each."""
    return Example(before=(before,), after=(after,), said=said)


def series(before: Sequence[JsonObject], after: Sequence[JsonObject], *, said: str = "") -> Example:
    """Return an example of several messages."""
    return Example(before=tuple(before), after=tuple(after), said=said)
