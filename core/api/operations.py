"""The operations of the API: one table from which server, client, test double and OpenAPI document come.

An operation names the struct that its request is read into, wherever the parts of it travel: `{id}` in the
path, fields of the query in a GET, the body in a POST. It also names the type of its answer.

It is over 350 lines because the table and the structs that it names are read together.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from ..aggregates.model import FieldValues, Groups, Overview
from ..chosen import Chosen
from ..delivery import Posted, Validated
from ..identities.model import UserFound, UserRow, Users
from ..messages import Json, JsonObject
from ..settings import Settings
from ..stories.model import EventStory, UserStory
from .deliveries import Decided, DeliveryRow
from .matches import Matches
from .models import (
    Alive,
    EngineState,
    FeedBatch,
    Health,
    MessageDetail,
    Page,
    Readiness,
    SuperProperties,
)

PREFIX = "/_segtap/"
"""The start of every path of the API."""
MAX_NUMBER = (1 << 63) - 1
"""The highest number that the journal can ask for."""

R = TypeVar("R")
A = TypeVar("A")

MessageNumber = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]

AnswerKind = Literal["value", "lines", "frames", "text"]
"""One JSON value, one JSON value a line, one JSON value a frame of a WebSocket, or plain text."""


ExportOf = Literal["messages", "batches", "records", "requests"]
"""What an export writes of each message that matches."""


class Operation(msgspec.Struct, Generic[R, A], frozen=True):
    """One operation of the API. `name` is the method of `Viewer` that calls it.

    `open` operations need no token and answer on every address; `scraped` ones need none on this machine, and
    elsewhere the token of `--metrics-token-env`. `for_tests`: the test token opens it too, also from
    elsewhere; `Expectations` has the method. `waits`: the answer may take as long as the request says, and is
    408 with the same type if what was asked for does not come true. `answer` is the type of the answer, of
    each line, or of each frame.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    request: type[R]
    answer: type[A]
    kind: AnswerKind = "value"
    open: bool = False
    scraped: bool = False
    for_tests: bool = False
    waits: bool = False


class NoRequest(msgspec.Struct, frozen=True):
    """The request of an operation without parameters. Its query and body are not read."""


class PageRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for at most `limit` messages: before or after an id, or the newest; with `filter`,
    those that match. A search ends after `wait` milliseconds, see `Page.searched_to`. Where there are several
    routes to Mixpanel, `route` shows the messages as they stand on one of them.
    """

    before: MessageNumber | None = None
    after: MessageNumber | None = None
    limit: MessageNumber = 200
    filter: str = ""
    wait: MessageNumber | None = None
    route: str = ""


class DetailRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The id of a message or refused request, and the route whose verdict is asked; "": its first."""

    id: MessageNumber
    route: str = ""


class SuperPropertiesRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The id of a Segment message. `anyway`, if 1, simulates it even if the settings name no device mode."""

    id: MessageNumber = 0
    anyway: MessageNumber = 0


class OverviewRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for a summary; with `filter`, only the messages that match it are counted."""

    filter: str = ""


class ValuesRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for at most `limit` values of a filter's field, with `text` only those that contain it."""

    field: str = ""
    text: str = ""
    limit: MessageNumber = 20


class SetName(msgspec.Struct, frozen=True):
    """The name of a set of messages: a filter asks for it with `is:NAME`."""

    name: str


class UsersRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for at most `limit` users, with `text` only those with an id that contains it.

    With `filter`, only users of whom a message matches it.
    """

    text: str = ""
    limit: MessageNumber = 200
    filter: str = ""


class GroupsRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for the state of Group Analytics; with `filter`, only events that match it are counted."""

    filter: str = ""


class UserRequest(msgspec.Struct, frozen=True):
    """The request for a user, by any of their ids."""

    id: str = ""


class UserStoryRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for at most `limit` messages of the user with any of their ids: before or after a message,
    or the newest. A search ends after `wait` milliseconds, see `UserStory.searched_to`.
    """

    id: str = ""
    before: MessageNumber | None = None
    after: MessageNumber | None = None
    limit: MessageNumber = 200
    wait: MessageNumber | None = None


class EventStoryRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for an event and at most `limit` of its properties: the event of a message, or one by type
    and name, as an `EventCount` has them.
    """

    type: str = ""
    name: str = ""
    message: MessageNumber = 0
    limit: MessageNumber = 200


class ExportRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for messages as lines; with `filter`, only those that match it. `what` says how: as
    received plus what was filled in, as Mixpanel's records with their endpoints, or as the requests that they
    came in, entries of a HAR file.
    """

    filter: str = ""
    what: ExportOf = "messages"


class ExportOfRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for these messages as lines."""

    ids: tuple[MessageNumber, ...] = ()


class ScenarioRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for messages as lines of a scenario.

    They are the first `count` that match `filter`, 0 for all; with `ids`, these messages.
    """

    filter: str = ""
    count: int = 0
    ids: tuple[MessageNumber, ...] | None = None


class ScenarioLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of a scenario, and the requests that the settings in force make of it.

    Where messages cannot be read, the last line has `left_out` alone: how many.
    """

    at_ms: int = 0
    message: JsonObject = msgspec.field(default_factory=dict[str, Json])
    expect: list[Json] = msgspec.field(default_factory=list[Json])
    left_out: int = 0


class DeliveriesRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request for what became of messages; without `filter`, of all that Mixpanel has not accepted."""

    filter: str = ""


class DecisionRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The messages that are to be sent, or not to be sent any more, by their ids in the journal.

    `route` is the one of several routes to Mixpanel that it is about; "": all of them.
    """

    ids: tuple[MessageNumber, ...]
    route: str = ""


class AnswersRequest(msgspec.Struct, frozen=True):
    """The answers on demand, each as `--answer` has it; none for the usual ones."""

    answers: tuple[str, ...]


class ForwardingRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The order to turn forwarding on (if it has halted: to try again) or off; null leaves it unchanged.

    `reread` reads the settings file first.
    """

    on: bool | None = None
    reread: bool = False


class ReplayRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The messages to send through segtap again: ids of the journal, or whole messages from elsewhere.

    A message is JSON text as it was spelled: what is nearly JSON is read as ingest reads it. `edited` is the
    message of the journal that the one in `messages` was edited from: it gets its write key, and counts as a
    replay of it; `message_id`, where it is given, becomes its messageId. With `url`, ids or the edited
    message are sent to the server there, not through segtap.
    """

    ids: tuple[MessageNumber, ...] = ()
    messages: tuple[msgspec.Raw, ...] = ()
    edited: MessageNumber | None = None
    message_id: str = ""
    url: str = ""


MOST_SECONDS = 600
"""The longest that a request may wait."""

Seconds = Annotated[float, msgspec.Meta(ge=0, le=MOST_SECONDS)]


class MatchesRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The request for the messages since the last reset that match `filter`; "" for all of them."""

    filter: str = ""


class WaitRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The request to wait until at least `count` messages match, for up to `timeout` seconds.

    With `exact`, exactly so many have to match when the time is over.
    """

    filter: str = ""
    count: MessageNumber = 1
    exact: bool = False
    timeout: Seconds = 10.0


class ExpectRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A `WaitRequest` as a body. `none`: no message may match until the time is over."""

    filter: str
    count: MessageNumber | None = None
    exact: bool = False
    none: bool = False
    timeout: Seconds = 10.0


class Replayed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The number of messages that were replayed, and what the server at another URL answered to each.

    `id` is that of an edited message in the journal, 0 for other replays.
    """

    replayed: int
    answers: tuple[Posted, ...] = ()
    id: int = 0


class ValidateRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ids of messages to send to Mixpanel once, now, along a route; "": the first of each."""

    ids: tuple[MessageNumber, ...] = ()
    route: str = ""


class Validations(msgspec.Struct, frozen=True):
    """What came of each message, in the order of the ids."""

    messages: tuple[Validated, ...]


class DropRouteRequest(msgspec.Struct, frozen=True):
    """The order to owe nothing more to a route, by its name."""

    route: str


class RouteDropped(msgspec.Struct, frozen=True):
    """The number of requests that were owed to the route, and are not any more."""

    requests: int


class Cleared(msgspec.Struct, frozen=True):
    """The journal is empty."""

    cleared: bool = True


HEALTHZ = Operation(
    "healthz",
    "GET",
    "healthz",
    "Tell whether messages are accepted and what is wrong.",
    NoRequest,
    Health,
    open=True,
)
LIVEZ = Operation("livez", "GET", "livez", "Tell that the engine lives.", NoRequest, Alive, open=True)
READYZ = Operation(
    "readyz",
    "GET",
    "readyz",
    "Tell whether messages are accepted now: 503 if they are not.",
    NoRequest,
    Readiness,
    open=True,
)
METRICS = Operation(
    "metrics",
    "GET",
    "metrics",
    "Read counters, gauges and histograms in Prometheus' text form.",
    NoRequest,
    str,
    "text",
    scraped=True,
)
STATE = Operation("state", "GET", "state", "Read the state of the engine.", NoRequest, EngineState)
SETTINGS = Operation("settings", "GET", "settings", "Read the settings in force.", NoRequest, Settings)
FEED = Operation(
    "feed", "GET", "feed", "Watch messages and changes over a WebSocket.", NoRequest, FeedBatch, "frames"
)
PAGE = Operation("page", "GET", "page", "List messages, oldest first.", PageRequest, Page)
DETAIL = Operation(
    "detail", "GET", "messages/{id}", "Read everything about one message.", DetailRequest, MessageDetail
)
SUPER_PROPERTIES = Operation(
    "super_properties",
    "GET",
    "super_properties",
    "Simulate what Mixpanel's SDK has registered in the browser after a message (device mode).",
    SuperPropertiesRequest,
    SuperProperties,
)
OVERVIEW = Operation("overview", "GET", "overview", "Count messages.", OverviewRequest, Overview)
VALUES = Operation(
    "values", "GET", "values", "List values of a filter's field, with counts.", ValuesRequest, FieldValues
)
KEEP_MARKS = Operation(
    "keep_marks",
    "POST",
    "marks",
    "Name a set of messages, so that filters can ask for it.",
    Chosen,
    SetName,
)
USERS = Operation("users", "GET", "users", "List users as Mixpanel sees them.", UsersRequest, Users)
USER_ROWS = Operation(
    "user_rows", "GET", "users/all", "Write every user, one a line.", NoRequest, UserRow, "lines"
)
USER = Operation("user", "GET", "user", "Find the user with an id.", UserRequest, UserFound)
USER_STORY = Operation(
    "user_story",
    "GET",
    "user/story",
    "List the messages of a user, oldest first.",
    UserStoryRequest,
    UserStory,
)
EVENT_STORY = Operation(
    "event_story",
    "GET",
    "event/story",
    "Read the properties of an event over time, with their types.",
    EventStoryRequest,
    EventStory,
)
GROUPS = Operation("groups", "GET", "groups", "Check the setup of Group Analytics.", GroupsRequest, Groups)
EXPORT = Operation(
    "export", "GET", "export", "Write messages, one a line, oldest first.", ExportRequest, JsonObject, "lines"
)
EXPORT_OF = Operation(
    "export_of",
    "POST",
    "export/messages",
    "Write these messages, one a line, oldest first.",
    ExportOfRequest,
    JsonObject,
    "lines",
)
SCENARIO = Operation(
    "scenario",
    "POST",
    "scenario",
    "Record messages and their requests as a scenario, one a line, oldest first.",
    ScenarioRequest,
    ScenarioLine,
    "lines",
)
DELIVERIES = Operation(
    "deliveries",
    "GET",
    "deliveries",
    "Write what became of messages at Mixpanel, a request a line.",
    DeliveriesRequest,
    DeliveryRow,
    "lines",
)
INSPECT = Operation(
    "inspect", "POST", "inspect", "Inspect a message without storing it.", msgspec.Raw, MessageDetail
)
"""Its body is the message as it was spelled, and is read as ingest reads it."""
SET_FORWARDING = Operation(
    "set_forwarding", "POST", "forwarding", "Turn forwarding on or off.", ForwardingRequest, EngineState
)
REPLAY = Operation("replay", "POST", "replay", "Replay messages.", ReplayRequest, Replayed)
VALIDATE = Operation(
    "validate",
    "POST",
    "validate",
    "Send messages to Mixpanel once, whether forwarding is on or off.",
    ValidateRequest,
    Validations,
)
RETRY = Operation(
    "retry",
    "POST",
    "retry",
    "Send to Mixpanel again what it has refused, or what is stuck or uncertain.",
    DecisionRequest,
    Decided,
)
DROP = Operation(
    "drop",
    "POST",
    "drop",
    "Keep messages that wait, or are held, stuck or uncertain, from being sent any more.",
    DecisionRequest,
    Decided,
)
DROP_ROUTE = Operation(
    "drop_route",
    "POST",
    "routes/drop",
    "Owe nothing more to a route that the settings no longer have.",
    DropRouteRequest,
    RouteDropped,
)
SET_ANSWERS = Operation(
    "set_answers",
    "POST",
    "answers",
    "Give SDKs other answers than the usual ones, or with none the usual ones again.",
    AnswersRequest,
    EngineState,
)
RELEASE = Operation(
    "release",
    "POST",
    "release",
    "Forward messages that are held.",
    DecisionRequest,
    Decided,
)
CLEAR = Operation("clear", "POST", "clear", "Delete every message of the journal.", NoRequest, Cleared)
MESSAGES = Operation(
    "messages",
    "GET",
    "messages",
    "Read the messages since the last reset that match a filter.",
    MatchesRequest,
    Matches,
    for_tests=True,
)
RESET = Operation(
    "reset",
    "POST",
    "reset",
    "Let tests see only messages that are received from now on. Nothing is deleted.",
    NoRequest,
    Matches,
    for_tests=True,
)
WAIT = Operation(
    "wait",
    "GET",
    "wait",
    "Wait until enough messages since the last reset match a filter.",
    WaitRequest,
    Matches,
    for_tests=True,
    waits=True,
)
EXPECT = Operation(
    "expect",
    "POST",
    "expect",
    "Wait as `wait` does, or for no message that matches a filter.",
    ExpectRequest,
    Matches,
    for_tests=True,
    waits=True,
)
OPENAPI = Operation("openapi", "GET", "openapi.json", "Read this description.", NoRequest, JsonObject)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *(HEALTHZ, LIVEZ, READYZ, METRICS),
    *(STATE, SETTINGS, FEED, PAGE, DETAIL, SUPER_PROPERTIES, OVERVIEW, VALUES, KEEP_MARKS),
    *(USERS, USER_ROWS, USER, GROUPS, EXPORT, EXPORT_OF, SCENARIO, DELIVERIES),
    *(USER_STORY, EVENT_STORY),
    *(INSPECT, SET_FORWARDING, REPLAY, VALIDATE, RETRY, DROP, RELEASE, DROP_ROUTE, SET_ANSWERS, CLEAR),
    OPENAPI,
    *(MESSAGES, RESET, WAIT, EXPECT),
)

_BY_PATH = {operation.path: operation for operation in OPERATIONS}


def operation_at(path: str) -> tuple[Operation[Any, Any] | None, dict[str, str]]:
    """Return the operation at a path below PREFIX, None if there is none, and the id that the path holds."""
    found = _BY_PATH.get(path)
    if found is not None:
        return found, {}
    start, _, last = path.rpartition("/")
    found = _BY_PATH.get(f"{start}/{{id}}") if last.isdecimal() and last.isascii() else None
    return found, {"id": last} if found is not None else {}
