"""Ctrl-C ends a command that waits, whenever it comes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time

import pytest

from segtap.core.errors import EngineError
from segtap.tui.cli.interrupts import run_until_interrupted

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of threads are POSIX")
WAIT = 10


def test_a_signal_ends_a_loop_that_sleeps() -> None:
    asleep, timer_woke_it = threading.Event(), False

    async def waits() -> None:
        def woken() -> None:
            nonlocal timer_woke_it
            timer_woke_it = True

        asyncio.get_running_loop().call_soon(asleep.set)
        asyncio.get_running_loop().call_later(WAIT, woken)
        await asyncio.Event().wait()

    def interrupt() -> None:
        asleep.wait()
        time.sleep(0.05)  # until the loop, which has nothing to do, sleeps
        # Another thread gets the signal: as when it comes just before the loop goes to sleep, nothing of what
        # the loop waits for is interrupted.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    run_until_interrupted(waits())
    thread.join()
    assert not timer_woke_it


def test_what_the_command_raises_is_raised() -> None:
    async def fails() -> None:
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        run_until_interrupted(fails())


def test_a_second_signal_cancels_the_clean_up() -> None:
    cleaned = False

    async def waits() -> None:
        nonlocal cleaned
        signal.raise_signal(signal.SIGINT)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(WAIT)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(WAIT)
        cleaned = True

    run_until_interrupted(waits())
    assert not cleaned
