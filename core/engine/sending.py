"""Sends messages of the journal at once when somebody asks: to Mixpanel, to validate them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

import msgspec

from ..api.models import Summary
from ..delivery import OWED_STATES, DeliveryState, RouteStanding, Validated, standing_along
from ..errors import ForwardingRefused, InputError
from ..forward.client import HttpxTransport
from ..forward.clock import SystemClock
from ..forward.credentials import service_account_of
from ..forward.made import OwedTranslator, made_from
from ..forward.once import Once
from ..forward.sender import OnDelivery
from ..forward.unsent import why_nothing
from ..index.receipts import ReceiptReader
from ..masks import secrets_in
from ..messages import Marks, Message
from ..settings import DestinationSettings
from ..stores.base import Outbox, Stores
from ..text import clean, shorten
from .active import ActiveSettings
from .along import WayTranslator
from .forwarder_switch import ForwarderSwitch, cannot_forward_why

MAX_AT_ONCE = 500
"""Messages that one call sends."""
TOTAL = 30.0
"""Seconds that one request may take: somebody waits for the answer."""

logger = logging.getLogger(__name__)


class Sending:
    """Sends messages of one journal at once.

    `listed` waits until every message received so far is in the index. `on_delivery` is called after each
    write to the journal.
    """

    def __init__(
        self,
        active: ActiveSettings,
        stores: Stores,
        reader: ReceiptReader,
        switch: ForwarderSwitch,
        listed: Callable[[], Awaitable[None]],
        on_delivery: OnDelivery,
        outboxes: Mapping[str, Outbox],
    ) -> None:
        self._outboxes = outboxes
        self._active = active
        self._stores = stores
        self._reader = reader
        self._switch = switch
        self._listed = listed
        self._on_delivery = on_delivery
        self._one_at_a_time = asyncio.Lock()

    async def validate(self, ids: Sequence[int], route: str = "") -> list[Validated]:
        """Send messages to Mixpanel once, whether forwarding is on or off; one result for each id, in order.

        With several routes each goes along its first one, or along `route`. Raises ForwardingRefused if these
        settings cannot send, InputError for too many ids or none, or a route that is not there.
        """
        if route and (self._active.ways is None or route not in self._active.ways):
            raise InputError(f"There is no route to Mixpanel that is named {shorten(clean(route), 80)}.")
        if not 1 <= len(ids) <= MAX_AT_ONCE:
            raise InputError(
                f"Between 1 and {MAX_AT_ONCE} messages can be sent in one request, not {len(ids)}."
            )
        if why := cannot_forward_why(self._active.settings):
            raise ForwardingRefused(why)
        wanted = list(dict.fromkeys(ids))
        await self._listed()
        async with self._one_at_a_time, self._alone() as alone:
            found = await self._validate(wanted, route, alone=alone)
        return [found[id] for id in ids]

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncGenerator[bool]:
        """Keep forwarding from being turned on meanwhile. Yields False if it is on, here or perhaps in
        another engine that shares the journal: it sends what is owed.
        """
        if self._switch.sending or self._stores.shared:
            yield False
            return
        async with self._switch.held():
            yield not self._switch.sending

    async def _validate(self, ids: Sequence[int], route: str, *, alone: bool) -> dict[int, Validated]:
        found: dict[int, Validated] = {}
        lines = await self._lines(ids, found)
        messages = await self._reader.load(self._stores, list(lines.values()))
        if (ways := self._active.ways) is None:
            way = _Way(self._active, self._active.settings.destination, self._stores.outbox)
            await self._validate_along(way, messages, lines, found, alone=alone)
        else:
            standings = await self._stores.index.standings(list(lines))
            by_route: dict[str, list[Message]] = {}
            for message in messages:
                own = [one.route for one in standings.get(message.id, ()) if one.route in ways]
                name = route or next(iter(own), ways.first(message.write_key, message.source_kind).name)
                by_route.setdefault(name, []).append(message)
            for name, some in by_route.items():
                there = {
                    message.id: _along(lines[message.id], standings.get(message.id, ()), name)
                    for message in some
                }
                to = self._active.settings.for_route(name).destination
                way = _Way(WayTranslator(self._active, name), to, self._outboxes[name], along=True)
                await self._validate_along(way, some, there, found, alone=alone)
        for id in lines.keys() - found.keys():
            found[id] = Validated(
                id=id, words="it cannot be read from the journal", delivery=lines[id].delivery
            )
        return found

    async def _validate_along(
        self,
        way: _Way,
        messages: Sequence[Message],
        lines: Mapping[int, Summary],
        found: dict[int, Validated],
        *,
        alone: bool,
    ) -> None:
        """Send messages once to one project, and add the results to `found`."""
        active, settings = self._active, self._active.settings
        account = service_account_of(way.to)
        before = await way.outbox.deliveries_of([message.id for message in messages])
        transport = HttpxTransport(total=TOTAL, connections=1)
        try:
            once = Once(
                way.outbox,
                transport,
                SystemClock(),
                mixpanel_url=way.to.mixpanel_url,
                secrets=secrets_in(way.to),
                on_delivery=None if way.along else self._on_delivery,
            )
            sent: list[int] = []
            for message in messages:
                id, state = message.id, lines[message.id].delivery
                made = made_from(message, way.translator, account)
                owed = state in OWED_STATES or await _is_owed(way.outbox, id)
                owed = owed or (self._stores.shared and state is DeliveryState.UNCERTAIN)
                if isinstance(made, DeliveryState) or not made:
                    found[id] = Validated(id=id, words=why_not(message, active), delivery=state)
                elif state is DeliveryState.HELD and not alone:
                    found[id] = Validated(id=id, words=IS_HELD, delivery=state)
                elif owed and not alone:
                    found[id] = Validated(id=id, words=WAITS, delivery=state)
                elif settings.dry_run:
                    await once.note_dry_run(made)
                    sent.append(id)
                else:
                    once.take(id, made, before.get(id, ()), state, owed)
                    sent.append(id)
            await once.run()
            found |= {id: once.result(id, lines[id].delivery) for id in sent}
        finally:
            await transport.close()

    async def _lines(self, ids: Sequence[int], found: dict[int, Validated]) -> dict[int, Summary]:
        """Return the lines of messages; for ids of none, add to `found` why nothing is sent."""
        lines: dict[int, Summary] = {}
        for id in ids:
            line = await self._stores.index.summary(id)
            if line is None:
                found[id] = Validated(
                    id=id, words="it is no longer in the journal", delivery=DeliveryState.NONE
                )
            elif line.refused:
                what = "it is damaged" if line.damaged else "a refused request holds no message"
                found[id] = Validated(id=id, words=what, delivery=line.delivery)
            else:
                lines[id] = line
        return lines


class _Way(msgspec.Struct, frozen=True):
    """One way to Mixpanel: what translates, the project, and the outbox; `along` one of several routes."""

    translator: OwedTranslator
    to: DestinationSettings
    outbox: Outbox
    along: bool = False


def _along(line: Summary, standings: Sequence[RouteStanding], route: str) -> Summary:
    """Return the line of a message as it stands on a route."""
    one = standing_along(standings, route)
    return line if one is None else msgspec.structs.replace(line, delivery=one.delivery)


async def _is_owed(outbox: Outbox, id: int) -> bool:
    owed = await outbox.owed(after=id - 1, limit=1)
    return bool(owed) and owed[0].id == id


IS_HELD = "it is held: release it instead"
WAITS = "it waits for forwarding, which is on and sends it: sent twice, it might count twice"


def why_not(message: Message, active: ActiveSettings) -> str:
    """Return why nothing is sent of a message for which no records could be made."""
    if message.unread:
        return "it is too large to be read"
    try:
        translation = active.translated(message)
    except Exception:
        logger.exception("message %d cannot be translated", message.id)
        return "segtap failed to translate it; the log has the traceback"
    if message.marks & Marks.WOULD_REJECT and message.objections:
        return f"Segment would reject it: {message.objections[0].text}"
    why = why_nothing(translation, message.type, message.marks, message.source_kind)
    if not why and translation.not_sent is not None:
        return translation.not_sent.reason  # a record of another project
    return why or "it makes no request"
