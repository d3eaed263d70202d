"""What screens and commands may ask of an engine: one method for each operation of the API."""

from __future__ import annotations

import abc
from collections.abc import AsyncGenerator, Sequence
from typing import Self

import msgspec

from ..aggregates.model import FieldValues, Groups, Overview
from ..chosen import Chosen
from ..delivery import Decision, Posted, Validated
from ..identities.model import Cluster, Users
from ..settings import Settings
from ..stories.model import EventStory, UserStory
from . import operations as ops
from .caller import Caller
from .deliveries import Decided
from .mark_names import MarkNames
from .models import EngineState, FeedBatch, MessageDetail, Page, SuperProperties
from .operations import NoRequest


class Viewer(Caller):
    """An engine as its viewers see it. `Client` is one over HTTP and WebSocket.

    A subclass carries requests to the engine; the methods below only name the operations. Every method raises
    EngineError if the engine cannot be reached or does not know the token, and otherwise the error that the
    engine raised. With `marks` set, filters may ask for `is:marked`.

    It has over 25 methods because there is one for each operation.
    """

    marks: MarkNames | None = None

    @abc.abstractmethod
    def feed(self) -> AsyncGenerator[FeedBatch]:
        """Yield frames until the engine stops. The first holds the state and no messages: page those."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Close the connection. The engine keeps running."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _filter(self, filter: str) -> str:
        """Return a filter that the engine can read: marks have names there."""
        return filter if self.marks is None else await self.marks.ready(filter, self.keep_marks)

    async def state(self) -> EngineState:
        """Return the state of the engine now."""
        return await self.call(ops.STATE, NoRequest())

    async def settings(self) -> Settings:
        """Return the settings in force, secrets masked."""
        return await self.call(ops.SETTINGS, NoRequest())

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        filter: str = "",
        wait: int | None = None,
        route: str = "",
    ) -> Page:
        """Return messages of the list, oldest first: those before or after an id, or the newest.

        A search ends after `wait` milliseconds, see `Page.searched_to`. With a `route` they are shown as they
        stand on that one of several routes to Mixpanel.
        """
        return await self.call(
            ops.PAGE, ops.PageRequest(before, after, limit, await self._filter(filter), wait, route)
        )

    async def detail(self, id: int, route: str = "") -> MessageDetail:
        """Return everything about one message. Raises InputError if the journal does not have it.

        With several routes to Mixpanel the verdict is that along `route`, or along the message's first one.
        """
        return await self.call(ops.DETAIL, ops.DetailRequest(id, route))

    async def super_properties(self, id: int, *, anyway: bool = False) -> SuperProperties:
        """Return what is registered in the browser after a Segment message, if the page is in device mode.

        `anyway` simulates it even if the settings name no device mode.
        """
        return await self.call(ops.SUPER_PROPERTIES, ops.SuperPropertiesRequest(id, int(anyway)))

    async def overview(self, filter: str = "") -> Overview:
        """Return the messages in numbers, all or those that match a filter: by rule, by event, over time.

        What cannot be counted within a second is left for the next call, see `Coverage.behind`. The same
        applies to users and groups.
        """
        return await self.call(ops.OVERVIEW, ops.OverviewRequest(await self._filter(filter)))

    async def values(self, field: str, text: str = "", limit: int = 20) -> FieldValues:
        """Return values that a field of the filter language has; with `text`, only those that contain it."""
        return await self.call(ops.VALUES, ops.ValuesRequest(field, text, limit))

    async def users(self, text: str = "", limit: int = 200, filter: str = "") -> Users:
        """Return users as Mixpanel sees them, last seen first; with `text`, only those with a matching id.

        With `filter`, only those of whom a message matches it.
        """
        return await self.call(ops.USERS, ops.UsersRequest(text, limit, await self._filter(filter)))

    async def user(self, id: str) -> Cluster | None:
        """Return the user with exactly this id, None if no covered message has it."""
        return (await self.call(ops.USER, ops.UserRequest(id))).cluster

    async def user_story(
        self,
        id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        wait: int | None = None,
    ) -> UserStory:
        """Return messages of the user with this id: those before or after a message, or the newest.

        A search ends after `wait` milliseconds, see `UserStory.searched_to`.
        """
        return await self.call(ops.USER_STORY, ops.UserStoryRequest(id, before, after, limit, wait))

    async def event_story(
        self, type: str = "", name: str = "", *, message: int = 0, limit: int = 200
    ) -> EventStory:
        """Return an event in numbers and its properties; with `message`, the event of that message.

        What cannot be read within a second is left for the next call, see `EventStory.covered`. Raises
        InputError if the journal does not have the message.
        """
        return await self.call(ops.EVENT_STORY, ops.EventStoryRequest(type, name, message, limit))

    async def groups(self, filter: str = "") -> Groups:
        """Return the state of Group Analytics: the four parts of each group key.

        With `filter`, only events that match it are counted.
        """
        return await self.call(ops.GROUPS, ops.GroupsRequest(await self._filter(filter)))

    async def inspect(self, text: bytes) -> MessageDetail:
        """Inspect the JSON text of a Segment message without storing it.

        Raises InputError if it is not a JSON object.
        """
        return await self.call(ops.INSPECT, msgspec.Raw(text))

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState:
        """Turn forwarding on (if it has halted: try again) or off, or leave it unchanged with None.

        `reread` reads the settings file first. Raises ForwardingRefused with the reason, SettingsError for
        a file that cannot be used.
        """
        return await self.call(ops.SET_FORWARDING, ops.ForwardingRequest(on, reread))

    async def validate(self, ids: Sequence[int], route: str = "") -> list[Validated]:
        """Send messages to Mixpanel once, whether forwarding is on or off; one result for each id, in order.

        With several routes to Mixpanel each goes along its first one, or along `route`.

        After an answer that concerns every request (401, 429, 5xx, none) the rest is not sent. Raises
        ForwardingRefused if the engine's settings cannot send, InputError for more than 500 ids.
        """
        return list((await self.call(ops.VALIDATE, ops.ValidateRequest(tuple(ids), route))).messages)

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages of the journal through segtap again and return how many."""
        return (await self.call(ops.REPLAY, ops.ReplayRequest(ids=tuple(ids)))).replayed

    async def replay_to(self, url: str, ids: Sequence[int]) -> list[Posted]:
        """Send messages of the journal to the server at a URL, and return its answer to each, in order.

        Raises InputError for a URL that cannot be used, and for more than 500 ids.
        """
        return list((await self.call(ops.REPLAY, ops.ReplayRequest(ids=tuple(ids), url=url))).answers)

    async def replay_texts(self, texts: Sequence[bytes]) -> int:
        """Send messages from elsewhere, each as its JSON text, through segtap and return how many."""
        messages = tuple(msgspec.Raw(text) for text in texts)
        return (await self.call(ops.REPLAY, ops.ReplayRequest(messages=messages))).replayed

    async def send_edited(self, text: bytes, edited: int, message_id: str = "") -> int:
        """Send the JSON text of a message that was edited through segtap, and return its id.

        `edited` is the id of the original. `message_id` becomes its messageId, "" leaves the one in the text.
        Raises InputError if the text is not a message, or the original is no longer in the journal.
        """
        order = ops.ReplayRequest(messages=(msgspec.Raw(text),), edited=edited, message_id=message_id)
        return (await self.call(ops.REPLAY, order)).id

    async def edited_to(self, url: str, text: bytes, edited: int, message_id: str = "") -> Posted:
        """Send the JSON text of a message that was edited to the server at a URL, and return its answer.

        See `send_edited`.
        """
        order = ops.ReplayRequest(
            messages=(msgspec.Raw(text),), edited=edited, message_id=message_id, url=url
        )
        return (await self.call(ops.REPLAY, order)).answers[0]

    async def keep_marks(self, chosen: Chosen) -> str:
        """Name a set of messages; filters ask for it with `is:NAME` until the engine stops."""
        return (await self.call(ops.KEEP_MARKS, chosen)).name

    async def retry(self, ids: Sequence[int]) -> Decided:
        """Send to Mixpanel again what it has refused of these messages, or what is stuck or uncertain.

        If forwarding is off, it is sent once that is on.
        """
        return await self.call(ops.RETRY, ops.DecisionRequest(tuple(ids)))

    async def drop(self, ids: Sequence[int]) -> Decided:
        """Keep these messages, which wait, or are held, stuck or uncertain, from being sent any more."""
        return await self.call(ops.DROP, ops.DecisionRequest(tuple(ids)))

    async def release(self, ids: Sequence[int]) -> Decided:
        """Forward these messages, which are held. If forwarding is off, they are sent once that is on."""
        return await self.call(ops.RELEASE, ops.DecisionRequest(tuple(ids)))

    async def drop_route(self, route: str) -> int:
        """Owe nothing more to a route that the settings no longer have, and return how many requests it was.

        Raises InputError if the settings have the route, or nothing is owed to it.
        """
        return (await self.call(ops.DROP_ROUTE, ops.DropRouteRequest(route))).requests

    async def set_answers(self, answers: Sequence[str]) -> EngineState:
        """Have SDKs answered as `--answer` describes, with none of these as usual again.

        Raises InputError for one that cannot be read.
        """
        return await self.call(ops.SET_ANSWERS, ops.AnswersRequest(tuple(answers)))

    async def decide(self, decision: Decision, ids: Sequence[int], route: str = "") -> Decided:
        """Carry out a decision about these messages: see `retry`, `drop` and `release`.

        With several routes to Mixpanel it is about all of them, or about `route` alone.
        """
        operation = {"retry": ops.RETRY, "drop": ops.DROP, "release": ops.RELEASE}[decision]
        return await self.call(operation, ops.DecisionRequest(tuple(ids), route))

    async def clear(self) -> None:
        """Delete every message of the journal."""
        await self.call(ops.CLEAR, NoRequest())

    def export(self, filter: str = "", what: ops.ExportOf = "messages") -> AsyncGenerator[bytes]:
        """Yield messages, one a line, as received plus what was filled in, oldest first.

        With "batches", each is a batch of its own with its write key, which says which source sent it.
        With "records", yield what they become at Mixpanel: a record and its endpoint a line. With "requests",
        yield the requests that they came in, as entries of a HAR file; credentials are masked.
        """
        return self.call_lines(ops.EXPORT, ops.ExportRequest(filter, what))

    def export_of(self, ids: Sequence[int]) -> AsyncGenerator[bytes]:
        """Yield these messages as `export` does; those that the journal does not have are left out."""
        return self.call_lines(ops.EXPORT_OF, ops.ExportOfRequest(tuple(ids)))

    def scenario(
        self, filter: str = "", count: int = 0, ids: Sequence[int] | None = None
    ) -> AsyncGenerator[bytes]:
        """Yield messages as lines of a scenario, with the requests of the settings in force, oldest first.

        They are those that match a filter, with `count` the first ones of these, or those with the `ids`. See
        `ScenarioLine`.
        """
        given = None if ids is None else tuple(ids)
        return self.call_lines(ops.SCENARIO, ops.ScenarioRequest(filter, count, given))

    def deliveries(self, filter: str = "") -> AsyncGenerator[bytes]:
        """Yield what became of messages at Mixpanel, a `DeliveryRow` a line, oldest message first.

        Without a filter, of all messages that Mixpanel has not accepted.
        """
        return self.call_lines(ops.DELIVERIES, ops.DeliveriesRequest(filter))

    def user_rows(self) -> AsyncGenerator[bytes]:
        """Yield every user as a line, in no order; each is a `UserRow`."""
        return self.call_lines(ops.USER_ROWS, NoRequest())
