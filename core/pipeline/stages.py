"""A message's whole reading: translate it, then check message and translation. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence

from ..checks import SECOND_RECEIPT, CheckSettings, adjusted, check, objection
from ..checks.settings import DEFAULTS
from ..destinations.base import Translator
from ..messages import JsonObject, Marks, Message
from ..objections import Objection, first_rejection
from ..repair import mended_findings, repaired
from ..settings import Destination, RepairName
from ..verdict import NotSent, Translation, Verdict


def inspect(
    message: Message,
    translator: Translator,
    destination: Destination,
    *,
    now: int | None = None,
    settings: CheckSettings = DEFAULTS,
    repairs: Sequence[RepairName] = (),
) -> Verdict:
    """What the message becomes, and what the rules say of it.

    `translator` is the destination compiled, `destination` its settings; `settings` are those that the
    rules judge by. `now`, in milliseconds, is the clock of both; by default the moment the message was
    received, so that reading it again later gives the same. `repairs` are made after the translation; the
    rules judge what Segment would send. A second receipt is not translated: Segment would drop it. Nor is a
    message too large to be read.
    """
    if message.unread:
        notes = [objection(one) for one in message.objections]
        reason = "; ".join(one.text for one in message.objections)
        return Verdict(
            Translation(not_sent=NotSent("$", reason, "segment")),
            tuple(adjusted(notes, message.document, settings.rules)),
        )
    if message.marks & Marks.SECOND_RECEIPT:
        note = SECOND_RECEIPT.finding(
            "$.messageId", "Segment would drop this copy: its messageId came before"
        )
        return Verdict(Translation(), tuple(adjusted((note,), message.document, settings.rules)))
    return inspect_document(
        message.document,
        len(message.original),
        translator,
        destination,
        message.received_at if now is None else now,
        message.objections,
        filled=message.filled,
        overflows=message.overflows,
        settings=settings,
        repairs=repairs,
    )


def inspect_document(
    document: JsonObject,
    original_size: int,
    translator: Translator,
    destination: Destination,
    now: int,
    objections: Sequence[Objection] = (),
    *,
    filled: Sequence[str] = (),
    overflows: Sequence[tuple[str, str]] = (),
    settings: CheckSettings = DEFAULTS,
    repairs: Sequence[RepairName] = (),
) -> Verdict:
    """The same for a message that did not come through ingest.

    `original_size` is its JSON text's size in bytes; `objections` say why Segment would refuse it
    or change it; `filled` names the paths that the client left out;
    `overflows` are the numbers in it that no double holds. A message that Segment would refuse is judged like
    any other, but makes no request.
    """
    translation = translator.translate(document, now=now)
    findings = check(
        document,
        translation,
        destination,
        now=now,
        original_size=original_size,
        objections=objections,
        filled=filled,
        overflows=overflows,
        settings=settings,
    )
    refusal = first_rejection(objections)
    if refusal is not None:
        return Verdict(Translation(not_sent=NotSent("$", refusal.text, "segment")), findings)
    if not repairs:
        return Verdict(translation, findings)
    made = repaired(translation, document, repairs, identity=settings.identity)
    return Verdict(made.translation, mended_findings(findings, made), made.repairs)
