"""Questions that rules answer, message by message: each finding of `segtap check` stands in one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from ..destinations.classic.insert_id import UNKNOWABLE
from ..settings import DestinationKind
from ..verdict import Finding
from .diagnosis import SEVERITY_STANDING, Diagnosis, gravest
from .facts import Case, Facts, ids_of

_REFUSED = "rejected-by-destination"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the FAQ that rules answer, message by message."""

    check: str
    title: str
    rules: tuple[str, ...]
    good: str
    """What is said where nothing is found; "": nothing."""
    refused_at: str = ""
    """A path of the message: what the destination refuses for what stands there, counts as well."""
    classic: str = ""
    """What stands in the place of `good` for the classic destination, where that cannot be known."""
    only: DestinationKind | None = None
    """The destination that the question is about; None: both."""
    rests_on: tuple[str, ...] = ()
    """Settings without which the answer is only assumed."""
    unchecked: str = ""
    """What `good` says nothing of, as long as no device traffic was seen."""


TOPICS: tuple[Topic, ...] = (
    Topic(
        check="duplicates",
        title="Duplicates",
        rules=(
            "message-id-reused",
            "dedupe-mismatch",
            "double-fired",
            "insert-id-missing",
            "cloud-and-device-mode",
            "subscription-double-count",
            "purchase-double-count",
        ),
        good="no event came twice under two messageIds, and every one has an id",
        unchecked="cloud and device mode at once: not checked: no device traffic",
    ),
    Topic(
        check="insert-id",
        title="Insert ids",
        rules=("insert-id-charset", "insert-id-length", "insert-id-forbidden", "insert-id-undocumented"),
        good="Mixpanel takes every messageId as insert id",
        classic="no event was seen; which insert ids the classic destination sends cannot be known."
        f" {UNKNOWABLE}",
    ),
    Topic(
        check="users",
        title="User ids",
        rules=(
            "placeholder-user-id",
            "id-whitespace",
            "no-identity",
            "shared-device",
            *("user-id-changed", "user-id-shared", "email-two-users", "id-casing", "always-new-user"),
            "identity-cluster-limit",
            "anonymous-id-churn",
            "hot-shard",
        ),
        good="every message names a user, and no device is shared",
        rests_on=("identity",),
    ),
    Topic(
        check="joining",
        title="From anonymous to known",
        rules=(
            *(
                "merge-unfit",
                "identify-ignored",
                "history-not-joined",
                "anonymous-id-not-uuid4",
                "anonymous-profile-prefix",
            ),
            *("alias-ignored", "alias-order", "alias-without-previous-id", "identify-without-user-id"),
        ),
        good="anonymous events are joined to the users",
        rests_on=("identity",),
    ),
    Topic(
        check="places",
        title="Places",
        rules=("no-client-ip", "country-code"),
        good="every message has the user's address, or comes from their device",
    ),
    Topic(
        check="clock",
        title="Clocks",
        rules=("clock-skew", "time-out-of-range", "timestamp-suspect", "track-too-old"),
        refused_at="$.timestamp",
        good="no sender's clock is off by more than five minutes",
    ),
    Topic(
        check="names",
        title="Names and types",
        rules=(
            *("name-casing", "event-name", "reserved-event-name", "property-name", "page-name-cardinality"),
            *("event-name-cardinality", "property-type-drift", "number-as-text"),
        ),
        good="every name has one spelling, every property one type",
    ),
    Topic(
        check="lost-properties",
        title="Properties that do not arrive",
        rules=(
            *("property-dropped", "property-replaced", "property-converted", "property-overrides-context"),
            *("reserved-property", "string-truncated", "misplaced-field", "number-precision"),
        ),
        good="every property arrives as it was sent",
    ),
    Topic(
        check="limits",
        title="Mixpanel's limits",
        rules=("too-many-properties", "array-too-long", "nesting-too-deep", "property-too-large"),
        good="no event or profile is over a limit",
    ),
    Topic(
        check="device-mode",
        title="Device mode",
        rules=(
            *("reset-not-in-mixpanel", "increment-not-a-number", "revenue-not-on-profile"),
            *("super-property-reserved", "people-off-engage", "sdk-alias-direct"),
        ),
        good="",
    ),
    Topic(
        check="group-calls",
        title="Group calls and group keys",
        rules=(
            *("group-without-traits", "group-trait-missing", "group-id-overridden", "group-set-once"),
            *("group-key-not-a-name", "group-key-mismatch", "placeholder-group-id", "group-value-unknown"),
            *("group-key-missing-on-event", "group-key-missing-on-profile"),
        ),
        good="",
    ),
    Topic(
        check="spec",
        title="Segment's spec",
        rules=(
            *("spec-event-name", "spec-property-missing", "spec-property-name", "spec-property-type"),
            *("common-field-name", "common-field-type", "trait-name", "trait-type", "date-format"),
        ),
        good="",
    ),
    Topic(
        check="plan",
        title="Tracking plan",
        rules=("plan-violation", "plan-unplanned-event", "plan-unplanned-property"),
        good="",
    ),
    Topic(
        check="utm",
        title="Campaigns",
        rules=("utm-missing",),
        good="campaigns come in context.campaign",
    ),
    Topic(
        check="classic-features",
        title="After the move to Actions",
        rules=("classic-feature-lost", "array-overwritten", "super-properties-cloud"),
        good="nothing was seen that only the classic destination does",
        only="actions",
        rests_on=("classic.people", "classic.event_increments", "classic.prop_increments"),
    ),
    Topic(
        check="classic-settings",
        title="Increments, and what Segment's page says",
        rules=("increment-ignored", "documentation-differs"),
        good="no increment of the settings was left out, and nothing was seen of which Segment's page and its"
        " published code say two things",
        only="classic-cloud",
        rests_on=("classic.event_increments", "classic.prop_increments"),
    ),
)


_NOT_SENT = ("segment-would-reject", _REFUSED, "unmatched", "event-too-large")
_ELSEWHERE = (
    *("page-double-count", "page-name-missing", "region-mismatch", "api-secret-deprecated"),
    *("filter-not-fql", "transformation-not-fql", "not-imitated", "no-profile"),
)
"""Rules that a check of their own speaks of."""
_ASKED_ABOUT = frozenset((*_NOT_SENT, *_ELSEWHERE, *(rule for topic in TOPICS for rule in topic.rules)))


def refused_here(facts: Facts) -> Iterator[Diagnosis]:
    """Yield what never reaches Mixpanel: Segment or its destination refuses it."""
    found = facts.found(*_NOT_SENT)
    if found:
        yield _of_findings("not-sent", "Messages that Mixpanel never gets", found)


NOBODY_JOINED = "no visitor became a known user in what was seen"


def topics(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the questions that rules answer."""
    for topic in TOPICS if facts.cases else ():
        if topic.only not in (None, facts.destination.kind):
            continue
        found = [
            (case, finding)
            for case, finding in facts.found(*topic.rules, _REFUSED)
            if finding.rule != _REFUSED or finding.path == topic.refused_at
        ]
        assumed = facts.assumed(*topic.rests_on) if topic.rests_on else ""
        if found:
            yield _of_findings(topic.check, topic.title, found, assumed)
        elif topic.classic and facts.destination.kind == "classic-cloud":
            yield Diagnosis(check=topic.check, title=topic.title, standing="unknown", words=topic.classic)
        elif topic.good:
            good = NOBODY_JOINED if topic.check == "joining" and not facts.joined else topic.good
            words = good + assumed
            if topic.unchecked and not facts.device_traffic:
                words += f". {topic.unchecked[0].upper()}{topic.unchecked[1:]}"
            yield Diagnosis(check=topic.check, title=topic.title, standing="good", words=words)


def others(facts: Facts) -> Iterator[Diagnosis]:
    """Yield what rules find that no question is about: nothing that `segtap check` calls wrong is
    left out.
    """
    found = [
        (case, finding)
        for case in facts.cases
        for finding in case.detail.verdict.findings
        if finding.rule not in _ASKED_ABOUT and finding.severity != "info"
    ]
    if found:
        yield _of_findings("others", "Other findings", found)


def _of_findings(check: str, title: str, found: list[tuple[Case, Finding]], assumed: str = "") -> Diagnosis:
    worst = gravest(finding.severity for _, finding in found)
    rules = Counter(finding.rule for _, finding in found)
    newest = next(finding for _, finding in reversed(found) if finding.severity == worst)
    listed = ", ".join(f"{rule} ({count:,})" for rule, count in rules.most_common())
    return Diagnosis(
        check=check,
        title=title,
        standing=SEVERITY_STANDING[worst],
        words=f"{listed}. The newest: {newest.message}{assumed}",
        messages=ids_of(case for case, finding in found if finding.severity == worst),
        fix=newest.fix,
    )
