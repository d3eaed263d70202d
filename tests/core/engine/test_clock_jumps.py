"""The clock is set forward and back while an engine receives and Mixpanel fails: all is sent, once."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

import msgspec
import pytest
from engines import engine_settings, isolate, post, track
from killing import SUBSCRIPTIONS, settled, state_of
from mixpanel_faults import BAD_GATEWAY, TOO_MANY

from segtap.core.serve.launch import start_engine
from segtap.core.settings import ForwardSettings
from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.kill

DAY = 86_400.0
JUMPS = (3 * DAY, -5 * DAY, 0.0, 400 * DAY, 0.0)
"""How far ahead the clock is, one after the other."""


@pytest.mark.parametrize("rate", [0, 500])
async def test_a_clock_that_is_set_delays_and_loses_nothing(
    rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    ahead = tmp_path / "ahead"
    ahead.write_bytes(bytes(8))
    folder = Path(__file__).parents[2] / "set_clock"
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("SEGTAP_TEST_CLOCK", str(ahead))
    sent = 0
    async with MixpanelServer() as mixpanel:
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, mixpanel_url=mixpanel.url),
            subscriptions=SUBSCRIPTIONS,
            forward=ForwardSettings(max_records_per_second=rate),
        )
        async with await start_engine(settings, forwarding=True) as engine:
            for jump in JUMPS:
                # What is put off before the clock is set is not put off for days after it.
                if jump < 0:
                    mixpanel.script(TOO_MANY, path="/import")
                    mixpanel.script(BAD_GATEWAY, path="/engage")
                for event in ("Signed Up", "Visited"):
                    more = [track(f"m-{sent + n}", event, timestamp="2026-11-24T21:00:00Z") for n in range(5)]
                    await post(engine.url, *({**one, "userId": f"u-{one['messageId']}"} for one in more))
                    sent += 5
                await asyncio.sleep(0.3)
                with ahead.open("r+b") as file:
                    file.write(struct.pack("d", jump))
            state = await settled(engine, sent)
            assert (await state_of(engine)).fault == ""
    books = state.deliveries
    assert state.received == books.total == sent
    assert books.sent + books.uncertain == sent
    ids = [event["properties"]["$insert_id"] for event in mixpanel.deduped().values()]
    assert sorted(ids) == sorted(f"m-{n}" for n in range(sent))
    assert {profile["visits"] for profile in mixpanel.profiles.values()} <= {1}
