"""The forwarder as an engine switches it: why it cannot be on, whether it resumes, and how it runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable

import msgspec

from ..errors import JournalError
from ..forward.forwarder import Forwarder
from ..masks import mask_token, project_in_words
from ..serve.launch import Switch
from ..settings import Settings

logger = logging.getLogger(__name__)

STOP_GRACE = 5.0
"""Seconds that requests to Mixpanel under way have to be answered at a stop."""
FORWARDER_PAUSE = 2.0
"""Seconds before forwarding begins again, when the journal could not take its outcomes."""


def cannot_forward_why(settings: Settings) -> str:
    """Why forwarding cannot be turned on with these settings, and what to do; "" when it can."""
    if settings.demo:
        return "The demo's journal is thrown away and never forwarded. Start segtap without --demo."
    if not settings.destination.token:
        name = settings.destination.token_env
        return (
            f"No project token is set. Put it into the environment as {name}, or into segtap.toml as"
            f' token = "…" under [destination], and start segtap again.'
        )
    return ""


def switch_of(settings: Settings, *, on: bool, interrupted: str = "") -> Switch:
    """The forwarding switch as an engine with these settings reports it."""
    destination = settings.destination
    project = mask_token(destination.token)
    return Switch(
        on=on,
        aim=_aim(settings),
        project=project_in_words(project, destination.region, destination.mixpanel_url),
        interrupted=interrupted,
    )


def _aim(settings: Settings) -> str:
    """A digest of what decides where messages go, so that none of it has to be kept."""
    to = settings.destination
    parts = (to.kind, to.token, to.api_secret.reveal(), to.region, to.mixpanel_url, settings.dry_run)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def interrupted_why(before: Switch, settings: Settings) -> str:
    """Why an engine in the place of `before` does not resume forwarding, as a standing line; "" if it may."""
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


class ForwarderRun:
    """Runs the forwarder in the background from `start` to `stop`, as often as these are called.

    `fault` is told why it pauses, and "" when it goes on; `ended` is given its task when that ends.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        fault: Callable[[str], None],
        ended: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._forwarder = forwarder
        self._fault = fault
        self._ended = ended
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Forward from now on."""
        self._task = asyncio.create_task(self._run(), name="segtap-forwarder")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Let requests under way end, for `STOP_GRACE`; nothing happens when it does not run."""
        task, self._task = self._task, None
        if task is None:
            return
        await self._forwarder.stop(STOP_GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        """Run the forwarder; when the journal cannot take its outcomes, say so and begin again soon."""
        while True:
            try:
                await self._forwarder.run()
                return
            except JournalError as error:
                logger.error("forwarding pauses: %s", error)
                self._fault(str(error))
            await asyncio.sleep(FORWARDER_PAUSE)
            self._fault("")
