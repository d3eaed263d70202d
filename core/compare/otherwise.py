"""What Mixpanel would get of a message if the workspace used another of Segment's destinations. Pure.

Classic device mode depends on earlier messages of the same browser: an engine simulates it, see
`Viewer.super_properties`.
"""

from __future__ import annotations

import base64

import msgspec

from ..api.models import MessageDetail, SuperProperties
from ..checks import check_records
from ..errors import InputError
from ..json_text import json_bytes
from ..masks import masked_verdict
from ..messages import Json
from ..otherwise import NAMES, Difference, OtherDetail, Through
from ..pipeline import compile_settings, run
from ..pipeline.explain import explained
from ..pipeline.reading import read_document, read_message
from ..settings import DestinationKind, Settings, with_one_plan
from ..verdict import Explanation, NotSent, Operation, OutgoingRequest, Translation, Verdict
from . import compare, destination_for

SIMULATED = "simulated: what the page itself sends"
"""The name of what makes the records of device mode, in place of a subscription's."""
RANDOM = (".$insert_id", ".$device_id", ".distinct_id")
"""Where the simulation has placeholders for ids that the page makes by chance: rules say nothing of these."""
KINDS: tuple[DestinationKind, DestinationKind] = ("actions", "classic-cloud")
NOTHING = "Mixpanel's SDK in the page sends nothing for this message"


def others(settings: Settings) -> tuple[Through, ...]:
    """Return the destinations that the settings do not name, in the order in which they are shown."""
    return tuple(kind for kind in NAMES if kind != settings.destination.kind)


class Otherwise:
    """Makes details by another destination than the one that the settings name."""

    def __init__(self, settings: Settings, through: Through) -> None:
        """Compile the settings for that destination, without their tracking plan."""
        self.settings = settings
        self.through: Through = through
        self._kind: DestinationKind = "actions" if through == "actions" else "classic-cloud"
        chosen = msgspec.structs.replace(settings.destination, kind=self._kind)
        self._compiled = compile_settings(
            msgspec.structs.replace(with_one_plan(settings, ""), destination=chosen)
        )

    def detail(self, detail: MessageDetail, page: SuperProperties | None = None) -> MessageDetail:
        """Return the detail as the destination would make it; unchanged for what is no Segment message.

        `page` is the engine's simulation of the page, for classic device mode. Findings of the stream, and
        those of a tracking plan, are not made again. Raises InputError for a message that cannot be read.
        """
        if detail.source_kind == "mixpanel" or detail.summary.refused or detail.unread or not detail.document:
            return detail
        try:
            if self.through == "classic-device":
                verdict, explanation = self._in_page(detail, page or SuperProperties()), Explanation()
            else:
                verdict = self._verdict(detail)
                shown = msgspec.structs.replace(detail, verdict=verdict, explanation=Explanation())
                explanation = explained(shown, self._compiled).explanation
            differences = self._differences(detail)
        except RecursionError as error:
            raise InputError("The message is nested too deep to be translated again.") from error
        given = msgspec.structs.asdict(detail)
        given |= {"verdict": verdict, "explanation": explanation, "deliveries": ()}
        return OtherDetail(
            **given,
            through=self.through,
            configured=self.settings.destination.kind,
            differences=differences,
        )

    def _verdict(self, detail: MessageDetail) -> Verdict:
        line = detail.summary
        message = read_message(detail.document, id=line.id, received_at=line.received_at)
        message = msgspec.structs.replace(
            message, outcomes=detail.verdict.outcomes, write_key=detail.write_key
        )
        return masked_verdict(run(message, self._compiled))

    def _differences(self, detail: MessageDetail) -> tuple[Difference, ...]:
        """Return what a move between the two destinations costs, both in cloud mode."""
        if self.through == "classic-device":
            return ()
        own = self.settings.for_source(detail.write_key)
        one, other = (destination_for(own, kind) for kind in KINDS)
        comparison = compare(read_document(detail.document), one, other, detail.summary.received_at)
        return tuple(
            Difference(loss.id, loss.lost_by or "", f"{loss.what}: {loss.words}", loss.source)
            for loss in comparison.losses
        )

    def _in_page(self, detail: MessageDetail, page: SuperProperties) -> Verdict:
        """Return the verdict on the records that the page sends."""
        if page.why or not page.records:
            return Verdict(Translation(not_sent=NotSent("$", page.why or NOTHING)))
        operations: list[Operation] = []
        for record in page.records:
            body: list[Json] = [record.data]
            data = base64.b64encode(json_bytes(body)).decode()
            host = record.host if "://" in record.host else f"https://{record.host}"
            url = f"{host}{record.endpoint}"
            request = OutgoingRequest("POST", url, query={"ip": 1}, data=data, body=body)
            operations.append(Operation("", SIMULATED, request))
        translation = Translation(tuple(operations))
        now, compiled = detail.summary.received_at, self._compiled.for_source(detail.write_key)
        findings = check_records(
            translation, now=now, settings=compiled.checks, destination=compiled.destination
        )
        real = tuple(one for one in findings if not one.path.endswith(RANDOM))
        return masked_verdict(Verdict(translation, real))
