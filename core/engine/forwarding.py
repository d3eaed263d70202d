"""The forwarder as an engine switches it: why it cannot be on, whether it resumes, and how it runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

import msgspec

from ..delivery import Delivery, Outcome
from ..errors import JournalError
from ..forward.clock import Clock, SystemClock
from ..forward.credentials import aim_of, credentials_in_words, service_account_fault
from ..forward.forwarder import Forwarder
from ..forward.outcomes import one_line
from ..masks import mask_token, project_in_words
from ..serve.launch import Switch
from ..settings import Settings

logger = logging.getLogger(__name__)

STOP_GRACE = 5.0
"""Seconds that requests to Mixpanel under way have to be answered at a stop."""
LINGER = 0.025
"""Seconds for which a message waits for others that may share its request, while nothing else is owed."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds before a forwarder that failed is started again: doubled with each failure."""
STEADY = 60.0
"""Seconds without a failure after which a forwarder runs well: no fault, and pauses are short again."""


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
    return service_account_fault(settings.destination)


HALTED_WAYS = (
    "segtap attach {url} shows it: f there tries again, reads the settings again, or turns forwarding off."
)
SIGNAL_WAY = "kill -USR1 {pid} reads the settings file again and tries again. "
VARIABLES = " A variable of the environment is read at the start only: to change one, start segtap again."


def halted_log(settings: Settings, *, pid: int, url: str, signals: bool) -> dict[str, str]:
    """What the log says beside "forwarding has halted": which credentials were used, and the ways on."""
    way = (SIGNAL_WAY if signals else "") + HALTED_WAYS
    return {
        "credentials": "; ".join(credentials_in_words(settings)),
        "next": "What is received is kept and waits. " + way.format(pid=pid, url=url) + VARIABLES,
    }


def log_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Log what came of requests: one line for all messages that Mixpanel accepted in one, else one for each.

    A line for every accepted message would take a tenth of the time that sending them does.
    """
    accepted: dict[tuple[str, int, int], list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.outcome is Outcome.SENT:
            accepted.setdefault((delivery.endpoint, delivery.at, delivery.took), []).append(delivery)
            continue
        # A log line has a `message` and an `at` of its own.
        facts = msgspec.to_builtins(delivery)
        del facts["at"]
        logger.info("delivery", extra={"id": facts.pop("message"), **facts})
    for (endpoint, _, took), some in accepted.items():
        facts = {"endpoint": endpoint, "outcome": Outcome.SENT.value, "status": some[0].status, "took": took}
        ids = {"count": len(some), "first": some[0].message, "last": some[-1].message}
        logger.info("delivered", extra={**facts, **ids, "words": some[0].words})


def switch_of(settings: Settings, *, on: bool, interrupted: str = "") -> Switch:
    """The forwarding switch as an engine with these settings reports it."""
    destination = settings.destination
    project = mask_token(destination.token)
    return Switch(
        on=on,
        aim=aim_of(settings),
        project=project_in_words(
            project, destination.region, destination.mixpanel_url, destination.project_region
        ),
        interrupted=interrupted,
    )


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

    Whatever exception ends the forwarder, it is started again after a pause and goes on from what the journal
    says. `fault` is called with why it pauses, and with "" once it runs well again. `ended` is given the
    background task when that ends.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        fault: Callable[[str], None],
        ended: Callable[[asyncio.Task[None]], None],
        *,
        clock: Clock | None = None,
    ) -> None:
        self._forwarder = forwarder
        self._fault = fault
        self._ended = ended
        self._clock: Clock = clock or SystemClock()
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
        self._fault("")

    async def _run(self) -> None:
        """Run the forwarder until it is stopped; when it fails, start it again after a pause."""
        failures = 0
        while True:
            began = self._clock.now()
            clearing = asyncio.create_task(self._clear_fault())
            try:
                await self._forwarder.run()
                return
            except JournalError as error:
                logger.error("forwarding pauses: %s", error)
                words = str(error)
            except Exception as error:
                # Whatever went wrong, what is owed must not wait until somebody notices and turns forwarding
                # off and on: it is logged, shown in header and healthz, and tried again.
                logger.exception("forwarding failed")
                words = f"Forwarding failed ({one_line(f'{type(error).__name__}: {error}')})"
            finally:
                clearing.cancel()
                await asyncio.gather(clearing, return_exceptions=True)
            failures = 1 if self._clock.now() - began > STEADY * 1000 else failures + 1
            pause = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
            self._fault(f"{words.rstrip('.')}. It starts again in {pause:g} s.")
            await self._clock.sleep(pause)

    async def _clear_fault(self) -> None:
        """Clear the fault once all that is owed has been dealt with, or the forwarder runs steadily."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STEADY):
                await self._forwarder.wait_idle()
        self._fault("")
