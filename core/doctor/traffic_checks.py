"""Questions that the messages answer: duplicates, users, groups, places, clocks, what Mixpanel answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from ..delivery import Outcome
from ..destinations.classic.insert_id import UNKNOWABLE
from ..identities.users import clusters
from ..inspection import Finding
from ..overview.groups import PartCheck
from ..settings import DestinationKind
from ..text import clean, counted, shorten, shown
from .facts import Case, Facts, ids_of
from .verdict import EVIDENCE, SEVERITY_STANDING, Standing, Verdict, gravest

_SHOWN = 4
_REFUSED = "rejected-by-destination"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the FAQ that rules answer, message by message."""

    check: str
    title: str
    rules: tuple[str, ...]
    good: str
    refused_at: str = ""
    """A path of the message: what the destination refuses for what stands there, counts as well."""
    classic: str = ""
    """What stands in the place of `good` for the classic destination, where that cannot be known."""
    only: DestinationKind | None = None
    """The destination that the question is about; None: both."""
    rests_on: tuple[str, ...] = ()
    """Settings without which `good` is only assumed."""
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
        ),
        good="no event came twice under two messageIds, and every one has an id",
        unchecked="cloud and device mode at once: not checked: no device traffic",
    ),
    Topic(
        check="insert-id",
        title="Insert ids",
        rules=("insert-id-charset", "insert-id-length", "insert-id-undocumented"),
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
            "identity-cluster-limit",
            "anonymous-id-churn",
        ),
        good="every message names a user, and no device is shared",
    ),
    Topic(
        check="joining",
        title="From anonymous to known",
        rules=(
            *("identify-ignored", "history-not-joined", "anonymous-id-not-uuid4", "anonymous-profile-prefix"),
            *("alias-ignored", "alias-order", "alias-without-previous-id", "identify-without-user-id"),
        ),
        good="anonymous events are joined to the users",
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


def traffic(facts: Facts) -> Iterator[Verdict]:
    """Whether there is anything to judge by."""
    if not facts.cases:
        yield Verdict(
            check="traffic",
            title="Messages",
            standing="unknown",
            words=f"none in {facts.source or 'the journal'}: only the settings can be judged",
            fix="point an SDK at segtap, use the app for a minute, and ask again",
        )
    else:
        calls = Counter(str(case.document.get("type")) for case in facts.cases)
        listed = ", ".join(f"{count:,} {call}" for call, count in calls.most_common())
        words = f"{counted(len(facts.cases), 'message')} from {facts.source or 'the journal'}: {listed}"
        yield Verdict(check="traffic", title="Messages", standing="good", words=words)
    if facts.refused:
        reasons = Counter(summary.name for summary in facts.refused)
        words = "; ".join(
            f"{counted(n, 'request')}: {shorten(clean(why), 100)}" for why, n in reasons.most_common(3)
        )
        yield Verdict(
            check="ingest",
            title="Requests that were not taken",
            standing="error",
            words=words,
            messages=tuple(str(summary.id) for summary in facts.refused[-EVIDENCE:]),
            fix="look at them in segtap's list: each names its fault",
        )


def identity(facts: Facts) -> Iterator[Verdict]:
    """What the clusters become."""
    found = list(clusters(facts.identities))
    if not found:
        return
    mode = facts.settings.identity
    joined = [one for one in found if len(one.members) > 1]
    notes = list(dict.fromkeys(note for one in found for note in one.notes))
    ids = sum(len(one.members) for one in found)
    words = (
        f"{mode} ID merge{facts.assumed('identity')}: {counted(ids, 'id')}"
        f" become {counted(len(found), 'user')}, {len(joined):,} of them of several ids"
    )
    messages = tuple(number for one in joined for _, number in one.links)
    yield Verdict(
        check="identity",
        title="Identity clusters",
        standing="warning" if notes else "good",
        words=words + "".join(f" · {note}" for note in notes[:_SHOWN]),
        messages=facts.named(messages),
        fix="segtap doctor --user ID shows one of them; mend what the rules on users say" if notes else "",
    )


_CARRYING = ("key on events", "key on user profile")
_PARTS: dict[str, Standing] = {"yes": "good", "partly": "warning", "no": "error", "unknown": "unknown"}


def groups(facts: Facts) -> Iterator[Verdict]:
    """The four parts of Group Analytics, for each group key."""
    if not facts.groups.in_use:
        known = facts.settings.mixpanel_group_keys
        words = "no group call was seen, and " + (
            "Mixpanel has no group key" if known is not None else "mixpanel_group_keys is not set: unknown"
        )
        yield Verdict(check="groups", title="Group Analytics", standing="note", words=words)
        return
    for key in facts.groups.checks():
        for number, part in enumerate(key.parts, start=1):
            yield Verdict(
                check=f"groups.{part.part.replace(' ', '-')}",
                title=f"Group key {shown(key.key, 40)}, part {number} of 4: {part.part}",
                standing=_of_part(part, known=facts.settings.mixpanel_group_keys is not None),
                words=part.words,
                messages=facts.named(part.messages),
                fix=part.fix,
            )
        carrying = [shown(one.event, 40) for one in key.events if one.carrying and not one.lacking]
        lacking = [shown(one.event, 40) for one in key.events if one.lacking]
        if key.events:
            with_it, without = ", ".join(carrying) or "none", ", ".join(lacking) or "none"
            yield Verdict(
                check="groups.events",
                title=f"Group key {shown(key.key, 40)}, events",
                standing="note",
                words=f"with it: {with_it} · without it: {without}",
            )


def _of_part(part: PartCheck, *, known: bool) -> Standing:
    standing = _PARTS[part.standing]
    if known or standing not in ("warning", "error"):
        return standing
    # While Mixpanel's keys are unknown, nobody can say that events and profiles need this one.
    return "note" if part.part in _CARRYING else "warning"


def delivery(facts: Facts) -> Iterator[Verdict]:
    """What Mixpanel answered."""
    refused: list[tuple[Case, str]] = []
    taken = 0
    for case in facts.cases:
        for attempt in case.detail.deliveries:
            taken += attempt.outcome is Outcome.SENT
            if attempt.outcome is Outcome.REFUSED:
                refused.append((case, f"{attempt.endpoint} {attempt.status}: {attempt.words}"))
    if not refused:
        if taken:
            words = f"{counted(taken, 'request')} taken, none refused"
            yield Verdict(check="delivery", title="Mixpanel's answers", standing="good", words=words)
        return
    reasons = Counter(words for _, words in refused)
    listed = "; ".join(f"{n:,} × {shorten(clean(why), 140)}" for why, n in reasons.most_common(3))
    silent = any(" 200:" in why for why in reasons)
    yield Verdict(
        check="delivery",
        rule="refused-with-200" if silent else "",
        title="Mixpanel's answers",
        standing="error",
        words=f"{counted(len(refused), 'request')} refused: {listed}"
        + (" (an answer of 200 may be a refusal: Segment does not read it)" if silent else ""),
        messages=ids_of(case for case, _ in refused),
        fix="mend what each names, and replay the messages",
    )


def refused_here(facts: Facts) -> Iterator[Verdict]:
    """What never reaches Mixpanel: Segment or its destination refuses it."""
    found = facts.found("segment-would-reject", "rejected-by-destination", "unmatched", "event-too-large")
    if found:
        yield _of_findings("not-sent", "Messages that Mixpanel never gets", found)


def topics(facts: Facts) -> Iterator[Verdict]:
    """The questions that rules answer."""
    for topic in TOPICS if facts.cases else ():
        if topic.only not in (None, facts.destination.kind):
            continue
        found = [
            (case, finding)
            for case, finding in facts.found(*topic.rules, _REFUSED)
            if finding.rule != _REFUSED or finding.path == topic.refused_at
        ]
        if found:
            yield _of_findings(topic.check, topic.title, found)
        elif topic.classic and facts.destination.kind == "classic-cloud":
            yield Verdict(check=topic.check, title=topic.title, standing="unknown", words=topic.classic)
        else:
            words = topic.good + (facts.assumed(*topic.rests_on) if topic.rests_on else "")
            if topic.unchecked and not facts.device_traffic:
                words += f". {topic.unchecked[0].upper()}{topic.unchecked[1:]}"
            yield Verdict(check=topic.check, title=topic.title, standing="good", words=words)


def _of_findings(check: str, title: str, found: list[tuple[Case, Finding]]) -> Verdict:
    worst = gravest(finding.severity for _, finding in found)
    rules = Counter(finding.rule for _, finding in found)
    newest = next(finding for _, finding in reversed(found) if finding.severity == worst)
    listed = ", ".join(f"{rule} ({count:,})" for rule, count in rules.most_common())
    return Verdict(
        check=check,
        title=title,
        standing=SEVERITY_STANDING[worst],
        words=f"{listed}. The newest: {newest.message}",
        messages=ids_of(case for case, finding in found if finding.severity == worst),
        fix=newest.fix,
    )
