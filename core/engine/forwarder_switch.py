"""The switch of an engine's forwarder: why it cannot be on, whether it resumes, and how it is turned."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable

from ..errors import ForwardingRefused
from ..forward.credentials import aim_of, credentials_in_words, service_account_fault
from ..masks import mask_token, project_in_words
from ..serve.launch import Switch
from ..settings import Settings
from ..stores.base import Stores
from ..text import joined
from .active import ActiveSettings
from .forwarders import Forwarders
from .relays import Relays
from .route_states import where
from .supervisor import Supervisor

logger = logging.getLogger(__name__)

STOP_GRACE = 5.0
"""Seconds that requests to Mixpanel under way have to be answered at a stop."""


def cannot_forward_why(settings: Settings) -> str:
    """Return why forwarding cannot be turned on with these settings and what to do; "" if it can."""
    if settings.demo:
        return "The demo's journal is thrown away and never forwarded. Start segtap without --demo."
    if settings.proxying:
        return "segtap proxy passes every request on already: forwarding too would count everything twice."
    if settings.mixpanel_route is None:
        return ""
    several = len(settings.mixpanel_routes) > 1
    for route in settings.mixpanel_routes:
        own = settings.for_route(route.name)
        to = own.destination
        if not to.token:
            what, where = "No project token is set", "under [destination]"
            if several:
                what, where = f"The route {route.name} has no project token", "in that route"
            return (
                f"{what}. Put it into the environment as {to.token_env}, or into segtap.toml as"
                f' token = "…" {where}, and start segtap again.'
            )
        if fault := service_account_fault(to, own.places.get("destination.service_account")):
            return f"The route {route.name}: {fault}" if several else fault
    return ""


HALTED_WAYS = (
    "segtap attach {url} shows it: turning forwarding on there tries again or reads the settings again."
)
SIGNAL_WAY = "kill -USR1 {pid} reads the settings file again and tries again. "
VARIABLES = " A variable of the environment is read at the start only: to change one, start segtap again."


def halted_log(settings: Settings, *, pid: int, url: str, signals: bool) -> dict[str, str]:
    """Return the fields of the log line "forwarding has halted": the credentials, and what to do next."""
    way = (SIGNAL_WAY if signals else "") + HALTED_WAYS
    return {
        "credentials": "; ".join(credentials_in_words(settings)),
        "next": "What is received is kept and waits. " + way.format(pid=pid, url=url) + VARIABLES,
    }


def switch_of(settings: Settings, *, on: bool, interrupted: str = "") -> Switch:
    """Return the forwarding switch as an engine with these settings reports it."""
    destination = settings.destination
    project = mask_token(destination.token)
    words = project_in_words(
        project, destination.region, destination.mixpanel_url, destination.project_region
    )
    if settings.routes:
        words = joined([where(route, settings) for route in settings.routes])
    return Switch(on=on, aim=aim_of(settings), project=words, interrupted=interrupted)


def interrupted_why(before: Switch, settings: Settings) -> str:
    """Return why an engine that replaces `before` does not resume forwarding, as text; "" if it may."""
    if not before.on:
        return before.interrupted
    now = switch_of(settings, on=True)
    if why := cannot_forward_why(settings):
        reason = f": {why}"
    elif now.aim == before.aim:
        return ""
    elif now.project == before.project:
        reason = ", because kind or credentials under [destination] changed in the settings."
    else:
        reason = f", because the settings changed: they name {now.project}."
    return f"Forwarding was on, to {before.project}, until the engine died. It is OFF now{reason}"


class ForwarderSwitch:
    """Turns an engine's forwarder on and off; what is owed stays owed while it is off.

    `resumed` is True if forwarding is on because it was on in an engine that died, `interrupted` says why it
    is not on in such a case. `url` is shown in the log.
    """

    def __init__(
        self,
        forwarders: Forwarders,
        relays: Relays,
        stores: Stores,
        active: ActiveSettings,
        supervisor: Supervisor,
        *,
        url: str,
        resumed: bool = False,
        interrupted: str = "",
    ) -> None:
        self.on = False
        self.interrupted = interrupted
        self.report: Callable[[Switch], None] = lambda switch: None
        """Called with each turn of the switch, before it is acknowledged."""
        self._forwarders = forwarders
        self._relays = relays
        self._stores = stores
        self._active = active
        self._supervisor = supervisor
        self._url = url
        self._resumed = resumed
        self._turning = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._sent_before = 0
        self._halted_aim = ""

    @property
    def resumed(self) -> bool:
        """True while forwarding is on because it was on in an engine that died."""
        return self._resumed and self.on

    @property
    def halted(self) -> bool:
        """True while forwarding is on but a fault keeps it from sending until it is tried again.

        With several routes to Mixpanel that holds for one of them at least.
        """
        return self.on and self._forwarders.halted

    @property
    def sending(self) -> bool:
        """True while it is on and has not halted: what is owed is sent, along one route at least."""
        return self.on and self._forwarders.sending

    @property
    def halted_why(self) -> str:
        """Why it has halted, "" if it has not."""
        return self._forwarders.halt_words if self.halted else ""

    @property
    def changed_since_halt(self) -> bool:
        """True if project, address or credentials have changed since it halted."""
        return self.halted and aim_of(self._active.settings) != self._halted_aim

    @property
    def fault(self) -> str:
        """What is wrong with forwarding, "" while it is off."""
        return self._forwarders.fault if self.on else ""

    @property
    def retry(self) -> tuple[str, int]:
        """The part of `fault` that will be tried again by itself, and when (ms; 0: unknown)."""
        return self._forwarders.retry if self.on else ("", 0)

    @property
    def state(self) -> Switch:
        """Whether it forwards and where to, for an engine that replaces this one."""
        return switch_of(self._active.settings, on=self.on, interrupted=self.interrupted)

    def sent_since_on(self, sent: int) -> int:
        """Return how many messages were sent since it was turned on; `sent` is the total."""
        return max(0, sent - self._sent_before) if self.on else 0

    async def turn(self, on: bool) -> None:
        """Turn forwarding on (if it has halted: try again) or off. Raises ForwardingRefused with the reason.

        Either turn answers the question that an engine that died left open, so `interrupted` is cleared.
        """
        if on and (why := cannot_forward_why(self._active.settings)):
            raise ForwardingRefused(why)
        async with self._turning:
            if on and self.on:
                if self._forwarders.halted:
                    logger.info("forwarding tries again")
                    self._forwarders.resume()
                return
            if on:
                await self._relays.check()
                self._sent_before = (await self._stores.index.counts()).deliveries.sent
                self.on, self.interrupted = True, ""
                self._start()
                self.report(self.state)
            else:
                self.on, self.interrupted, self._resumed = False, "", False
                # Reported first: if the engine dies while it waits for answers, the next one stays off.
                self.report(self.state)
                await self.stop()
            logger.info("forwarding is %s", "on" if on else "off")

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncGenerator[None]:
        """Stop forwarding while the journal is cleared, and count what was sent from 0 afterwards."""
        async with self._turning:
            await self.stop()
            yield
            if self.on:
                self._sent_before = 0
                self._start()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """Keep forwarding as it is meanwhile; a forwarder that has halted has its last answers by then."""
        async with self._turning:
            if self.halted:
                await self._forwarders.wait_idle()
            yield

    async def stop(self) -> None:
        """Let requests under way end, for `STOP_GRACE`. Does nothing if the forwarder does not run."""
        tasks, self._tasks = self._tasks, []
        if tasks:
            await self._forwarders.stop(STOP_GRACE)
        for task in tasks:
            await self._supervisor.end(task)
        await self._relays.stop(STOP_GRACE)

    def note_halt(self, why: str) -> None:
        """Log that forwarding has halted, and remember with which settings."""
        settings = self._active.settings
        self._halted_aim = aim_of(settings)
        ways = halted_log(settings, pid=os.getpid(), url=self._url, signals=hasattr(signal, "SIGUSR1"))
        logger.error("forwarding has halted: %s", why, extra=ways)

    def _start(self) -> None:
        if self._active.settings.forward.receive_only:
            return
        if self._active.settings.mixpanel_route is not None:
            self._tasks = [
                self._supervisor.start(name, run, well=well) for name, run, well in self._forwarders.runs()
            ]
        self._relays.start()
