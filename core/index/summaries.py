"""One line of the list for each message: what is shown, and the text that plain search looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from ..api.models import Summary
from ..delivery import DeliveryState, RouteStanding
from ..messages import Marks, Message, Receipt, message_number
from ..pipeline.kept import pack_verdict
from ..query import Names, names_of, refusal_text, searched_text
from ..stores.base import Entry, Judged
from ..verdict import Finding, Severity, Translation, Verdict
from .labels import agent_label, describe, record_label, source_label

NAME_LIMIT = 256
USER_LIMIT = 128
TEXT_LIMIT = 2_000
"""Characters kept for a name, a user and the search text; the message itself is kept whole."""
NO_RULES: Mapping[str, Severity] = {}
UNSENDABLE = int(Marks.SECOND_RECEIPT | Marks.WOULD_REJECT)
"""Segment hands a message with one of these marks to no destination."""


def delivery_of(verdict: Verdict, *, wanted: bool, marks: int) -> DeliveryState:
    """Return the state of a message that has just been read: nothing of it has been sent yet."""
    if verdict.fault:
        return DeliveryState.FAULT
    if int(marks) & UNSENDABLE or not verdict.translation.operations:
        return DeliveryState.NONE
    # Only a record of another project has a request that is not sent.
    return DeliveryState.WAITING if wanted and verdict.translation.not_sent is None else DeliveryState.OFF


def summary_along(line: Summary, standing: RouteStanding | None) -> Summary:
    """Return a line as a message stands on one of several routes; None: it does not go along that one.

    Then nothing is sent of it there, unless all of it was left unsent.
    """
    if standing is None:
        left = line.delivery in (DeliveryState.FAULT, DeliveryState.OFF)
        return line if left else msgspec.structs.replace(line, delivery=DeliveryState.NONE)
    return msgspec.structs.replace(
        line, delivery=standing.delivery, errors=standing.errors, warnings=standing.warnings
    )


def as_held(entry: Entry) -> Entry:
    """Return the row of a message that waits for the user before it is forwarded, along all of its routes."""
    standings = tuple(
        msgspec.structs.replace(one, delivery=DeliveryState.HELD)
        if one.delivery is DeliveryState.WAITING
        else one
        for one in entry.standings
    )
    summary = msgspec.structs.replace(entry.summary, delivery=DeliveryState.HELD)
    return msgspec.structs.replace(entry, summary=summary, standings=standings)


def summarize(
    message: Message, verdict: Verdict, receipt: Receipt, counted: tuple[int, int] | None = None
) -> Summary:
    """Return the line of a message. Texts are cut, and safe to encode (no lone surrogates).

    `counted` are the verdict's errors and warnings, where they are known.
    """
    name, user = describe(message)
    errors, warnings = counts_of(verdict.findings)[:2] if counted is None else counted
    marks = int(message.marks)  # operations on flags cost ten times as much as on numbers
    return Summary(
        message.id,
        message.received_at,
        message.type,
        _plain(name, NAME_LIMIT),
        _plain(user, USER_LIMIT),
        _source_of(message, receipt),
        errors,
        warnings,
        marks,
        delivery_of(verdict, wanted=message.wanted, marks=marks),
        _plain(message.message_id, NAME_LIMIT),
        write_key=_plain(message.write_key, USER_LIMIT),
    )


def _source_of(message: Message, receipt: Receipt) -> str:
    if message.source_kind == "mixpanel":
        return record_label(message.document) or agent_label(receipt.header("user-agent") or "")
    return "pixel" if receipt.origin == "pixel" else source_label(message.document)


def origin_of(receipt: Receipt) -> str:
    """Return how a request came in, as the filter language names it."""
    if receipt.source_kind == "mixpanel":
        return "device"
    return "sdk" if receipt.origin == "file" else receipt.origin


def refusal(receipt: Receipt, delivery: DeliveryState = DeliveryState.NONE) -> Entry:
    """Return the one entry of a request answered with 4xx, damaged in the journal, or (a fault) not
    understood.
    """
    reason = receipt.refused or ""
    marks = Marks.REFUSED | Marks.DAMAGED if receipt.damaged else Marks.REFUSED
    summary = Summary(
        message_number(receipt.seq, 0),
        receipt.received_at,
        "",
        _plain(reason, NAME_LIMIT),
        "",
        "pixel" if receipt.origin == "pixel" else agent_label(receipt.header("user-agent") or ""),
        1,
        0,
        int(marks),
        delivery,
        "",
    )
    text = refusal_text(receipt)
    return Entry(
        summary,
        False,
        _plain(text, TEXT_LIMIT),
        names=Names(origin=origin_of(receipt)),
        judged=Judged(errors=1),
        text_cut=len(text) > TEXT_LIMIT,
    )


def entry_of(
    summary: Summary,
    message: Message,
    receipt: Receipt,
    judged: Judged,
    findings: tuple[Finding, ...] = (),
) -> Entry:
    """Return the index row: the line, and what searches, filters and summaries ask of the message.

    `findings` are those of the rules on the stream alone.
    """
    document = message.document
    text = searched_text(document, message.filled)
    names = names_of(document, message.type, write_key=message.write_key, origin=origin_of(receipt))
    return Entry(
        summary,
        message.wanted,
        _plain(text, TEXT_LIMIT),
        findings,
        _cut(names),
        judged,
        len(text) > TEXT_LIMIT,
    )


def _cut(names: Names) -> Names:
    """Return the names, each as long as the index keeps it."""
    if (
        len(names.event) <= USER_LIMIT
        and len(names.user_id) <= USER_LIMIT
        and len(names.anonymous_id) <= USER_LIMIT
        and len(names.group_id) <= USER_LIMIT
        and len(names.write_key) <= USER_LIMIT
        and len(names.library) <= USER_LIMIT
    ):
        return names  # nearly always, so that no loop is worth its time
    return Names(
        event=names.event[:USER_LIMIT],
        user_id=names.user_id[:USER_LIMIT],
        anonymous_id=names.anonymous_id[:USER_LIMIT],
        group_id=names.group_id[:USER_LIMIT],
        write_key=names.write_key[:USER_LIMIT],
        library=names.library[:USER_LIMIT],
        origin=names.origin,
    )


def with_found(entry: Entry, found: tuple[Finding, ...], adjusted: Sequence[Finding]) -> Entry:
    """Return the row with what the rules on the stream found, also `adjusted` as the settings want it."""
    summary, judged = entry.summary, entry.judged
    more = rules_of(adjusted, judged.rules)
    errors, warnings, notes = counts_of(adjusted)
    errors, warnings = summary.errors + errors, summary.warnings + warnings
    return msgspec.structs.replace(
        entry,
        summary=msgspec.structs.replace(summary, errors=errors, warnings=warnings),
        findings=found,
        judged=msgspec.structs.replace(
            judged,
            errors=errors,
            warnings=warnings,
            notes=judged.notes + notes,
            rules=more,
        ),
        standings=tuple(
            msgspec.structs.replace(
                one,
                errors=one.errors + errors - summary.errors,
                warnings=one.warnings + warnings - summary.warnings,
            )
            for one in entry.standings
        ),
    )


def counts_of(findings: Sequence[Finding]) -> tuple[int, int, int]:
    """Return how many of the findings are errors, warnings and notes."""
    errors = warnings = 0
    for finding in findings:
        if finding.severity == "error":
            errors += 1
        elif finding.severity == "warning":
            warnings += 1
    return errors, warnings, len(findings) - errors - warnings


def rules_of(findings: Sequence[Finding], known: Mapping[str, Severity] = NO_RULES) -> dict[str, Severity]:
    """Return each rule with the worst severity that it has, in the findings or before."""
    rules = dict(known)
    for finding in findings:
        if finding.severity == "error" or rules.get(finding.rule, "info") == "info":
            rules[finding.rule] = finding.severity
    return rules


def judged_of(verdict: Verdict, marks: int, own: Verdict | None = None, revision: str = "") -> Judged:
    """Return what the index keeps of a verdict of a message with these marks.

    `own` is the verdict without what the rules on the stream found, which is kept whole under its revision.
    """
    sent = bool(verdict.translation.operations) and not int(marks) & UNSENDABLE
    if own is verdict and not (
        verdict.objections or verdict.stages or verdict.fault or verdict.outcomes or verdict.repairs
    ):
        return _judged_by_findings(verdict.findings, sent, revision)
    return _judged(verdict, sent, own, revision)


@lru_cache(maxsize=512)
def _judged_by_findings(findings: tuple[Finding, ...], sent: bool, revision: str) -> Judged:
    """Return the value that the many messages share which have the same findings and nothing else."""
    verdict = Verdict(Translation(), findings)
    return _judged(verdict, sent, verdict, revision)


def _judged(verdict: Verdict, sent: bool, own: Verdict | None, revision: str) -> Judged:
    errors, warnings, notes = counts_of(verdict.findings)
    return Judged(
        errors=errors,
        warnings=warnings,
        notes=notes,
        rules=rules_of(verdict.findings),
        sent=sent,
        revision=revision,
        verdict=b"" if own is None else pack_verdict(own),
    )


def _plain(text: str, limit: int) -> str:
    """Cut, and with U+FFFD for lone surrogates, which neither JSON nor SQLite can carry."""
    cut = text if len(text) <= limit else text[:limit]
    if cut.isascii():
        return cut
    return cut.encode("utf-8", "replace").decode("utf-8")
