"""Background tasks continue whatever happens: they start again after any exception, and healthz shows it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import engine_settings, post, running_engine, track, until
from fault_log import FaultLog
from forwarding import FakeClock

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.engine.supervisor import Supervisor
from segtap.core.errors import JournalError
from segtap.core.forward.client import HttpxTransport
from segtap.core.stand_in.server import MixpanelServer


class Failing:
    """Stands in for a forwarder: raises the given errors one after the other, then runs until cancelled."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0
        self._idle = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        self._idle.clear()
        await asyncio.sleep(0)
        try:
            if self.errors:
                raise self.errors.pop(0)
            await asyncio.sleep(0)
            self._idle.set()
            await asyncio.Event().wait()
        finally:
            self._idle.set()

    async def wait_idle(self) -> None:
        await self._idle.wait()


async def story(*errors: Exception) -> tuple[list[str], list[float], int]:
    """What was said, how long it paused, and how often it was started, until it ran well again."""
    forwarder = Failing(*errors)
    clock = FakeClock()
    well = asyncio.Event()

    def reported(text: str) -> None:
        if not text:
            well.set()

    faults = FaultLog(reported)
    supervisor = Supervisor(faults, clock)
    supervisor.start("forwarding", forwarder.run, well=forwarder.wait_idle)
    async with asyncio.timeout(10):
        await well.wait()
    await supervisor.stop()
    return faults.said, clock.slept, forwarder.runs


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid start byte"),
        RecursionError("maximum recursion depth exceeded"),
        KeyError("operation"),
        MemoryError(),
        OverflowError("int too large"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_any_exception_is_said_and_forwarding_starts_again(error: Exception) -> None:
    said, slept, runs = await story(error)
    assert said[0].startswith(f"Forwarding failed ({type(error).__name__}")
    assert said[0].endswith("It starts again in 2 s.")
    assert said[1] == ""
    assert (slept, runs) == ([2.0], 2)


async def test_a_journal_that_fails_is_said_in_its_own_words() -> None:
    said, _, _ = await story(JournalError("The disk is full."))
    assert said[0] == "The disk is full. It starts again in 2 s."


async def test_pauses_grow_to_a_minute_and_the_fault_stays_meanwhile() -> None:
    said, slept, runs = await story(*(RuntimeError(f"fault {n}") for n in range(8)))
    assert slept == [2, 4, 8, 16, 32, 60, 60, 60]
    assert runs == 9
    assert [("fault" in text) for text in said[:9]] == [True] * 8 + [False]


async def test_a_clock_that_is_set_forward_leaves_the_pauses_as_they_are() -> None:
    clock, well = FakeClock(), asyncio.Event()

    async def fail() -> None:
        clock.ahead += 3_600_000
        if len(clock.slept) < 3:
            raise RuntimeError("again")
        well.set()

    supervisor = Supervisor(FaultLog(), clock)
    supervisor.start("forwarding", fail)
    async with asyncio.timeout(10):
        await well.wait()
    await supervisor.stop()
    assert clock.slept == [2, 4, 8]


async def test_a_task_that_may_run_once_only_is_not_started_again() -> None:
    faults = FaultLog()
    forwarder = Failing(KeyError("operation"))
    supervisor = Supervisor(faults, FakeClock())
    await asyncio.wait({supervisor.once("learning", forwarder.run)})
    assert faults.said == ["Learning failed (KeyError: 'operation'). Start segtap again."]
    assert forwarder.runs == 1


async def test_a_task_that_is_ended_has_no_fault() -> None:
    reported = asyncio.Event()
    faults = FaultLog(lambda text: reported.set())
    supervisor = Supervisor(faults, FakeClock())
    task = supervisor.start("forwarding", Failing(KeyError("operation")).run)
    await reported.wait()
    assert "KeyError" in str(faults)
    await supervisor.end(task)
    assert task.done()
    assert str(faults) == ""


def forwarding(folder: Path, mixpanel: MixpanelServer) -> AbstractAsyncContextManager[tuple[Engine, Client]]:
    return running_engine(engine_settings(folder, mixpanel_url=mixpanel.url), forwarding=True)


async def test_an_exception_in_the_engine_shows_in_header_and_healthz_until_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = True
    send = HttpxTransport.send

    async def failing(self: HttpxTransport, form: Any) -> Any:
        if broken:
            raise UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid start byte")
        return await send(self, form)

    monkeypatch.setattr(HttpxTransport, "send", failing)
    monkeypatch.setattr("segtap.core.engine.supervisor.FIRST_PAUSE", 0.05)
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url), forwarding=True) as (
            engine,
            client,
        ),
        httpx.AsyncClient(base_url=engine.url) as http,
    ):
        assert (await http.get("/_segtap/healthz")).json()["status"] == "ok"
        await post(engine.url, track("m-1"))
        await until(client, lambda state: "Forwarding failed (UnicodeDecodeError" in state.fault)
        answer = await http.get("/_segtap/healthz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert "Forwarding failed (UnicodeDecodeError" in answer.json()["fault"]
        broken = False
        state = await until(client, lambda state: not state.fault)
        assert (state.deliveries.sent, state.deliveries.waiting) == (1, 0)
        assert (await http.get("/_segtap/healthz")).json()["status"] == "ok"
    assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-1"]


async def test_halted_forwarding_is_degraded(tmp_path: Path) -> None:
    async with (
        MixpanelServer(secrets=frozenset({"another"})) as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url), forwarding=True) as (
            engine,
            client,
        ),
        httpx.AsyncClient(base_url=engine.url) as http,
    ):
        await post(engine.url, track("m-1"))
        await until(client, lambda state: state.halted)
        health = (await http.get("/_segtap/healthz")).json()
        assert health["status"] == "degraded"
        assert "401" in health["fault"]
