"""What the doctor looks at: the settings, and the newest messages as they were read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ..aggregates.group_traffic import GroupTraffic
from ..aggregates.groups import GroupChecks, GroupFindings
from ..api.models import MessageDetail, RouteState, Summary
from ..checks.request import event_records
from ..checks.stream import Loose, Said, said_by
from ..errors import InputError
from ..functions import InsertFunctions
from ..identities.model import Cluster, Users
from ..identities.table import Identities
from ..identities.users import cluster_of, clusters
from ..messages import JsonObject, Marks
from ..pipeline.reading import read_document
from ..segment_names import destination_of
from ..settings import Destination, Settings
from ..verdict import Finding
from .diagnosis import EVIDENCE
from .source import Messages


class Case(msgspec.Struct, frozen=True):
    """One message: its document, and the rest as the panes show it."""

    document: JsonObject
    detail: MessageDetail

    @property
    def message_id(self) -> str:
        """Its messageId, or the journal's number where it has none."""
        return self.detail.summary.message_id or str(self.detail.summary.id)


class Facts:
    """The settings, the messages (oldest first), and what follows from both.

    `source` says where the messages come from, `judged_by` whose the settings are, `fault` what is wrong with
    the engine, and `routes` how its routes stand; `refused` are requests that were answered with 4xx.
    `unusable` names the insert functions of the settings that cannot be run, and why.
    """

    def __init__(
        self,
        settings: Settings,
        destination: Destination,
        details: Sequence[MessageDetail],
        *,
        refused: Sequence[Summary] = (),
        source: str = "",
        judged_by: str = "",
        fault: str = "",
        users: Users | None = None,
        user: Cluster | None = None,
        unusable: Sequence[str] = (),
        routes: Sequence[RouteState] = (),
        now: int,
    ) -> None:
        self.settings = settings
        self.destination = destination
        self.source = source
        self.judged_by = judged_by
        self.fault = fault
        self.refused = refused
        self.unusable = unusable
        self.routes = routes
        self.now = now
        self.cases = [case for detail in details if (case := _case(detail)) is not None]
        traffic, findings = GroupTraffic(destination, settings.mixpanel_group_keys), GroupFindings()
        self.groups = GroupChecks(traffic, settings.rules, findings)
        table = Identities(settings.identity)
        self.events = [
            (case, name, properties)
            for case in self.cases
            for _, record, properties in event_records(case.detail.verdict.translation)
            if isinstance(name := record.get("event"), str)
        ]
        """The events that Mixpanel gets, each with its message, its name and its properties."""
        self.device_traffic = sum(detail.source_kind == "mixpanel" for detail in details)
        """Requests of Mixpanel's own SDK, which did not come from Segment."""
        self._by_number = {case.detail.summary.id: case.message_id for case in self.cases}
        for case in self.cases:
            said = _said(case)
            traffic.add(said)
            findings.add(said.type, case.detail.verdict.findings)
            table.add(said.named, said.id)
        self._table = table if users is None else None
        self._user = user
        found = tuple(clusters(table)) if users is None else users.clusters
        self.clusters = found
        """The users seen last: those of the engine's table, which its rules and its screen speak of, else
        those that the messages make."""
        self.users = len(found) if users is None else users.total

    @classmethod
    def of(cls, found: Messages, now: int) -> Facts:
        """Return the facts of messages and of the settings that they are read by.

        Whether insert functions can be run is looked up on this machine.
        """
        return cls(
            found.settings,
            destination_of(found.settings),
            found.details,
            refused=found.refused,
            source=found.source,
            judged_by=found.judged_by,
            fault=found.fault,
            users=found.users,
            user=found.user,
            unusable=InsertFunctions(found.settings.insert_functions).unusable(),
            routes=found.routes,
            now=now,
        )

    @property
    def joined(self) -> bool:
        """True if ids of some user were joined."""
        return any(one.ids > 1 for one in self.clusters)

    def given(self, *names: str) -> bool:
        """Return True if somebody gave one of these settings; otherwise segtap assumes its value."""
        return any(name in self.settings.places for name in names)

    def assumed(self, *names: str) -> str:
        """Return the phrase that a diagnosis ends with if nobody gave any of these settings, else ""."""
        if self.given(*names):
            return ""
        return f" (assumed: {' and '.join(names)} {'is' if len(names) == 1 else 'are'} not given)"

    @property
    def kind_assumed(self) -> str:
        """The phrase that a diagnosis ends with if nobody said which destination Segment has, else ""."""
        return "" if self.settings.kind_given else self.assumed("destination.kind")

    def found(self, *rules: str) -> list[tuple[Case, Finding]]:
        """Return the findings of these rules, oldest first."""
        return [
            (case, finding)
            for case in self.cases
            for finding in case.detail.verdict.findings
            if finding.rule in rules
        ]

    def user(self, id: str) -> Cluster | None:
        """Return the user that an id belongs to, None when no message has the id.

        An engine's is the one that it was asked for.
        """
        return self._user if self._table is None else cluster_of(self._table, id)

    def of_type(self, *types: str) -> list[Case]:
        """Return the messages of these calls."""
        return [case for case in self.cases if case.document.get("type") in types]

    def named(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """Return the messageIds of some messages, given by their numbers."""
        return tuple(self._by_number.get(number, str(number)) for number in numbers)[:EVIDENCE]


def ids_of(cases: Iterable[Case]) -> tuple[str, ...]:
    """Return the messageIds of the newest few."""
    return tuple(dict.fromkeys(case.message_id for case in cases))[-EVIDENCE:]


def _said(case: Case) -> Said:
    """Return what the message says."""
    line = case.detail.summary
    message = Loose(
        document=case.document,
        type=line.type,
        message_id=line.message_id,
        marks=Marks(line.marks),
        source_kind=case.detail.source_kind,
        filled=case.detail.filled,
        id=line.id,
    )
    return said_by(message, case.detail.verdict.translation, line.received_at)


def _case(detail: MessageDetail) -> Case | None:
    if detail.unread:
        return None  # too large: of its content nothing is known
    try:
        return Case(read_document(detail.document), detail) if detail.document else None
    except (InputError, RecursionError):
        return None  # nested deeper than can be followed: shown in the list, and judged there
