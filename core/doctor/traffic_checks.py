"""Questions that the messages answer: duplicates, users, groups, places, clocks, what Mixpanel answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..aggregates.model import PartCheck
from ..delivery import Outcome
from ..text import clean, counted, shorten, shown
from .diagnosis import EVIDENCE, SEVERITY_STANDING, Diagnosis, Standing
from .facts import Case, Facts, ids_of

_SHOWN = 4


def traffic(facts: Facts) -> Iterator[Diagnosis]:
    """Yield whether there is anything to judge by."""
    if not facts.cases:
        yield Diagnosis(
            check="traffic",
            title="Messages",
            standing="unknown",
            words=f"none in {facts.source or 'the journal'}: only the settings can be judged",
            fix="point an SDK at segtap, use the app for a minute, and ask again",
        )
    else:
        calls = Counter(_called(case) for case in facts.cases)
        listed = ", ".join(f"{count:,} {call}" for call, count in calls.most_common())
        words = f"{counted(len(facts.cases), 'message')} from {facts.source or 'the journal'}: {listed}"
        yield Diagnosis(check="traffic", title="Messages", standing="good", words=words)
    if facts.refused:
        reasons = Counter(summary.name for summary in facts.refused)
        words = "; ".join(
            f"{counted(n, 'request')}: {shorten(clean(why), 100)}" for why, n in reasons.most_common(3)
        )
        yield Diagnosis(
            check="ingest",
            title="Requests that were not taken",
            standing="error",
            words=words,
            messages=tuple(str(summary.id) for summary in facts.refused[-EVIDENCE:]),
            fix="look at them in segtap's list: each names its fault",
        )


def _called(case: Case) -> str:
    """Return the call that a message is, or that Mixpanel's own SDK sent it."""
    if case.detail.source_kind == "mixpanel":
        return "straight to Mixpanel"
    return str(case.document.get("type"))


def identity(facts: Facts) -> Iterator[Diagnosis]:
    """Yield what the clusters become."""
    found = facts.clusters
    if not found:
        return
    mode = facts.settings.identity
    joined = [one for one in found if one.ids > 1]
    notes = list(dict.fromkeys(note for one in found for note in one.notes))
    ids = sum(one.ids for one in found)
    some = "" if facts.users == len(found) else f" (of {facts.users:,}: those seen last)"
    words = (
        f"{mode} ID merge{facts.assumed('identity')}: {counted(ids, 'id')}"
        f" become {counted(len(found), 'user')}{some}, {len(joined):,} of them of several ids"
    )
    messages = tuple(number for one in joined for _, number in one.links)
    yield Diagnosis(
        check="identity",
        title="Identity clusters",
        standing="warning" if notes else "good",
        words=words + "".join(f" · {note}" for note in notes[:_SHOWN]),
        messages=facts.named(messages),
        fix="segtap doctor --user ID shows one of them; mend what the rules on users say" if notes else "",
    )


def groups(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the four parts of Group Analytics, for each group key."""
    if not facts.groups.in_use:
        known = facts.settings.mixpanel_group_keys
        words = "no group call was seen, and " + (
            "Mixpanel has no group key" if known is not None else "mixpanel_group_keys is not set: unknown"
        )
        yield Diagnosis(check="groups", title="Group Analytics", standing="note", words=words)
        return
    for key in facts.groups.checks():
        title = f"Group key {shown(key.key, 40)}" if key.named else "Group keys"
        for number, part in enumerate(key.parts, start=1):
            yield Diagnosis(
                check=f"groups.{part.part.replace(' ', '-')}",
                title=f"{title}, part {number} of 4: {part.part}",
                standing=_of_part(part),
                words=part.words,
                messages=facts.named(part.messages),
                fix=part.fix,
            )
        carrying = [shown(one.event, 40) for one in key.events if one.carrying and not one.lacking]
        lacking = [shown(one.event, 40) for one in key.events if one.lacking]
        if key.events:
            with_it, without = ", ".join(carrying) or "none", ", ".join(lacking) or "none"
            yield Diagnosis(
                check="groups.events",
                title=f"{title}, events",
                standing="note",
                words=f"with it: {with_it} · without it: {without}",
            )


def _of_part(part: PartCheck) -> Standing:
    """Judge a part by the finding that it has if it is wrong."""
    if part.standing == "yes":
        return "good"
    if part.standing == "unknown":
        return "unknown"
    return "note" if part.severity is None else SEVERITY_STANDING[part.severity]


def delivery(facts: Facts) -> Iterator[Diagnosis]:
    """Yield what Mixpanel answered."""
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
            yield Diagnosis(check="delivery", title="Mixpanel's answers", standing="good", words=words)
        return
    reasons = Counter(words for _, words in refused)
    listed = "; ".join(f"{n:,} × {shorten(clean(why), 140)}" for why, n in reasons.most_common(3))
    silent = any(" 200:" in why for why in reasons)
    yield Diagnosis(
        check="delivery",
        rule="refused-with-200" if silent else "",
        title="Mixpanel's answers",
        standing="error",
        words=f"{counted(len(refused), 'request')} refused: {listed}"
        + (" (an answer of 200 may be a refusal: Segment does not read it)" if silent else ""),
        messages=ids_of(case for case, _ in refused),
        fix="mend what each names, and replay the messages",
    )
