"""Running an engine as a process: until a signal (`serve`), or for as long as its parent lives (`main`).

`python -m segtap.core.engine.process` is the child that `core.serve.launch` starts: its order on stdin, one
line on stdout when it takes messages or cannot and one for each turn of its forwarding switch, its log on
stderr. It stops when stdin closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import msgspec

from ..api.errors import ErrorAnswer, error_body
from ..errors import SegtapError
from ..serve.launch import EngineReady, LaunchOrder, Switch
from ..serve.notes import EngineKind
from ..serve.systemd import READY, STOPPING, keep_alive, notify, watchdog_interval
from ..settings import Settings
from .lifecycle import Engine
from .log import to_stream

logger = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0002
"""Seconds after which a thread that waits for the interpreter is given it. A commit waits for it a few
times, and all its clients with it: Python's own 5 ms each would be most of an answer's time."""

OPEN_FILES = 65_536
"""Most files and connections to have open at once. Systems begin with 1,024, or 256, of which each client
takes one; the connection of the next client is closed without a word."""

GARBAGE = (10_000, 20, 50)
"""Objects between two collections of garbage, see `gc.set_threshold`. Reading a batch makes thousands, hardly
any of them in cycles: with Python's own 700 the collector took a tenth of the engine's time."""


async def serve(
    settings: Settings,
    *,
    forwarding: bool = False,
    before: Switch | None = None,
    ready: Callable[[Engine], None],
    stop: asyncio.Event | None = None,
    kind: EngineKind = "engine",
    owner: int = 0,
) -> None:
    """Run an engine until `stop` is set, SIGTERM or SIGINT; `ready` is called once it takes messages.

    SIGUSR1 makes it read its settings file and its certificate again, and try again where forwarding has
    halted. SIGHUP does so, too, where no terminal can be the sender that closes.
    """
    stop, again = stop or asyncio.Event(), asyncio.Event()
    with _signals(stop, again):
        async with Engine(settings, forwarding=forwarding, before=before, kind=kind, owner=owner) as engine:
            # What exists now stays: collecting garbage in it would block the loop for 10 ms each time.
            gc.freeze()
            gc.set_threshold(*GARBAGE)
            ready(engine)
            notify(READY, f"STATUS=Listening on {engine.url}")
            tasks = (
                asyncio.create_task(_retry_when_asked(engine, again), name="segtap-retry"),
                asyncio.create_task(
                    keep_alive(engine.parts.outside.alive, watchdog_interval()), name="segtap-watchdog"
                ),
            )
            await stop.wait()
            logger.info("stopping")
            notify(STOPPING)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    logger.info("stopped")


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one (not on Windows)."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    _open_more_files()
    try:
        import uvloop
    except ImportError:
        asyncio.run(coroutine)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)


def _open_more_files() -> None:
    """Raise the number of files that may be open, as far as the system lets this user."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError):  # macOS allows fewer than its hard limit says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _retry_when_asked(engine: Engine, again: asyncio.Event) -> None:
    """Read the settings file each time `again` is set, and try again if forwarding has halted."""
    while True:
        await again.wait()
        again.clear()
        if engine.parts.certificates is not None:
            engine.parts.certificates.read()
        try:
            await engine.commands.set_forwarding(reread=True)
            if engine.parts.switch.halted:
                await engine.commands.set_forwarding(True)
        except SegtapError as error:
            logger.error("asked to try again, but: %s", error)


@contextlib.contextmanager
def _signals(stop: asyncio.Event, again: asyncio.Event) -> Generator[None]:
    loop = asyncio.get_running_loop()
    events = {signal.SIGINT: stop, signal.SIGTERM: stop}
    if hasattr(signal, "SIGUSR1"):  # not on Windows
        events[signal.SIGUSR1] = again
        if not _has_terminal():
            events[signal.SIGHUP] = again

    def handler(number: int, _: object) -> None:
        loop.call_soon_threadsafe(events[signal.Signals(number)].set)

    before = {number: signal.signal(number, handler) for number in events}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _has_terminal() -> bool:
    """Return True if a terminal controls this process: when it is closed, SIGHUP says that all is to end."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


async def _child(order: LaunchOrder) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def until_parent_goes() -> None:
        # Read without Python's buffers: a thread that waits in one of those cannot be left behind at exit.
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(stop.set)

    def ready(engine: Engine) -> None:
        _say(
            EngineReady(
                url=engine.url,
                urls=engine.urls,
                phone_urls=engine.phone_urls,
                token=engine.token,
                pid=os.getpid(),
                switch=engine.switch,
            )
        )
        engine.report_switch(_say)

    threading.Thread(target=until_parent_goes, name="segtap-parent", daemon=True).start()
    await serve(
        order.settings,
        forwarding=order.forwarding,
        before=order.before,
        ready=ready,
        stop=stop,
        kind=order.kind,
        owner=os.getppid(),
    )


def _say(value: msgspec.Struct) -> None:
    # A line of the protocol; a parent that is gone already is noticed on stdin.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
        sys.stdout.buffer.flush()


def main() -> int:
    """Run the child: order on stdin, lines on stdout, log on stderr. Returns its exit code."""
    to_stream(logging.WARNING)
    line = bytearray()
    while not line.endswith(b"\n") and (part := os.read(0, 1)):
        line += part
    try:
        order = msgspec.json.decode(line, type=LaunchOrder)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.error("no order on stdin: %s", error)
        return 2
    try:
        run(_child(order))
    except SegtapError as error:
        _say(ErrorAnswer(error_body(error)))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
