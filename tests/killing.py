"""What tests that kill engines share: a stand-in that misbehaves, an SDK that sends again, and the books."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from engines import PATIENCE, engine_settings, track
from mixpanel_faults import BAD_GATEWAY, DROP_AFTER, DROP_BEFORE, PORTAL, RESET, TOO_MANY, UNAVAILABLE
from subscriptions import PROFILES, VISITS, events

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState
from segtap.core.delivery import DeliveryCounts
from segtap.core.serve.launch import RunningEngine
from segtap.core.settings import Settings
from segtap.core.stand_in.faults import TOO_LARGE, Fault
from segtap.core.stand_in.ingestion import Received
from segtap.core.stand_in.server import MixpanelServer

FAULTS = [
    TOO_MANY,
    UNAVAILABLE,
    BAD_GATEWAY,
    DROP_BEFORE,
    DROP_AFTER,
    DROP_AFTER,
    PORTAL,
    RESET,
    TOO_LARGE,
    Fault(502, b"<h1>erron\xe9e</h1>", ingest=True),
    Fault(200, "x" * 100, ingest=True, breaks="half"),
    Fault(breaks="reset", ingest=True),
]
POISON = "m-poisoned"

SUBSCRIPTIONS = (events(), PROFILES, VISITS)


class Moody(MixpanelServer):
    """A stand-in that answers now and then in a hostile way, by a seeded generator."""

    def __init__(self, chance: random.Random, faults: Sequence[Fault] = FAULTS) -> None:
        super().__init__()
        self.chance = chance
        self.hostile = faults
        self.moody = True

    def _standing(self, received: Received) -> Fault | None:
        if self.moody and self.chance.random() < 0.3:
            return self.chance.choice(self.hostile)
        return super()._standing(received)


def message(n: int) -> dict[str, Any]:
    """Of ten: six events, one that is refused, one that adds, a profile update, one that makes no request."""
    at = {"timestamp": "2026-11-24T21:00:00Z"}
    match n % 10:
        case 6:
            return track(f"m_{n}", **at)
        case 7:
            return track(f"m-{n}", "Visited", **at) | {"userId": f"visitor-{n}"}
        case 8:
            return {"type": "identify", "userId": f"user-{n}", "messageId": f"m-{n}", "traits": {"n": n}}
        case 9:
            return {"type": "page", "userId": "user-7", "messageId": f"m-{n}", "name": "Home"}
        case _:
            return track(f"m-{n}", properties={"n": n}, **at)


class Sender:
    """Posts batches, and those that were not acknowledged once more to the next engine, as an SDK does."""

    def __init__(self) -> None:
        self.next = 0
        self.acknowledged: list[dict[str, Any]] = []
        self.owed: list[list[dict[str, Any]]] = []

    async def more(self, count: int) -> None:
        """Wait until so many further messages are acknowledged."""
        enough = len(self.acknowledged) + count
        async with asyncio.timeout(PATIENCE):
            while len(self.acknowledged) < enough:  # noqa: ASYNC110 – a moment is long enough
                await asyncio.sleep(0.005)

    async def send(self, url: str) -> None:
        """Send until the engine is gone."""
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as http:
            while True:
                if not self.owed:
                    self.owed.append([message(n) for n in range(self.next, self.next + 7)])
                    self.next += 7
                body = {"batch": self.owed[0], "writeKey": "wk"}
                try:
                    answer = await http.post("/v1/batch", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                self.acknowledged += self.owed.pop(0)
                await asyncio.sleep(0.005)


async def state_of(engine: RunningEngine) -> EngineState:
    async with Client(engine.url, engine.token) as client:
        return await client.state()


async def settled(engine: RunningEngine, received: int) -> EngineState:
    """The state once nothing waits any more."""
    async with asyncio.timeout(PATIENCE):
        while True:
            state = await state_of(engine)
            if state.received >= received and not state.deliveries.waiting:
                return state
            await asyncio.sleep(0.1)


def settings_of(folder: Path, mixpanel: MixpanelServer) -> Settings:
    settings = engine_settings(folder, mixpanel_url=mixpanel.url)
    return msgspec.structs.replace(settings, subscriptions=SUBSCRIPTIONS)


def check_ledger(mixpanel: MixpanelServer, books: DeliveryCounts, sender: Sender) -> None:
    by_id: dict[str, list[dict[str, Any]]] = {}
    for event in mixpanel.events:
        by_id.setdefault(event["properties"]["$insert_id"], []).append(event)
    expected = {
        one["messageId"]
        for one in sender.acknowledged
        if one["type"] == "track" and "_" not in one["messageId"] and one["messageId"] != POISON
    }
    assert expected - by_id.keys() == set()
    assert not [id for id in by_id if id.startswith("off-")]
    assert [id for id, copies in by_id.items() if any(copy != copies[0] for copy in copies)] == []
    for one in sender.acknowledged:
        if one["type"] == "identify":
            assert mixpanel.profiles[one["userId"]] == {"n": one["traits"]["n"]}
    visits = {user: profile["visits"] for user, profile in mixpanel.profiles.items() if "visits" in profile}
    assert set(visits.values()) <= {1}
    visitors = {one["userId"] for one in sender.acknowledged if one.get("event") == "Visited"}
    # Those that cannot be known are said to be uncertain, no more and no less.
    assert len(visitors - visits.keys()) <= books.uncertain
