"""What a browser keeps between two calls: frozen values, replaced by each step of the simulation."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ...messages import Json, JsonObject
from .page import Page
from .tables import NOT_SUPER


class Ids(Protocol):
    """The random ids that Mixpanel's SDK makes. They come from the caller, so that a simulation is pure."""

    def device_id(self) -> str:
        """Return a new UUID for a device."""
        ...

    def insert_id(self) -> str:
        """Return a new `$insert_id` for an event."""
        ...


PAGE_LOAD = "page load"


class Cause(msgspec.Struct, frozen=True):
    """What registered a super property. `number` is that of the message on its page, 0 for a page load."""

    number: int
    call: str
    """`page load`, or the message's type with its event, name or group: `track Signed Up`."""
    at: int | None
    """Milliseconds since the epoch; None for a page load, which no message dates."""


class Store(msgspec.Struct, frozen=True):
    """The SDK's store: a cookie, or an entry of localStorage."""

    properties: JsonObject = msgspec.field(default_factory=dict[str, Json])
    """Everything in it, the people queues included."""
    causes: dict[str, Cause] = msgspec.field(default_factory=dict[str, Cause])
    """What gave each property the value that it has."""

    @property
    def super_properties(self) -> JsonObject:
        """The super properties alone: what every event gets."""
        return {name: value for name, value in self.properties.items() if name not in NOT_SUPER}


class Browser(msgspec.Struct, frozen=True):
    """One browser with a page loaded in it."""

    page: Page = Page()
    key: str = ""
    """Which store the page uses, see `Page.store_key`."""
    store: Store = Store()
    others: dict[str, Store] = msgspec.field(default_factory=dict[str, Store])
    """The stores of other hosts, which this page cannot read."""
    identified: bool = False
    """An identify with an id was called since the page was loaded; before, people operations are queued."""
    user_id: Json = None
    """The user id of analytics.js, as the latest message had it."""
    messages: int = 0
    """How many messages it has sent."""


class Operation(msgspec.Struct, frozen=True):
    """One record that the page sends to Mixpanel."""

    host: str
    endpoint: str
    data: JsonObject


class Step(msgspec.Struct, frozen=True):
    """What one message does: the browser after it, and the records that it sends, in order."""

    browser: Browser
    operations: tuple[Operation, ...] = ()
    failed: str = ""
    """Why the page's code ends with an error in the middle of it; "" if it does not."""
