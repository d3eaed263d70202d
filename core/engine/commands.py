"""What viewers order an engine to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ..api.deliveries import Decided
from ..api.feed import Feed
from ..delivery import Decision, DeliveryState, Posted, Validated
from ..errors import InputError
from ..faults import Faults
from ..index.elsewhere import Elsewhere
from ..index.indexer import Indexer
from ..index.judging import READING
from ..index.receipts import ReceiptReader
from ..index.replay import MAX_BYTES, MAX_MESSAGES, replay_receipts, with_message_id
from ..ingest.attempts import Attempts
from ..ingest.knocks import Knocks
from ..messages import Message, message_number
from ..on_demand import Demands
from ..stores.base import Stores
from .active import ActiveSettings
from .deliveries import Deliveries
from .forwarder_switch import ForwarderSwitch
from .gathering import Gathering
from .history import History
from .relays import Relays
from .sending import MAX_AT_ONCE, Sending
from .settings_watch import SettingsWatch
from .summing import Summing
from .watched_log import WatchedLog


class Commands:
    """Carries out the orders of viewers with the parts of an engine."""

    def __init__(
        self,
        active: ActiveSettings,
        stores: Stores,
        log: WatchedLog,
        reader: ReceiptReader,
        switch: ForwarderSwitch,
        sending: Sending,
        watch: SettingsWatch,
        indexer: Indexer,
        history: History,
        summing: Summing,
        gathering: Gathering,
        knocks: Knocks,
        deliveries: Deliveries,
        feed: Feed,
        faults: Faults,
        demands: Demands,
        attempts: Attempts,
        relays: Relays,
    ) -> None:
        self._active = active
        self._stores = stores
        self._log = log
        self._reader = reader
        self._switch = switch
        self._sending = sending
        self._watch = watch
        self._indexer = indexer
        self._history = history
        self._summing = summing
        self._gathering = gathering
        self._knocks = knocks
        self._deliveries = deliveries
        self._feed = feed
        self._faults = faults
        self._demands = demands
        self._attempts = attempts
        self._relays = relays

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> None:
        """Turn forwarding on or off, or leave it unchanged with None.

        While it is off, what is owed stays owed. On, if a fault has halted it, tries again.
        `reread` reads the settings file first: its destination is put in force if nothing can be under way,
        that is while forwarding is off or has halted.

        Raises ForwardingRefused with the reason, SettingsError for a file that cannot be used.
        """
        if reread:
            await self._watch.read()
        if on is not None:
            await self._switch.turn(on)
        if on is False:
            # A change of the destination that had to wait is put in force now.
            self._watch.forget()
        self._feed.touch()

    async def validate(self, ids: Sequence[int], route: str = "") -> list[Validated]:
        """Send messages to Mixpanel once, forwarding on or off; return a result for each id, in order."""
        return await self._sending.validate(ids, route)

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages of the journal through segtap again and return how many."""
        sent = 0
        pending: list[Message] = []
        async for found in self._reader.by_receipt(self._stores, ids):
            pending += [message for message in found if not message.unread]
            if len(pending) >= MAX_MESSAGES or sum(len(one.original) for one in pending) > MAX_BYTES:
                sent += await self._replay(pending)
                pending = []
        sent += await self._replay(pending)
        if not sent:
            raise InputError(
                "None of these can be replayed: they are no longer in the journal, are too large to be read,"
                " or are not messages."
            )
        return sent

    async def replay_to(self, url: str, ids: Sequence[int]) -> list[Posted]:
        """Send messages of the journal to another server, and return its answer to each, in order."""
        if not 1 <= len(ids) <= MAX_AT_ONCE:
            raise InputError(
                f"Between 1 and {MAX_AT_ONCE} messages can be sent in one request, not {len(ids)}."
            )
        found = {message.id: message for message in await self._reader.documents(self._stores, ids)}
        posted: list[Posted] = []
        async with Elsewhere(url) as elsewhere:
            for id in ids:
                message = found.get(id)
                if message is None or message.unread:
                    why = "it is too large to be read" if message else "it is no longer in the journal"
                    posted.append(Posted(id=id, words=why))
                else:
                    posted.append(await elsewhere.post(message))
        return posted

    async def replay_texts(self, texts: Sequence[bytes]) -> int:
        """Send messages from elsewhere, each as its JSON text, through segtap and return how many."""
        return await self._replay(await self._reader.given(texts))

    async def send_edited(self, text: bytes, edited: int, message_id: str) -> int:
        """Send a message that was edited from one of the journal through segtap, and return its own id.

        It gets the write key of that one and counts as a replay of it. `message_id` becomes its messageId, ""
        leaves the one in the text. It takes the place of a message that is held: it is forwarded, and that
        one is dropped. Raises InputError.
        """
        message = await self._edited(text, edited, message_id)
        line = await self._stores.index.summary(edited)
        held = line is not None and line.delivery is DeliveryState.HELD
        last = await self._append([message], wanted=held or self._switch.on)
        if held:
            await self._deliveries.decide("drop", [edited])
        return message_number(last, 0)

    async def edited_to(self, url: str, text: bytes, edited: int, message_id: str) -> list[Posted]:
        """Send a message that was edited from one of the journal to another server; see `send_edited`."""
        message = await self._edited(text, edited, message_id)
        async with Elsewhere(url) as elsewhere:
            return [await elsewhere.post(message)]

    async def decide(self, decision: Decision, ids: Sequence[int], route: str = "") -> Decided:
        """Send messages to Mixpanel, or keep them from being sent, as the user decided."""
        changed, others = await self._deliveries.decide(decision, ids, route)
        return Decided(tuple(changed), tuple(others))

    async def drop_route(self, route: str) -> int:
        """Owe nothing more to a route, and return how many requests that were; see `Relays.drop`."""
        return await self._relays.drop(route)

    def set_answers(self, answers: Sequence[str]) -> None:
        """Give SDKs these answers on demand, with none the usual ones. Raises InputError."""
        self._demands.use(answers)

    async def clear(self) -> None:
        """Delete every message of the journal, those owed to Mixpanel included."""
        await self.cleared(self._stores.clear)

    async def cleared(self, drop: Callable[[], Awaitable[None]]) -> None:
        """Delete every message by `drop`, and forget what was made of them."""
        async with self._switch.paused(), self._indexer.pause():
            await drop()
            self._indexer.forget()
            self._history.cancel()
            self._active.forget()
            self._gathering.forget()
            self._summing.reset()
            self._knocks.forget()
            self._attempts.clear()
        self._faults.clear(READING)
        self._feed.clear()

    async def _edited(self, text: bytes, edited: int, message_id: str) -> Message:
        """Return the message that was made of one of the journal, with its write key. Raises InputError."""
        originals = await self._reader.documents(self._stores, [edited])
        if not originals:
            raise InputError("The message that this one was edited from is no longer in the journal.")
        if originals[0].source_kind == "mixpanel":
            raise InputError("A record of Mixpanel's own SDK cannot be edited: it goes to Mixpanel verbatim.")
        (message,) = await self._reader.given([text])
        if message.source_kind == "mixpanel":
            raise InputError("This is a record of Mixpanel's own SDK, not a Segment message.")
        message = msgspec.structs.replace(message, id=edited, write_key=originals[0].write_key)
        return with_message_id(message, message_id) if message_id else message

    async def _replay(self, messages: Sequence[Message]) -> int:
        await self._append(messages, wanted=self._switch.on)
        return len(messages)

    async def _append(self, messages: Sequence[Message], *, wanted: bool) -> int:
        """Send messages through segtap, and return the position of the last request that they are in."""
        last = 0
        for receipt in replay_receipts(messages, wanted=wanted):
            last = await self._log.append(receipt)
        return last
