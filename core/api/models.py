"""What viewers get from an engine over the API and the feed: small, frozen values.

It is over 350 lines because it is a list of plain structs, which refer to one another.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..delivery import Delivery, DeliveryCounts, DeliveryState, Handover, RouteStanding
from ..messages import RAW_TYPE, Json, JsonObject, Marks, SourceKind
from ..modes import Mode
from ..settings import RouteKind, SourceColor
from ..verdict import Explanation, Verdict

# Plain numbers: operations on flags cost as much as making a line.
_REFUSED, _DAMAGED, _DEVICE_MODE = int(Marks.REFUSED), int(Marks.DAMAGED), int(Marks.DEVICE_MODE)
_REJECTED = int(Marks.REFUSED | Marks.WOULD_REJECT)
_NOT_SENT = frozenset((DeliveryState.NONE, DeliveryState.FAULT))


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """One line of the list. For a refused request `type` is "" and `name` the reason.

    `source` is a word for the library that sent it, `write_key` is "" for a refused request. `status` is the
    HTTP status with which Mixpanel refused it, 0 if it did not or if that is not known.
    """

    id: int
    received_at: int
    type: str
    name: str
    user: str
    source: str
    errors: int
    warnings: int
    marks: int
    delivery: DeliveryState
    message_id: str
    status: int = 0
    write_key: str = ""

    @property
    def mode(self) -> Mode:
        """The connection mode: "cloud" for what Segment's servers send, "" where nothing is sent."""
        if self.type == RAW_TYPE:
            return "device" if self.marks & _DEVICE_MODE else "?"
        return "" if self.marks & _REJECTED or self.delivery in _NOT_SENT else "cloud"

    @property
    def refused(self) -> bool:
        """True if there is no message: the request was answered with 4xx, or it is damaged."""
        return self.marks & _REFUSED != 0

    @property
    def damaged(self) -> bool:
        """True if the journal cannot read it any more."""
        return self.marks & _DAMAGED != 0


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A message's delivery changed: to another state, or by an attempt that left the state unchanged.

    `status` is that of a refusal, as in `Summary`.
    """

    id: int
    delivery: DeliveryState
    status: int = 0


class SentWith(msgspec.Struct, frozen=True):
    """The service account that segtap sends /import with, without its secret.

    `variable` is the one of the environment that holds it; `segment` says what Segment itself would send.
    """

    user: str
    project_id: int
    variable: str
    segment: str


KnockKind = Literal["preflight", "settings", "device", "lost"]
LostWhy = Literal["", "method", "script", "root", "path", "empty"]
"""Why no event can be read from a request: its method, the file that it asks for, an address without a path,
a path that is unknown, or a batch without messages.
"""


class Knock(msgspec.Struct, frozen=True, array_like=True):
    """Requests of one sender without a message after them.

    They are preflights for a POST, fetches of Segment's settings, what Mixpanel's own SDK asks beside its
    events (device): flags, settings, parts of a recording, or requests that no event can be read from (lost).

    `last` is the time of the latest (ms), `origin` that of the page ("" unless it is a page of another
    origin), `agent` the User-Agent. All texts are cleaned and cut, and `path` does not contain the write key.
    Of the latest of those that are lost: `method`, `why`, `near`, the path of Segment's that was probably
    meant, and `host`, the Host header where it is a name other than localhost.
    """

    kind: KnockKind
    count: int
    last: int
    origin: str = ""
    agent: str = ""
    path: str = ""
    method: str = ""
    host: str = ""
    why: LostWhy = ""
    near: str = ""


class RouteState(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[routes]]`: where it leads, and how many requests of it stand where.

    `to` says where it leads in words. A route to Mixpanel counts messages, held ones as waiting and `stuck`
    ones apart from them, and says its endpoint's `region`, `mixpanel_url` and `service_account`. Others count
    requests: `refused` are those, or records, that the other side refused, `stuck` those set aside after
    repeated 5xx, which wait as well. `fault` says why it does not get its requests, "" if it does.
    """

    name: str
    kind: RouteKind
    to: str = ""
    write_keys: tuple[str, ...] = ()
    waiting: int = 0
    sent: int = 0
    refused: int = 0
    dropped: int = 0
    stuck: int = 0
    fault: str = ""
    filter: str = ""
    uncertain: int = 0
    region: str = ""
    mixpanel_url: str = ""
    service_account: SentWith | None = None


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[sources]]`: what lists call the messages with these write keys, and in which color."""

    name: str
    color: SourceColor
    write_keys: tuple[str, ...]


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an engine, for the header of the screen. Counts are messages unless stated otherwise.

    `received`: acknowledged messages in this journal; `refused`: requests answered with 4xx;
    `deliveries`: how many of the received messages stand where;
    `region` is the endpoint's, `project_region` the one in which the project stores its data, "" if unknown.
    `mixpanel_url`, where it is set, is where requests go in place of the region's host.
    `sent_since_on`: messages that Mixpanel accepted since forwarding was turned on.
    `errors`: messages, and refused requests, with an error; `warnings`: those with warnings only.
    `project` is the masked token or "". `halted`: forwarding is on, and a fault, `halted_why`, keeps it from
    sending until somebody tries again; `changed_since_halt`: project, address or credentials have changed
    since. `credentials` says what authenticates requests and where that was given, without secrets;
    `service_account` is the one that /import is sent with, if any.
    `resumed`: forwarding is on because it was in an engine that died, in whose place this one started;
    `interrupted` says why it is not on in such a case. `fault` says why ingest or forwarding is not well;
    `retrying` is the part of it that is only waited for, and `next_try` when Mixpanel is tried again (ms; 0:
    not known). `knocks`: what came since the last message without a message behind it, the latest first.
    `stale`: messages whose verdict is still to be made again, since the settings changed. `not_imitated`
    names the parts of the workspace that segtap does not imitate, "" without any. `answers` are those on
    demand, each with how many are left. `routes` are those of `[[routes]]`; there are none for the one to the
    project under `[destination]` alone. `sources` are those of `[[sources]]`.
    """

    version: str
    pid: int
    started_at: int
    urls: tuple[str, ...]
    phone_urls: tuple[str, ...] = ()
    exposed: bool = False
    journal: str = ""
    ephemeral: bool = False
    demo: bool = False
    destination: str = "actions"
    region: str = "us"
    project_region: str = ""
    mixpanel_url: str = ""
    project: str = ""
    strict: bool = True
    forwarding: bool = False
    halted: bool = False
    halted_why: str = ""
    credentials: tuple[str, ...] = ()
    service_account: SentWith | None = None
    changed_since_halt: bool = False
    resumed: bool = False
    interrupted: str = ""
    can_forward: bool = False
    cannot_forward_why: str = ""
    dry_run: bool = False
    settings_from: str = ""
    received: int = 0
    refused: int = 0
    deliveries: DeliveryCounts = DeliveryCounts()
    sent_since_on: int = 0
    teed: int = 0
    errors: int = 0
    warnings: int = 0
    fault: str = ""
    retrying: str = ""
    next_try: int = 0
    knocks: tuple[Knock, ...] = ()
    stale: int = 0
    not_imitated: str = ""
    answers: tuple[str, ...] = ()
    routes: tuple[RouteState, ...] = ()
    sources: tuple[SourceState, ...] = ()

    def along(self, route: str) -> EngineState | RouteState:
        """Return where one of several routes to Mixpanel leads; for others that is where the engine sends.

        Both have `region`, `mixpanel_url` and `service_account`.
        """
        several = [one for one in self.routes if one.kind == "mixpanel"]
        return next((one for one in several if one.name == route and len(several) > 1), self)

    @property
    def lasting_fault(self) -> str:
        """The part of `fault` that does not go away by waiting."""
        if not self.retrying:
            return self.fault
        rest = self.fault.replace(f"{self.retrying} (trying again)", "", 1)
        return rest.replace(" ·  · ", " · ").removeprefix(" · ").removesuffix(" · ")


class Health(msgspec.Struct, frozen=True):
    """The engine's health: `status` is "starting", "ok", or "degraded" with the reason in `fault`.

    For programs on this machine it counts messages, too: those that were received, those of them that are
    listed, and those of these that are judged.
    """

    status: str
    app: str
    version: str
    fault: str = ""
    received: int | msgspec.UnsetType = msgspec.UNSET
    listed: int | msgspec.UnsetType = msgspec.UNSET
    judged: int | msgspec.UnsetType = msgspec.UNSET


class Alive(msgspec.Struct, frozen=True):
    """The engine lives."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """The answer to whether the engine accepts messages now; `reason` says why it does not.

    For programs on this machine `fault` says more, and may name files.
    """

    status: Literal["ok", "starting", "unready", "stopping"] = "ok"
    reason: str = ""
    fault: str = ""


class SuperProperty(msgspec.Struct, frozen=True):
    """One super property, and the call that gave it its value.

    `call` names the message, or is `page load`; `at` is the message's time (ms), None for a page load; `id`
    is the message, 0 for a page load.
    """

    name: str
    value: Json
    call: str
    at: int | None
    id: int


EARLIER_READ = 500
"""Messages of one person that super properties are simulated from, at most: the newest before the one in
question.
"""


class PageRecord(msgspec.Struct, frozen=True):
    """A record that a page sends to Mixpanel: an event, or an update of a profile or group."""

    host: str
    endpoint: str
    data: JsonObject


class SuperProperties(msgspec.Struct, frozen=True, kw_only=True):
    """What Mixpanel's SDK has registered in the browser after a message, if the page runs in device mode.

    It is simulated from the `messages` of the same anonymousId up to this one; `cut` says that older ones
    were not read. `sent` counts the `records` that the page sends because of the message. `identified`: an
    identify with an id was called; before, profile operations are queued. `why`, if not "", says why they
    cannot be known.
    """

    why: str = ""
    registered: tuple[SuperProperty, ...] = ()
    host: str = ""
    store: str = ""
    persistence: str = ""
    identified: bool = False
    sent: int = 0
    records: tuple[PageRecord, ...] = ()
    messages: int = 0
    cut: bool = False


class FeedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of the feed: everything new since the last one, at most some 20 frames a second.

    `missed` is how many summaries were left out because the viewer was slow: it should page them. `outdated`:
    changes were left out for the same reason, so what was sent before may be delivered otherwise. `reread`:
    messages are read by other settings from now on: ask for details and marks again. `handed` are the
    receipts of requests that a mirror or an archive got, or refused.
    """

    added: tuple[Summary, ...] = ()
    changed: tuple[Change, ...] = ()
    handed: tuple[int, ...] = ()
    state: EngineState | None = None
    missed: int = 0
    outdated: bool = False
    cleared: bool = False
    reread: bool = False


class ReceiptView(msgspec.Struct, frozen=True, kw_only=True):
    """The request as it came: for the panes and for `copy as curl`. Secrets in headers are masked."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    peer: str = ""
    origin: str = "sdk"
    status: int = 200
    refused: str | None = None
    body_bytes: int = 0
    body: bytes = b""
    """The body as on the wire for a refused request (its first 64 KiB); empty for messages."""


class CopyRow(msgspec.Struct, frozen=True):
    """A field in which two copies of an action differ at Mixpanel, or that only one of them has."""

    path: str
    state: Literal["differs", "cloud", "device"]
    cloud: Json = None
    device: Json = None


class OtherCopy(msgspec.Struct, frozen=True, kw_only=True):
    """The same action as it came in the other connection mode.

    `rows` are the fields in which the two differ, without the last `cut`; none if Mixpanel gets only one.
    """

    summary: Summary
    rows: tuple[CopyRow, ...] = ()
    cut: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """An SDK's attempt to send a message: when it came (ms), and what it was answered."""

    at: int
    answer: str


class MessageDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one message, or one refused request, for the panes.

    `document` is the JSON text of the message as Segment would hand it on, `original` as it came.
    Credentials of the requests in `verdict` are masked. `explanation` says where the values in them come
    from, or which triggers came closest. `source_kind` is "mixpanel" for what goes to Mixpanel without
    a Segment message: `original` is its text as it came then, `objections` what was assumed to read it.
    `replay_of` is the message that this one is a replay of, None when the journal does not have it; `replays`
    are the newest replays of this one, oldest first. `attempts` are those of its SDK, oldest first, if one of
    them was answered on demand; for a refused request, those at its first message. `copy` is the same action
    in the other connection mode.
    `unread`: the message is too large to be read. `document` holds its name and ids alone then, and
    `original` the first of its `original_bytes`. `routes` are the mirrors and archives that its
    whole request was owed to when it came, and `handovers` what came of that so far. With several routes to
    Mixpanel, `standings` says how the message stands on each of its own, and `route` along which of them
    the verdict is; its deliveries name theirs.
    """

    summary: Summary
    document: bytes
    original: bytes
    original_bytes: int = 0
    unread: bool = False
    filled: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    write_key: str = ""
    verdict: Verdict
    explanation: Explanation = Explanation()
    deliveries: tuple[Delivery, ...] = ()
    receipt: ReceiptView
    source_kind: SourceKind = "segment"
    replay_of: Summary | None = None
    replays: tuple[Summary, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    copy: OtherCopy | None = None
    routes: tuple[str, ...] = ()
    route: str = ""
    standings: tuple[RouteStanding, ...] = ()
    handovers: tuple[Handover, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the list, oldest first.

    `more` is true if there are more in the direction asked: older ones, or newer ones with `after`. With a
    filter, `reached` is the id up to which was searched: with `after` that, what is newer is found. `notes`
    are sentences on why a filter matches nothing. If time ended a search, `searched_to` is the last id that
    it looked at, for it continues with `before` (or `after`) that, and `searched` says about how many
    messages it looked at from the newest (or the oldest) on; otherwise both are 0.
    """

    summaries: tuple[Summary, ...]
    more: bool = False
    reached: int = 0
    notes: tuple[str, ...] = ()
    searched_to: int = 0
    searched: int = 0


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The messages that a summary is made of.

    `messages` and `refused` (requests answered with 4xx) were read; `first` and `last` are the lowest and the
    highest id of them, `since` and `until` the times (ms) between which they came. `behind` are still to be
    read: asked again later, they will be in it. `older`: there are others, which are left out. If a filter
    chose the messages, `looked` is how many were read to find them.
    """

    messages: int = 0
    refused: int = 0
    first: int = 0
    last: int = 0
    since: int = 0
    until: int = 0
    older: bool = False
    behind: int = 0
    looked: int = 0
