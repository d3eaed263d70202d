"""An example of each rule on the stream that a few messages can show."""

from __future__ import annotations

import msgspec

from ...messages import JsonObject
from .example import ANONYMOUS, Example, call, presets, series, track

_LOGIN = call("identify", 2, anonymousId=ANONYMOUS, traits={"plan": "pro"})
_SIGNED_UP = track("Signed Up", {"plan": "pro"}, 3)


def _of_group(before: list[JsonObject], after: list[JsonObject], key: str = "$group_id") -> Example:
    """Return an example in a project that has this group key."""
    example = series(before, after, said=f'mixpanel_group_keys = ["{key}"]')
    return msgspec.structs.replace(example, group_keys=(key,))


_GROUP = call("group", 1, groupId="acme", traits={"name": "Acme"})
_COMPANY = call("group", 1, groupId="acme", traits={"name": "Acme", "company_id": "acme"})


STREAM_EXAMPLES: dict[str, Example] = {
    "retry": series([_SIGNED_UP, _SIGNED_UP], [_SIGNED_UP]),
    "dedupe-mismatch": series(
        [_SIGNED_UP, {**_SIGNED_UP, "timestamp": "2026-11-24T22:00:09Z"}], [_SIGNED_UP, _SIGNED_UP]
    ),
    "message-id-reused": series(
        [_SIGNED_UP, {**_SIGNED_UP, "event": "Signed Out"}], [_SIGNED_UP, track("Signed Out", {}, 4)]
    ),
    "double-fired": series(
        [track("Signed Up", {"plan": "pro"}, 2), track("Signed Up", {"plan": "pro"}, 3)], [_SIGNED_UP]
    ),
    "no-profile": series(
        [track("Signed Up", None, 1), track("Logged In", None, 2), track("Paid", None, 3)],
        [
            call("identify", 0, traits={"plan": "pro"}),
            *(track(name, None, n) for n, name in enumerate(("Signed Up", "Logged In", "Paid"), 1)),
        ],
    ),
    "group-key-missing-on-event": _of_group(
        [_GROUP, _SIGNED_UP], [_GROUP, {**_SIGNED_UP, "context": {"groupId": "acme"}}]
    ),
    "group-key-missing-on-profile": _of_group(
        [_LOGIN, call("group", 3, groupId="acme", traits={"name": "Acme"})],
        [
            call("identify", 2, anonymousId=ANONYMOUS, traits={"plan": "pro", "$group_id": ["acme"]}),
            call("group", 3, groupId="acme", traits={"name": "Acme"}),
        ],
    ),
    "group-key-mismatch": msgspec.structs.replace(
        _of_group([_COMPANY], [_COMPANY], "company_id"),
        said='mixpanel_group_keys = ["company_id"], then also group_key = "company_id" in the mapping of '
        "subscription 'Group Calls'",
        subscriptions_after=presets("groupIdentifyUser", group_key="company_id"),
    ),
    "group-value-unknown": _of_group(
        [_GROUP, {**_SIGNED_UP, "context": {"groupId": "Acme"}}],
        [_GROUP, {**_SIGNED_UP, "context": {"groupId": "acme"}}],
    ),
    "clock-skew": series(
        [{**_SIGNED_UP, "sentAt": "2026-11-24T21:40:00Z", "receivedAt": "2026-11-24T22:00:05Z"}],
        [{**_SIGNED_UP, "sentAt": "2026-11-24T22:00:04Z", "receivedAt": "2026-11-24T22:00:05Z"}],
    ),
    "identify-after-track": series(
        [track("Signed Up", None, 1), call("identify", 2, traits={"plan": "pro"})],
        [call("identify", 1, traits={"plan": "pro"}), track("Signed Up", None, 2)],
    ),
    "name-casing": series(
        [track("Signed Up", None, 1), track("signed up", None, 2)],
        [track("Signed Up", None, 1), track("Signed Up", None, 2)],
    ),
    "property-type-drift": series(
        [track("Paid", {"total": 12}, 1), track("Paid", {"total": "12"}, 2)],
        [track("Paid", {"total": 12}, 1), track("Paid", {"total": 13}, 2)],
    ),
}
