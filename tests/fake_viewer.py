"""A scripted engine for tests of the screen: it holds messages in memory and publishes what it is told to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
from engines import PATIENCE
from textual.pilot import Pilot

from segtap.core.aggregates.counts import MOST_EVENTS, NEWEST, coverage_of, overview_of, step_of
from segtap.core.aggregates.model import FieldValues, Groups, Overview
from segtap.core.api import operations as ops
from segtap.core.api.deliveries import Decided, Undecided
from segtap.core.api.models import (
    Change,
    Coverage,
    EngineState,
    FeedBatch,
    MessageDetail,
    Page,
    ReceiptView,
    Summary,
    SuperProperties,
)
from segtap.core.api.operations import NoRequest
from segtap.core.api.viewer import Viewer
from segtap.core.chosen import Chosen
from segtap.core.delivery import Delivery, DeliveryCounts, DeliveryState, Outcome, Posted, Validated
from segtap.core.engine.deliveries import LISTED, rows_of
from segtap.core.engine.seen import fitting
from segtap.core.errors import EngineError, ForwardingRefused, InputError
from segtap.core.identities.model import UserFound, UserRow, Users
from segtap.core.messages import JsonObject, Marks, message_number
from segtap.core.on_demand import Demands
from segtap.core.query import Facts, Judgement, Names, Tally, parse, searched_text
from segtap.core.query.fields import BY_NAME
from segtap.core.query.sets import Sets
from segtap.core.settings import Settings
from segtap.core.stores.tallies import Line, Tallies, counted_as, tallies_of
from segtap.core.stories.model import EventStory, UserStory
from segtap.core.stories.properties import Properties, holder_of
from segtap.core.stories.user import ids_of, moments
from segtap.core.verdict import (
    SEVERITY_WEIGHT,
    Finding,
    NotSent,
    Operation,
    OutgoingRequest,
    Severity,
    Translation,
    Verdict,
)

R = TypeVar("R")
A = TypeVar("A")

URL = "http://127.0.0.1:8765"
AT = 1_795_516_862_870
"""24 November 2026, 10:41:02.870 UTC, when the first message comes."""


def state(**changes: object) -> EngineState:
    """An engine that has just started and could forward."""
    base = EngineState(
        version="0.1.0",
        pid=4242,
        started_at=AT - 60_000,
        urls=(URL,),
        journal="~/.local/state/segtap/journal.db",
        region="us",
        project="a1b2…f9",
        can_forward=True,
        settings_from="segtap.toml",
    )
    return msgspec.structs.replace(base, **changes)


def summary(number: int, type: str = "track", name: str = "Order Completed", **changes: object) -> Summary:
    """Message `number`, from 1; its time is 310 ms after the one before it."""
    base = Summary(
        message_number(number, 0),
        AT + (number - 1) * 310,
        type,
        name,
        "user-77",
        "web",
        0,
        0,
        0,
        DeliveryState.OFF,
        f"message-{number}",
    )
    return msgspec.structs.replace(base, **changes)


STORY: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("page", "Pricing", {}),
    ("identify", "ada@example.com", {"warnings": 1, "delivery": DeliveryState.SENT}),
    ("track", "Order Completed", {"errors": 1, "delivery": DeliveryState.REFUSED, "status": 400}),
    ("track", "order completed", {"warnings": 2, "source": "ios", "delivery": DeliveryState.SENT}),
    ("group", "acme", {"delivery": DeliveryState.SENT}),
    (
        "",
        "not JSON: byte 112",
        {"user": "", "source": "http", "errors": 1, "marks": int(Marks.REFUSED), "message_id": ""},
    ),
    (
        "screen",
        "Checkout",
        {"source": "react native", "user": "anon-5f0c", "delivery": DeliveryState.WAITING},
    ),
    ("alias", "anon-5f0c → user-77", {"delivery": DeliveryState.NONE}),
    ("track", "注文が完了しました 🛒", {"user": "田中さん", "delivery": DeliveryState.UNCERTAIN}),
    ("track", "Signed Up", {"marks": int(Marks.SECOND_RECEIPT), "delivery": DeliveryState.NONE}),
    ("track", "Invite Sent", {"marks": int(Marks.REPLAY), "source": "python"}),
    ("track", "Video Played", {"marks": int(Marks.TEED | Marks.WOULD_REJECT), "warnings": 12}),
)
"""One of each thing that the list can show."""


def story(count: int = len(STORY), start: int = 1) -> list[Summary]:
    """`count` messages, the story over and over."""
    lines: list[Summary] = []
    for number in range(start, start + count):
        type, name, changes = STORY[(number - 1) % len(STORY)]
        lines.append(summary(number, type, name, **changes))
    return lines


def detail_of(line: Summary) -> MessageDetail:
    """A believable detail for a line of the list."""
    document: JsonObject = {
        "type": line.type,
        "event": line.name,
        "messageId": line.message_id,
        "userId": line.user,
        "timestamp": "2026-11-24T10:41:03.211Z",
        "properties": {"order_id": "order_991", "revenue": 59.8, "products": [{"sku": "A1"}, {"sku": "B2"}]},
        "context": {"library": {"name": "analytics.js", "version": "npm:next-1.84.3"}},
    }
    raw = msgspec.json.encode(document)
    request = OutgoingRequest(
        "POST",
        "https://api.mixpanel.com/import?strict=1",
        "application/json",
        "Basic ••••",
        body=[
            {
                "event": line.name,
                "properties": {
                    "distinct_id": line.user,
                    "$insert_id": line.message_id,
                    "time": line.received_at,
                    "revenue": 59.8,
                },
            }
        ],
    )
    findings = tuple(
        Finding(
            "insert-id-charset",
            "error",
            "requests[0].body[0].properties.$insert_id",
            f'messageId "{line.message_id}": Mixpanel takes letters, digits and - only',
            "send a UUID as messageId",
        )
        for _ in range(line.errors)
    ) + tuple(
        Finding(
            "placeholder-user-id", "warning", "$.userId", "userId looks like a placeholder", "send a real id"
        )
        for _ in range(line.warnings)
    )
    deliveries: tuple[Delivery, ...] = ()
    if line.delivery is DeliveryState.SENT:
        deliveries = (
            Delivery(
                message=line.id,
                operation=0,
                at=line.received_at + 190,
                endpoint="/import",
                outcome=Outcome.SENT,
                status=200,
                words="OK",
                of=14,
                took=87,
            ),
        )
    elif line.delivery is DeliveryState.REFUSED:
        deliveries = (
            Delivery(
                message=line.id,
                operation=0,
                at=line.received_at + 190,
                endpoint="/import",
                outcome=Outcome.REFUSED,
                status=400,
                words="'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
                index=3,
                of=14,
                took=87,
            ),
        )
    refused = "not JSON: byte 112" if line.refused else None
    return MessageDetail(
        summary=line,
        document=b"{}" if line.refused else raw,
        original=b"" if line.refused else raw,
        filled=("$.messageId",),
        write_key="demo",
        verdict=Verdict(
            Translation()
            if line.refused
            else Translation((Operation("Track Calls", "trackEvent", request),)),
            () if line.refused else findings,
        ),
        deliveries=deliveries,
        receipt=ReceiptView(
            method="POST",
            path="/v1/t",
            headers=(("content-type", "text/plain"), ("user-agent", "Mozilla/5.0")),
            peer="127.0.0.1",
            status=400 if line.refused else 200,
            refused=refused,
            body_bytes=len(raw),
            body=b'{"event": "Order' if line.refused else b"",
        ),
    )


class Listed:
    """A line of the list as the filter language sees it."""

    def __init__(self, line: Summary, sets: tuple[str, ...] = ()) -> None:
        self.line = line
        self.sets = sets

    @property
    def facts(self) -> Facts:
        line = self.line
        return Facts(
            received_at=line.received_at,
            type=line.type,
            message_id=line.message_id,
            marks=line.marks,
            delivery=line.delivery,
            sets=self.sets,
        )

    def names(self) -> Names:
        line = self.line
        return Names(event=line.name if line.type in ("track", "page", "screen") else "", user_id=line.user)

    def judgement(self) -> Judgement:
        line = self.line
        rules = tuple(finding.rule for finding in detail_of(line).verdict.findings)
        return Judgement(rules=rules, errors=line.errors, warnings=line.warnings)

    def text(self) -> str:
        line = self.line
        parts = (line.type, line.name, line.user, line.source, line.message_id, "order_991")
        return searched_text({"": list(parts)})

    def document(self) -> JsonObject:
        return {"event": self.line.name, "name": self.line.name, "userId": self.line.user}

    def records(self) -> tuple[JsonObject, ...]:
        return ()


def matching(lines: Sequence[Summary], filter: str, sets: Sets | None = None) -> list[Summary]:
    """The lines that match a filter, which may ask for sets."""
    query = parse(filter)
    named = () if sets is None else sets.of(query)
    found: list[Summary] = []
    for line in lines:
        candidate = Listed(line)
        for one in named:
            if not line.refused and one.has(line.id, candidate, Tally()):
                candidate.sets = (*candidate.sets, one.name)
        if query.matches(candidate):
            found.append(line)
    return found


def line_of(line: Summary, verdict: Verdict, event: str | None = None) -> Line:
    """What of a line is counted, with its verdict; `event` is its name, by default the line's."""
    return Line(
        line.id,
        line.received_at,
        line.type,
        line.name,
        line.name if event is None else event,
        line.marks,
        int(line.refused) or verdict.errors,
        verdict.warnings,
        line.delivery,
        bool(verdict.translation.operations),
        tuple(dict.fromkeys(finding.rule for finding in verdict.findings)),
    )


def tallies_of_lines(*given: tuple[Summary, Verdict]) -> Tallies:
    """Totals of lines with their verdicts."""
    severities: dict[str, Severity] = {}
    for finding in (finding for _, verdict in given for finding in verdict.findings):
        before = severities.setdefault(finding.rule, finding.severity)
        severities[finding.rule] = min(before, finding.severity, key=SEVERITY_WEIGHT.__getitem__)
    lines = [line_of(line, verdict) for line, verdict in given]
    return tallies_of(lines, severities, step_of, MOST_EVENTS, NEWEST)


class FakeViewer(Viewer):
    """A `Viewer` with its messages in memory: the operations of the API, answered without an engine.

    `calls` lists them."""

    def __init__(self, lines: Sequence[Summary] = (), **facts: object) -> None:
        self.url = URL
        self.lines = list(lines)
        refused = sum(line.refused for line in lines)
        counted = {"received": len(lines) - refused, "refused": refused, **self._findings()}
        self.facts = state(**{**counted, **facts})
        self.calls: list[tuple[object, ...]] = []
        self.page_sends = SuperProperties()
        self.in_force = Settings()
        """The settings that messages are read by."""
        self.in_the_file: dict[str, object] = {}
        """Facts of the engine once it has read its settings file again."""
        self.in_force = Settings()
        """The engine's settings."""
        self.registered = SuperProperties()
        """What is registered after any message."""
        self.stretch = 0
        """Lines after which time is up for a search; 0 for no end."""
        self.behind = 0
        """Messages that the overview has not read yet, as far as it tells."""
        self.known_users = Users(mode="original")
        self.known_groups = Groups()
        self.sets = Sets()
        self.documents: dict[int, JsonObject] = {}
        """Messages as the stories read them, by id, where they are others than `detail_of` makes."""
        self.reachable = True
        self.closed = False
        self._frames: set[asyncio.Queue[FeedBatch | None]] = set()
        self._replay_of: dict[int, int] = {}
        self.validated = Validated(
            id=0, outcome=Outcome.SENT, words="/import 200 OK, 1 of 1 imported", delivery=DeliveryState.SENT
        )
        """What comes of each message that is validated."""
        self.posted = Posted(status=200, words='{"success":true}', path="/v1/track", taken=True)
        """What the server at another URL answers to each message."""
        self.not_sent: NotSent | None = None
        """Why no message is sent, None if it is."""

    # What a test makes happen

    def add(self, *lines: Summary, publish: bool = True, **facts: object) -> None:
        """Messages come; with `publish` False the feed leaves them out, and says so with `missed`."""
        self.lines.extend(lines)
        refused = sum(line.refused for line in lines)
        counted = {
            "received": self.facts.received + len(lines) - refused,
            "refused": self.facts.refused + refused,
            **self._findings(),
        }
        self.facts = msgspec.structs.replace(self.facts, **{**counted, **facts})
        self.put(
            FeedBatch(added=lines if publish else (), missed=0 if publish else len(lines), state=self.facts)
        )

    def _findings(self) -> dict[str, int]:
        return {
            "errors": sum(line.errors > 0 for line in self.lines),
            "warnings": sum(line.warnings > 0 and not line.errors for line in self.lines),
        }

    def deliver(self, *changes: Change) -> None:
        """Deliveries move on."""
        places = {line.id: at for at, line in enumerate(self.lines)}
        for change in changes:
            at = places[change.id]
            self.lines[at] = msgspec.structs.replace(self.lines[at], delivery=change.delivery)
        self.put(FeedBatch(changed=changes, state=self.facts))

    def know(self, **facts: object) -> None:
        """The engine's facts change."""
        self.facts = msgspec.structs.replace(self.facts, **facts)
        self.put(FeedBatch(state=self.facts))

    def put(self, frame: FeedBatch) -> None:
        """Send a frame to whoever watches."""
        for queue in self._frames:
            queue.put_nowait(frame)

    def stop(self) -> None:
        """The engine is gone."""
        self.reachable = False
        for queue in self._frames:
            queue.put_nowait(None)

    def _check(self) -> None:
        if not self.reachable:
            raise EngineError(f"No engine answers at {self.url}.")

    # The Viewer's transport: every operation of the API has a method `_answer_<name>` or `_<name>_lines`

    async def call(self, operation: ops.Operation[R, A], request: R) -> A:
        self._check()
        answer: Callable[[R], A] = getattr(self, f"_answer_{operation.name}")
        return answer(request)

    async def call_lines(self, operation: ops.Operation[R, A], request: R) -> AsyncIterator[bytes]:
        self._check()
        lines: Callable[[R], list[bytes]] = getattr(self, f"_{operation.name}_lines")
        for line in lines(request):
            yield line

    async def feed(self) -> AsyncGenerator[FeedBatch]:
        self._check()
        queue: asyncio.Queue[FeedBatch | None] = asyncio.Queue()
        self._frames.add(queue)
        try:
            yield FeedBatch(state=self.facts)
            while (frame := await queue.get()) is not None:
                yield frame
        finally:
            self._frames.discard(queue)

    async def close(self) -> None:
        self.closed = True

    def _answer_state(self, _: NoRequest) -> EngineState:
        return self.facts

    def _answer_keep_marks(self, chosen: Chosen) -> ops.SetName:
        return ops.SetName(self.sets.keep(chosen))

    def _answer_settings(self, _: NoRequest) -> Settings:
        return self.in_force

    def _answer_page(self, ask: ops.PageRequest) -> Page:
        before, after, limit = ask.before, ask.after, ask.limit
        self.calls.append(("page", before, after, ask.filter))
        found = matching(self.lines, ask.filter, self.sets)
        if after is not None:
            newer = [line for line in found if line.id > after]
            return Page(summaries=tuple(newer[:limit]), more=len(newer) > limit)
        older = [line for line in found if before is None or line.id < before]
        if ask.filter and self.stretch and ask.wait is not None:
            return self._stretch_of(older, before)
        return Page(summaries=tuple(older[-limit:]), more=len(older) > limit)

    def _stretch_of(self, older: Sequence[Summary], before: int | None) -> Page:
        """What is found among the next lines, as if time were up then."""
        looked = [line for line in self.lines if before is None or line.id < before][-self.stretch :]
        first = looked[0].id if looked else 0
        more = first > self.lines[0].id
        return Page(
            summaries=tuple(line for line in older if line.id >= first),
            more=more,
            reached=self.lines[-1].id,
            searched_to=first if more else 0,
            searched=sum(line.id >= first for line in self.lines) if more else 0,
        )

    def _answer_detail(self, ask: ops.DetailRequest) -> MessageDetail:
        id = ask.id
        self.calls.append(("detail", id))
        line = next((line for line in self.lines if line.id == id), None)
        if line is None:
            raise InputError(f"Message {id} is no longer in the journal: it was cleared.")
        source, detail = self._replay_of.get(id), detail_of(line)
        if self.not_sent is not None:
            made = msgspec.structs.replace(detail.verdict.translation, not_sent=self.not_sent)
            verdict = msgspec.structs.replace(detail.verdict, translation=made)
            detail = msgspec.structs.replace(detail, verdict=verdict)
        return msgspec.structs.replace(
            detail,
            replay_of=next((line for line in self.lines if line.id == source), None),
            replays=tuple(line for line in self.lines if self._replay_of.get(line.id) == id),
        )

    def _answer_super_properties(self, ask: ops.SuperPropertiesRequest) -> SuperProperties:
        if ask.anyway:
            return self.page_sends
        self.calls.append(("super_properties", ask.id))
        return self.registered

    def _answer_overview(self, ask: ops.OverviewRequest) -> Overview:
        self.calls.append(("overview", ask.filter) if ask.filter else ("overview",))
        verdicts = [(line, detail_of(line).verdict) for line in matching(self.lines, ask.filter)]
        keys = Counter(f"wk-{line.source}" if line.source else "" for line, _ in verdicts)
        tallies = msgspec.structs.replace(tallies_of_lines(*verdicts), keys=keys)
        looked = len(self.lines) if ask.filter else 0
        return overview_of(tallies, coverage_of(tallies, behind=self.behind, looked=looked))

    def _answer_values(self, ask: ops.ValuesRequest) -> FieldValues:
        self.calls.append(("values", ask.field, ask.text))
        known = BY_NAME[ask.field].fixed if ask.field in BY_NAME else ()
        found: Counter[str] = Counter()
        for line in self.lines:
            match ask.field:
                case "user":
                    found[line.user] += 1
                case "event":
                    found[line.name if line.type in ("track", "page", "screen") else ""] += 1
                case "rule":
                    found.update({finding.rule for finding in detail_of(line).verdict.findings})
                case "delivery":
                    found[line.delivery] += 1
                case "type":
                    found[line.type] += 1
                case _:
                    pass
        del found[""]
        counts: dict[str, int | None] = {value: found.get(value) for value in known} if known else {**found}
        return FieldValues(ask.field, tuple(islice(fitting(counts, ask.text), ask.limit)))

    def _answer_users(self, ask: ops.UsersRequest) -> Users:
        self.calls.append(("users", ask.text, ask.limit, *([ask.filter] if ask.filter else [])))
        wanted = ask.text.casefold()
        found = [
            one
            for one in self.known_users.clusters
            if any(wanted in member.id.casefold() for member in one.members)
        ]
        clusters = tuple(found[: ask.limit])
        return msgspec.structs.replace(self.known_users, clusters=clusters, total=len(found))

    def _answer_user(self, ask: ops.UserRequest) -> UserFound:
        self.calls.append(("user", ask.id))
        clusters = self.known_users.clusters
        has_it = (one for one in clusters if any(member.id == ask.id for member in one.members))
        return UserFound(next(has_it, None))

    def _answer_user_story(self, ask: ops.UserStoryRequest) -> UserStory:
        self.calls.append(("user_story", ask.id, ask.before, ask.after))
        clusters = self.known_users.clusters
        cluster = next((one for one in clusters if any(member.id == ask.id for member in one.members)), None)
        ids = ids_of(cluster, ask.id)
        own = {line.id: self.names_of_line(line) for line in self.lines if not line.refused}
        found = [
            line for line in self.lines if line.id in ids.joins or ids.include(own.get(line.id, Names()))
        ]
        chosen = [
            line
            for line in found
            if (ask.before is None or line.id < ask.before) and (ask.after is None or line.id > ask.after)
        ]
        some = chosen[: ask.limit] if ask.after is not None else chosen[-ask.limit :]
        rules = {
            line.id: {one.rule: one.severity for one in detail_of(line).verdict.findings} for line in some
        }
        documents = {line.id: self.document_of(line) for line in some}
        return UserStory(
            id=ask.id,
            cluster=cluster,
            moments=moments(some, own, rules, documents, ids),
            more=len(chosen) > len(some),
            reached=some[-1].id
            if ask.after is not None and len(chosen) > len(some)
            else max((line.id for line in self.lines), default=0),
            covered=Coverage(messages=len(self.lines), behind=self.behind),
        )

    def names_of_line(self, line: Summary) -> Names:
        """The ids that a message came with."""
        known = any(
            member.id == line.user and member.kind == "user"
            for one in self.known_users.clusters
            for member in one.members
        )
        return Names(user_id=line.user) if known else Names(anonymous_id=line.user)

    def document_of(self, line: Summary) -> JsonObject:
        """A message as the stories read it; a test may put others in their place."""
        return self.documents.get(line.id) or msgspec.json.decode(detail_of(line).document)

    def _answer_event_story(self, ask: ops.EventStoryRequest) -> EventStory:
        self.calls.append(("event_story", ask.type, ask.name, ask.message))
        key = ask.type, ask.name
        if ask.message:
            line = next((line for line in self.lines if line.id == ask.message), None)
            if line is None:
                raise InputError(f"Message {ask.message} is no longer in the journal: it was cleared.")
            key = counted_as(line.type, line.name, line.name, refused=line.refused)
        lines = [
            line
            for line in self.lines
            if counted_as(line.type, line.name, line.name, refused=line.refused) == key
        ]
        found = Properties(key[0])
        for line in lines:
            found.add(line.id, line.received_at, self.document_of(line))
        tallies = tallies_of_lines(*((line, detail_of(line).verdict) for line in lines))
        return EventStory(
            type=key[0],
            name=key[1],
            overview=overview_of(tallies, coverage_of(tallies, behind=self.behind)),
            holder=holder_of(key[0]),
            properties=found.stories(ask.limit),
            total=found.total,
            open=found.open,
            covered=Coverage(
                messages=found.messages,
                first=found.first,
                last=found.last,
                since=found.since,
                until=found.until,
                behind=self.behind,
            ),
            start=found.start,
            step=found.step,
            slots=found.slots(),
        )

    def _answer_groups(self, ask: ops.GroupsRequest) -> Groups:
        self.calls.append(("groups", ask.filter) if ask.filter else ("groups",))
        return self.known_groups

    def _answer_inspect(self, text: msgspec.Raw) -> MessageDetail:
        document: JsonObject = msgspec.json.decode(text)
        self.calls.append(("inspect", document))
        return detail_of(summary(0, str(document.get("type", "track")), str(document.get("event", ""))))

    def _answer_set_forwarding(self, order: ops.ForwardingRequest) -> EngineState:
        on, reread = order.on, order.reread
        self.calls.append(("set_forwarding", "reread" if reread else on))
        if reread:
            self.know(**self.in_the_file)
        if on and not self.facts.can_forward:
            raise ForwardingRefused(self.facts.cannot_forward_why)
        if on is not None:
            self.know(forwarding=on, halted=False, interrupted="")
        return self.facts

    def _answer_validate(self, order: ops.ValidateRequest) -> ops.Validations:
        self.calls.append(("validate", order.ids))
        given = tuple(msgspec.structs.replace(self.validated, id=id) for id in order.ids)
        changes = [Change(one.id, one.delivery) for one in given if one.outcome is not None]
        if changes:
            self.deliver(*changes)
        return ops.Validations(given)

    def _answer_replay(self, order: ops.ReplayRequest) -> ops.Replayed:
        if order.url:
            texts = tuple(bytes(text) for text in order.messages)
            self.calls.append(("replay_to", order.url, order.ids, texts, order.message_id))
            ids = order.ids or (order.edited or 0,)
            return ops.Replayed(len(ids), tuple(msgspec.structs.replace(self.posted, id=id) for id in ids))
        self.calls.append(("replay", order.ids))
        chosen = [line for line in self.lines if line.id in order.ids]
        marked = [
            msgspec.structs.replace(
                line,
                id=message_number((self.lines[-1].id >> 20) + number, 0),
                received_at=self.lines[-1].received_at + number * 310,
                marks=int(Marks.REPLAY),
            )
            for number, line in enumerate(chosen, 1)
        ]
        self._replay_of |= {again.id: line.id for again, line in zip(marked, chosen, strict=True)}
        self.add(*marked)
        return ops.Replayed(len(order.ids))

    def _answer_retry(self, order: ops.DecisionRequest) -> Decided:
        self.calls.append(("retry", order.ids))
        again = {DeliveryState.UNCERTAIN, DeliveryState.REFUSED, DeliveryState.STUCK, DeliveryState.FAULT}
        return self._decided(order.ids, again, DeliveryState.WAITING)

    def _answer_drop(self, order: ops.DecisionRequest) -> Decided:
        self.calls.append(("drop", order.ids))
        owed = {DeliveryState.UNCERTAIN, DeliveryState.STUCK, DeliveryState.WAITING, DeliveryState.HELD}
        return self._decided(order.ids, owed, DeliveryState.OFF)

    def _answer_release(self, order: ops.DecisionRequest) -> Decided:
        self.calls.append(("release", order.ids))
        return self._decided(order.ids, {DeliveryState.HELD}, DeliveryState.WAITING)

    def _answer_drop_route(self, order: ops.DropRouteRequest) -> ops.RouteDropped:
        self.calls.append(("drop_route", order.route))
        return ops.RouteDropped(2)

    def _answer_set_answers(self, order: ops.AnswersRequest) -> EngineState:
        self.calls.append(("set_answers", order.answers))
        self.facts = msgspec.structs.replace(self.facts, answers=Demands(order.answers).shown)
        return self.facts

    def _decided(self, ids: Sequence[int], of: set[DeliveryState], to: DeliveryState) -> Decided:
        chosen = [line for line in self.lines if line.id in ids]
        changed = [line.id for line in chosen if line.delivery in of]
        self.deliver(*(Change(id, to) for id in changed))
        others = [Undecided(line.id, line.delivery.value, "no") for line in chosen if line.id not in changed]
        return Decided(tuple(changed), tuple(others))

    def _answer_clear(self, _: NoRequest) -> ops.Cleared:
        self.calls.append(("clear",))
        self.lines.clear()
        self.facts = msgspec.structs.replace(
            self.facts, received=0, refused=0, deliveries=DeliveryCounts(), errors=0, warnings=0
        )
        self.put(FeedBatch(cleared=True, state=self.facts))
        return ops.Cleared()

    def _export_lines(self, _: ops.ExportRequest) -> list[bytes]:
        return [msgspec.json.encode({"messageId": line.message_id}) + b"\n" for line in self.lines]

    def _export_of_lines(self, ask: ops.ExportOfRequest) -> list[bytes]:
        self.calls.append(("export_of", ask.ids))
        return [
            msgspec.json.encode({"messageId": line.message_id}) + b"\n"
            for line in self.lines
            if line.id in ask.ids and not line.refused
        ]

    def _scenario_lines(self, order: ops.ScenarioRequest) -> list[bytes]:
        self.calls.append(("scenario", order.ids))
        chosen = [line for line in self.lines if order.ids is None or line.id in order.ids]
        lines = [
            ops.ScenarioLine(number, {"messageId": line.message_id}) for number, line in enumerate(chosen)
        ]
        encoder = msgspec.json.Encoder()
        return [
            b'{"at_ms":%d,"message":%s,"expect":[]}\n' % (line.at_ms, encoder.encode(line.message))
            for line in lines
        ]

    def _deliveries_lines(self, ask: ops.DeliveriesRequest) -> list[bytes]:
        lines = matching(self.lines, ask.filter or LISTED)
        return [
            msgspec.json.encode(row) + b"\n"
            for line in lines
            for row in rows_of(line, detail_of(line).deliveries)
        ]

    def _user_rows_lines(self, _: NoRequest) -> list[bytes]:
        return [
            msgspec.json.encode(UserRow([member.id for member in one.members], one.events, one.profiles > 0))
            for one in self.known_users.clusters
        ]


async def until(pilot: Pilot[object], condition: Callable[[], object], what: str = "") -> None:
    """Let the app run until the condition holds; fail after `PATIENCE`."""
    end = time.monotonic() + PATIENCE
    while True:
        await pilot.pause()
        if condition():
            return
        if time.monotonic() > end:
            raise AssertionError(f"It never came to it: {what or condition}")
        await asyncio.sleep(0.01)
