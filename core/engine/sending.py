"""Sends messages of the journal at once when somebody asks: to Mixpanel, to validate them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from ..api.models import Summary
from ..delivery import OWED_STATES, DeliveryState, Validated
from ..errors import ForwardingRefused, InputError
from ..forward.client import HttpxTransport
from ..forward.clock import SystemClock
from ..forward.credentials import service_account_of
from ..forward.made import made_from
from ..forward.once import Once
from ..forward.sender import OnDelivery
from ..forward.unsent import why_nothing
from ..index.receipts import ReceiptReader
from ..masks import secrets_in
from ..messages import Marks, Message
from ..stores.base import Stores
from .active import ActiveSettings
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
    ) -> None:
        self._active = active
        self._stores = stores
        self._reader = reader
        self._switch = switch
        self._listed = listed
        self._on_delivery = on_delivery
        self._one_at_a_time = asyncio.Lock()

    async def validate(self, ids: Sequence[int]) -> list[Validated]:
        """Send messages to Mixpanel once, whether forwarding is on or off; one result for each id, in order.

        Raises ForwardingRefused if these settings cannot send, InputError for too many ids or none.
        """
        if not 1 <= len(ids) <= MAX_AT_ONCE:
            raise InputError(
                f"Between 1 and {MAX_AT_ONCE} messages can be sent in one request, not {len(ids)}."
            )
        if why := cannot_forward_why(self._active.settings):
            raise ForwardingRefused(why)
        wanted = list(dict.fromkeys(ids))
        await self._listed()
        async with self._one_at_a_time, self._alone() as alone:
            found = await self._validate(wanted, alone=alone)
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

    async def _validate(self, ids: Sequence[int], *, alone: bool) -> dict[int, Validated]:
        active, found = self._active, dict[int, Validated]()
        settings = active.settings
        account = service_account_of(settings.destination)
        lines = await self._lines(ids, found)
        messages = await self._reader.load(self._stores, list(lines.values()))
        before = await self._stores.outbox.deliveries_of(list(lines))
        transport = HttpxTransport(total=TOTAL, connections=1)
        try:
            once = Once(
                self._stores.outbox,
                transport,
                SystemClock(),
                mixpanel_url=settings.destination.mixpanel_url,
                secrets=secrets_in(settings.destination),
                on_delivery=self._on_delivery,
            )
            sent: list[int] = []
            for message in messages:
                id, state = message.id, lines[message.id].delivery
                made = made_from(message, active, account)
                owed = state in OWED_STATES or await self._is_owed(id)
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
        for id in lines.keys() - found.keys():
            found[id] = Validated(
                id=id, words="it cannot be read from the journal", delivery=lines[id].delivery
            )
        return found

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

    async def _is_owed(self, id: int) -> bool:
        owed = await self._stores.outbox.owed(after=id - 1, limit=1)
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
