"""Takes what the journal owes to Mixpanel, in order, sends it, and writes each outcome back.

Nothing is kept that the journal does not know: kill it at any point and the next run goes on from there. What
Mixpanel dedupes or what only sets is sent again when in doubt; what adds (`$add`, `$append`, an event without
an insert id) is written down before it is sent, and never sent twice.

One record that Mixpanel answers with 5xx for ever holds nobody up: see `search` and `aside`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from random import Random

from ..api.models import Summary
from ..masks import secrets_in
from ..settings import DestinationSettings, ForwardSettings
from ..stores.base import Outbox, Stores
from ..verdict import Translation
from .batch import Limits, Queue
from .client import HttpxTransport, Transport
from .clock import Clock, SystemClock
from .courier import Courier
from .credentials import service_account_of
from .dispatcher import Dispatcher
from .linger import Linger
from .made import OwedTranslator
from .outcomes import Answer
from .pace import Pace
from .sender import OnDelivery, Services
from .source import Elsewhere, Load, Source
from .wire import WireForm, check_address

PATIENCE = 10.0
"""Seconds that `Forwarder.at_rest` waits for requests under way."""


class Forwarder:
    """Sends what `stores` owes until it is stopped; with an `outbox` of one route what is owed along that.

    `load` reads the messages that are owed, and `elsewhere` has other processes make their records.
    `on_delivery` is called after every write to the journal with the attempts and the present state of each
    message that they concern.
    `on_halt` is called with the reason once forwarding has halted, `on_trouble` when `retry` is another.
    `dry_run` sends nothing: each operation gets one `Outcome.DRY_RUN` line, and the message stays owed, so
    that a dry run takes nothing away from a later real one. `window` is how many records are read ahead,
    `linger` the seconds that new messages wait for others which may share their request; while many are
    received, they wait up to eight times as long.

    Raises SettingsError when `settings.mixpanel_url` cannot be used.
    """

    def __init__(
        self,
        stores: Stores,
        load: Load,
        translator: OwedTranslator,
        *,
        settings: DestinationSettings,
        options: ForwardSettings | None = None,
        on_delivery: OnDelivery | None = None,
        on_halt: Callable[[str], None] | None = None,
        on_trouble: Callable[[], None] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        limits: Limits | None = None,
        dry_run: bool = False,
        window: int = 4000,
        linger: float = 0.0,
        elsewhere: Elsewhere | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        check_address(settings.mixpanel_url)
        self._secrets = secrets_in(settings)
        self._mixpanel_url = settings.mixpanel_url
        self._on_halt = on_halt
        self._transport = transport
        self._clock: Clock = clock or SystemClock()
        outbox = stores.outbox if outbox is None else outbox
        self._source = Source(
            stores.index, outbox, load, translator, self._clock, dry_run=dry_run, elsewhere=elsewhere
        )
        self._source.account = service_account_of(settings)
        options = options or ForwardSettings()
        self._source.uncertain = options.uncertain
        self._caught_up = False
        self._window = window
        self._limits = limits or Limits()
        self._queue = Queue(self._limits.at_rate(options.max_records_per_second))
        self._changed = asyncio.Event()
        self._interrupt = asyncio.Event()
        self._services = Services(
            outbox,
            self._post,
            self._queue,
            self._clock,
            rng or Random(),
            self._changed,
            self._interrupt,
            on_delivery,
            on_trouble or (lambda: None),
            Pace(options),
        )
        self._linger = Linger(linger, self._clock, self._interrupt)
        self._finished = asyncio.Event()
        self._running = self._stopping = False
        self._grace = 0.0
        self._turning = asyncio.Lock()
        """Held while messages are read and requests started, and while nobody may do that."""
        self._halt_words = ""
        self._era = 0
        """How often forwarding has been resumed."""
        self._idle = asyncio.Event()
        self._line: Transport | None = None
        self._courier = self._hire()
        self._dispatcher = Dispatcher(self._services, self._courier)

    def use(self, settings: DestinationSettings, options: ForwardSettings) -> None:
        """Send there, with these credentials, from the next message on. Raises SettingsError for an address
        that cannot be used; all stays as it was then.
        """
        check_address(settings.mixpanel_url)
        self._services.pace.settings = options
        self._queue.limits = self._limits.at_rate(options.max_records_per_second)
        self._source.uncertain = options.uncertain
        self._mixpanel_url = self._courier.mixpanel_url = settings.mixpanel_url
        self._secrets = self._courier.secrets = secrets_in(settings)
        self._source.account = service_account_of(settings)
        self._source.forget()

    def offer(self, summary: Summary, made: Callable[[], Translation]) -> None:
        """Hand over the translation of a message that was just received, so that it is not made again.

        `made` returns it, and is called only if the message is sent soon.
        """
        if self._running and not self.halted:
            self._source.offer(summary, made)

    # --- what others see ---------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """Why forwarding is not well, for the header; "" when it is."""
        if self._halt_words:
            return self._halt_words
        texts = self._courier.faults()
        if self._source.fault:
            texts.append(self._source.fault)
        return " · ".join(texts)

    @property
    def retry(self) -> tuple[str, int]:
        """The part of `fault` that is only waited for, and when the next try is made (ms, 0: not known)."""
        retries = [] if self._halt_words else self._courier.retries()
        return retries[0] if retries else ("", 0)

    @property
    def halted(self) -> bool:
        """True after a fault that waiting does not mend, until `resume`; what is owed stays owed."""
        return bool(self._halt_words)

    @property
    def halt_words(self) -> str:
        """Why it has halted, "" when it has not."""
        return self._halt_words

    @property
    def running(self) -> bool:
        """True while `run` runs."""
        return self._running

    def wake(self) -> None:
        """Note that new messages are owed."""
        self._source.more = True
        self._idle.clear()
        self._changed.set()

    def resume(self) -> None:
        """Try again after a fault that halted it."""
        self._halt_words = ""
        self._era += 1
        self._interrupt.set()
        self._changed.set()

    @contextlib.asynccontextmanager
    async def at_rest(self, patience: float = PATIENCE) -> AsyncGenerator[set[int]]:
        """Start nothing meanwhile, and afterwards read from the journal again what is owed.

        Waits at most `patience` seconds for requests under way; yields the messages that they are about if
        they are still not answered. What the journal says of all others may be changed.
        """
        self._interrupt.set()
        self._changed.set()
        async with self._turning:
            await self._dispatcher.settled(patience)
            yield self._dispatcher.messages()
        self.wake()

    async def wait_idle(self) -> None:
        """Return when all that is owed has been dealt with or set aside, or a fault halts it."""
        await self._idle.wait()

    async def stop(self, grace: float = 5.0) -> None:
        """Send nothing more; wait up to `grace` seconds for answers under way. `run` then returns."""
        if not self._running:
            return
        self._stopping, self._grace = True, grace
        self._interrupt.set()
        self._changed.set()
        await self._finished.wait()

    async def run(self) -> None:
        """Send until `stop`. Raises JournalError when outcomes cannot be written: then it has stopped."""
        if self._running:
            raise RuntimeError("this forwarder runs already")
        self._running, self._stopping, self._halt_words = True, False, ""
        self._dispatcher.failure = None
        self._finished.clear()
        self._line = transport = self._transport or HttpxTransport()
        try:
            async with self._services.outbox.sending(self.at_rest):
                try:
                    await self._begin()
                    while not self._stopping and self._dispatcher.failure is None:
                        self._changed.clear()
                        await self._turn()
                        # Until something has changed, or it is time for a try that was put off.
                        await (self._changed.wait() if self.halted else self._courier.next_change())
                    await self._finish()
                finally:
                    await self._dispatcher.abandon()
        finally:
            if self._transport is None:
                await transport.close()
            self._running = False
            self._finished.set()
            self._idle.set()

    # --- the loop ----------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Start from what the journal says."""
        self._queue.clear()
        self._caught_up = False
        self._idle.clear()
        self._interrupt.clear()
        troubled = bool(self._courier.troubles)
        self._courier = self._dispatcher.courier = self._hire()
        if troubled:
            self._services.on_trouble()  # the next try that viewers know of is not made
        await self._source.begin()

    def _hire(self) -> Courier:
        era = self._era
        return Courier(
            self._services,
            mixpanel_url=self._mixpanel_url,
            secrets=self._secrets,
            halt=lambda words: self._halt(words, era),
        )

    async def _post(self, form: WireForm) -> Answer:
        assert self._line is not None
        return await self._line.send(form)

    async def _turn(self) -> None:
        """Start whatever may be sent now."""
        if self.halted:
            if self._dispatcher.idle:
                self._idle.set()
            return
        async with self._turning:
            if self._interrupt.is_set():
                # Resumed: what was left half done is read from the journal again.
                if not self._dispatcher.idle or self._stopping:
                    return
                await self._begin()
            await self._fill()
            self._dispatcher.dispatch()
            self._dispatcher.take_up()
        if not self._source.more and not self._queue and self._dispatcher.only_retries:
            self._idle.set()

    def _halt(self, words: str, era: int) -> None:
        if era != self._era:
            return  # what was sent before `resume` says nothing of what may have been changed since
        self._interrupt.set()
        if not self._halt_words:
            self._halt_words = words
            if self._on_halt is not None:
                self._on_halt(words)

    async def _fill(self) -> None:
        source, queue = self._source, self._queue
        while source.more and len(queue) < self._window and not self._interrupt.is_set():
            if self._caught_up:
                # Nothing of what was read before has to wait for what is received.
                await self._linger.fill(
                    lambda: source.ready, queue.limits.json_records, self._dispatcher.dispatch
                )
            stretch = await source.next()
            self._caught_up = not source.more
            if not stretch:
                break
            taken = await source.take(stretch, self._courier.ledger)
            queue.add(taken.records)
            for record, before in taken.aside:
                self._courier.keep_aside(record, before)
            self._courier.arrived.set()
            await self._courier.record(taken.lines, taken.states)
            if len(queue) >= queue.limits.json_records:
                # While more is at hand, only full batches: half-empty ones cost as many round trips.
                self._dispatcher.dispatch()
            await asyncio.sleep(0)

    # --- the end -----------------------------------------------------------------------------------

    async def _finish(self) -> None:
        """Give answers under way their time; what adds and got none in that time is uncertain."""
        await self._dispatcher.settled(self._grace)
        unanswered = self._courier.unanswered()
        await self._dispatcher.abandon()
        if self._dispatcher.failure is not None:
            raise self._dispatcher.failure
        await self._courier.give_up(unanswered)
