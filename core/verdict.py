"""What a message becomes: the values that translation and checks produce, and no logic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from .messages import Json, JsonObject
from .objections import Objection
from .outcomes import FunctionOutcome
from .settings import RepairName

Severity = Literal["error", "warning", "info"]
FAULT_RULE = "segtap-fault"
"""The rule named when segtap itself failed on a message, or cannot read what it kept."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing that a rule found: contract of `segtap translate` and `segtap check`.

    `path` points into the Segment message (`$.properties.id`) or, when it starts with `requests`,
    into the translation (`requests[0].body[0].properties.$insert_id`).
    """

    rule: str
    severity: Severity
    path: str
    message: str
    fix: str


SECRET_FIELDS = ("api_key", "api_secret", "secret")
"""Query fields of a request that hold a secret."""

_MADE_OF = re.compile(r"(?:worked out of )?(\$\.(?:(?! and |, ).)+)(?:, (?:as|read as|less) .*)?", re.DOTALL)
"""A source that names one path of the message, and how its value was changed."""

IDENTITY_EVENTS = ("$identify", "$create_alias", "$merge")
"""Mixpanel's own events that name ids to be joined: no events of a user, though they have properties."""
FORBIDDEN_IDS = frozenset(
    (
        "00000000-0000-0000-0000-000000000000",
        *("anon", "anonymous", "nil", "none", "null", "n/a", "na", "undefined", "unknown", "<nil>"),
        *("0", "-1", "true", "false", "[]", "{}"),
    )
)
"""The values that Mixpanel documents as no distinct_id; how it treats other spellings is not documented."""


class OutgoingRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One HTTP request to Mixpanel; the same shape as Segment's in the vectors.

    `body` is the parsed JSON: of the request body for application/json, of the form field `data`
    for form requests. `data` is the encoded field where the wire carries base64 (classic), `query`
    the other query fields there. `authorization` is the header's value, unmasked. `verbatim` is the text of
    the one record in `body` if it is sent as it was received: that of Mixpanel's own SDKs.
    """

    method: str
    url: str
    content_type: str | None = None
    authorization: str | None = None
    query: JsonObject | None = None
    data: str | None = None
    body: Json = None
    verbatim: bytes = b""

    def records(self) -> Iterator[JsonObject]:
        """Yield the records in the body: those of a list, or the one that it is."""
        for record in self.body if isinstance(self.body, list) else (self.body,):
            if isinstance(record, dict):
                yield record


class Operation(msgspec.Struct, frozen=True):
    """One request and the subscription that made it.

    `action` is Segment's partner action (`trackEvent`, `identifyUser`, …). `place` is the subscription's
    index in the destination's list.
    """

    subscription: str
    action: str
    request: OutgoingRequest
    place: int = 0


Stage = Literal[
    "",
    "segment",
    "schema",
    "source_function",
    "source_transformations",
    "integrations",
    "filters",
    "destination_transformations",
    "insert_function",
    "subscriptions",
]
"""A stage of Segment's pipeline; "": none of these."""


class NotSent(msgspec.Struct, frozen=True):
    """The reason why Segment does not send a message to the destination at all, and its place in the
    message.
    """

    path: str
    reason: str
    stage: Stage = ""


class Translation(msgspec.Struct, frozen=True):
    """What a destination makes of one message.

    `rejected` is the first refusal in the order of subscriptions, or None. `unmatched` is True when no
    subscription takes the message. `not_sent` says why Segment would not hand it to the destination. Beside
    the request of a record of Mixpanel's own SDKs it says why that is not for the configured project.
    """

    operations: tuple[Operation, ...] = ()
    rejected: str | None = None
    unmatched: bool = False
    not_sent: NotSent | None = None


class PropertySource(msgspec.Struct, frozen=True, array_like=True):
    """The source of one value of a request's body.

    `path` leads to it (`requests[0].body[0].properties.$os`); `source` says where it comes from. With `place`
    that is a path into the message as sent, where the same value stands. `field` is the field of the mapping
    that brought it, or "". `via` says what transformations did to it on its way, "" where they did nothing.
    """

    path: str
    source: str
    field: str = ""
    place: bool = False
    via: str = ""

    @property
    def stands_at(self) -> str:
        """The one path of the message that the value was made of, changed or not; "" where there is none."""
        if self.place:
            return self.source
        made_of = _MADE_OF.fullmatch(self.source)
        return made_of[1] if made_of else ""


class TakenOut(msgspec.Struct, frozen=True):
    """Fields of the message that a destination filter keeps from the destination, by their paths."""

    filter: str
    paths: tuple[str, ...]


class StageStep(msgspec.Struct, frozen=True):
    """What one transformation, filter, blocked list or function made of the message.

    `changed` are the paths that it added, removed or changed, and `document` is the message after it, as JSON
    text; b"" where it changed nothing. `stopped` says why the message goes no further, "" if it does. `logs`
    are lines that a function wrote with `console.log`. `doubts` say why Segment may make something else of
    the message. `matched` is False if the part's condition does not hold for the message.
    """

    stage: Stage
    name: str
    changed: tuple[str, ...] = ()
    document: bytes = b""
    stopped: str = ""
    logs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    matched: bool = True


class Explanation(msgspec.Struct, frozen=True):
    """The reasons why a translation is as it is; worked out only when somebody looks.

    `sources` are those of the values in the requests. `unmatched` says which triggers came closest, where no
    subscription takes the message, else "". `taken_out` is what was translated without. `unknown` are the
    paths of fields that Segment sets to a value that nobody else knows: they are not in the requests.
    `steps` are the configured parts of the stages that the message came to, in order; `hashed` are fields of
    the message that Segment hashes, by their paths.
    """

    sources: tuple[PropertySource, ...] = ()
    unmatched: str = ""
    taken_out: tuple[TakenOut, ...] = ()
    unknown: tuple[str, ...] = ()
    steps: tuple[StageStep, ...] = ()
    hashed: tuple[str, ...] = ()

    def source_at(self, path: str) -> PropertySource | None:
        """Return the source of a value, or of the nearest one around it, its path led on to that value."""
        nearest: PropertySource | None = None
        for source in self.sources:
            if path == source.path:
                return source
            if path.startswith(source.path) and path[len(source.path)] in ".[":
                nearest = source
        if nearest is None or not nearest.place:
            return nearest
        inner = nearest.source + path[len(nearest.path) :]
        return PropertySource(path, inner, nearest.field, True, nearest.via)


class Repair(msgspec.Struct, frozen=True):
    """One change that a repair of the settings made to a request, beyond what Segment would send.

    `request` is the request's number, None for one that is not sent. `path` leads to the value as it is now
    (`requests[0].body[0].properties.$insert_id`), `before` is null where there was none.
    """

    name: RepairName
    request: int | None
    path: str
    before: Json
    after: Json


class StageResult(msgspec.Struct, frozen=True):
    """A stage that stopped the message, or changed it, and the place in the message that is the reason.

    `name` is the transformation, filter, blocked list or function that did it, "" for other stages.
    """

    stage: Stage
    effect: Literal["stopped", "changed", "not_imitated"]
    path: str = "$"
    reason: str = ""
    name: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What a message becomes, and everything that is found on the way.

    The translation is the one after `repairs`, which are those that changed something. `objections` say why
    Segment would refuse the message or change it, `stages` name the stages that stopped or changed it.
    `fault` says what in segtap failed on the message, so that nothing is known of what it becomes; else "".
    `outcomes` are those of the message's insert functions.
    """

    translation: Translation
    findings: tuple[Finding, ...] = ()
    repairs: tuple[Repair, ...] = ()
    fault: str = ""
    objections: tuple[Objection, ...] = ()
    stages: tuple[StageResult, ...] = ()
    outcomes: tuple[FunctionOutcome, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.severity == "warning" for finding in self.findings)


SEVERITY_WEIGHT: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
"""To sort by: what is gravest comes first."""


def with_findings(verdict: Verdict, more: Sequence[Finding]) -> Verdict:
    """Return the verdict with further findings put in by their weight, behind those of the same."""
    if not more:
        return verdict
    found = sorted((*verdict.findings, *more), key=lambda finding: SEVERITY_WEIGHT[finding.severity])
    return msgspec.structs.replace(verdict, findings=tuple(found))
