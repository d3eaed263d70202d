"""The raw export of the stand-in Mixpanel."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from segtap.core.commands.mixpanel import serve
from segtap.core.errors import InputError
from segtap.core.stand_in.server import MixpanelServer

DAY = 86_400
MIDNIGHT = 1_795_564_800
"""2026-11-25T00:00:00Z."""
NOW = (MIDNIGHT + DAY) * 1000
DAYS = {"from_date": "2026-11-24", "to_date": "2026-11-25"}


def event(id: str, time: int, name: str = "Signed Up", **more: Any) -> dict[str, Any]:
    return {"event": name, "properties": {"$insert_id": id, "distinct_id": "u", "time": time, **more}}


def held(server: MixpanelServer) -> None:
    """Fill it with events around a midnight."""
    body = [
        event("before", MIDNIGHT - 1),
        event("after", MIDNIGHT * 1000 + 250),
        event("after", MIDNIGHT * 1000 + 250),
        event("later", MIDNIGHT + DAY, "Logged In"),
    ]
    track = {"event": "Seen", "properties": {"token": "t", "distinct_id": "u"}}
    answer = server.handle("POST", "/import?strict=1", _json(), json.dumps(body).encode())
    assert answer.status == 200
    assert server.handle("POST", "/track", _json(), json.dumps([track]).encode()).body == "1"


def _json() -> dict[str, str]:
    return {"content-type": "application/json", "authorization": "Basic c2VjcmV0Og=="}


async def ask(server: MixpanelServer, auth: tuple[str, str] = ("secret", ""), **query: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, auth=auth) as client:
        return await client.get("/api/2.0/export", params=query)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    lines = [json.loads(line)["properties"] for line in answer.text.splitlines()]
    return [line.get("$insert_id", "-") for line in lines]


async def test_it_has_every_copy_of_the_days_and_names() -> None:
    async with MixpanelServer(now_ms=NOW) as server:
        held(server)
        answer = await ask(server, **DAYS)
        assert ids(answer) == ["before", "after", "after"]
        assert answer.headers["content-type"] == "text/plain"
        first = json.loads(answer.text.splitlines()[1])
        assert first == event("after", MIDNIGHT, mp_processing_time_ms=NOW)
        (seen,) = (
            await ask(server, from_date="2026-11-26", to_date="2026-11-26", event='["Seen"]')
        ).text.splitlines()
        properties = json.loads(seen)["properties"]
        assert properties == {"distinct_id": "u", "time": NOW // 1000, "mp_processing_time_ms": NOW}
        in_ms = json.loads((await ask(server, **DAYS, time_in_ms="true")).text.splitlines()[1])
        assert in_ms["properties"]["time"] == MIDNIGHT * 1000 + 250
        assert ids(await ask(server, **DAYS, event='["Seen", "Logged In"]')) == []
        assert ids(await ask(server, **DAYS, limit=2)) == ["before", "after"]
        assert ids(await ask(server, from_date="2026-11-26", to_date="2026-11-26")) == ["later", "-"]
        assert ids(await ask(server, from_date="2020-01-01", to_date="2020-01-02")) == []
        assert server.requests[2].answer == "3 events"


async def test_dates_and_times_are_those_of_the_project() -> None:
    async with MixpanelServer(now_ms=NOW, zone=ZoneInfo("America/Los_Angeles")) as server:
        held(server)
        answer = await ask(server, from_date="2026-11-24", to_date="2026-11-24", event='["Signed Up"]')
        assert ids(answer) == ["before", "after", "after"]
        assert json.loads(answer.text.splitlines()[0])["properties"]["time"] == MIDNIGHT - 1 - 8 * 3600
        assert ids(await ask(server, from_date="2026-11-25", to_date="2026-11-25")) == ["later", "-"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"from_date": ""}, "from_date is required"),
        ({"to_date": "25.11.2026"}, "to_date must be a date as yyyy-mm-dd"),
        ({"to_date": "2026-11-23"}, "to_date cannot be before from_date"),
        ({"where": 'properties["plan"] == "pro"'}, "segtap mixpanel does not evaluate where"),
        ({"limit": "100001"}, "limit must be a number, at most 100000"),
        ({"limit": "-1"}, "limit must be a number, at most 100000"),
        ({"event": "Signed Up"}, "event must be a JSON array of names"),
        ({"event": '"Signed Up"'}, "event must be a JSON array of names"),
        ({"event": "[1]"}, "event must be a JSON array of names"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(changed: dict[str, str], words: str) -> None:
    async with MixpanelServer() as server:
        answer = await ask(server, **(DAYS | changed))
        assert (answer.status_code, answer.json()["error"]) == (400, words)


async def test_it_asks_for_credentials() -> None:
    async with MixpanelServer() as server:
        assert (await ask(server, ("", ""), **DAYS)).status_code == 401
        assert (await ask(server, ("user", "secret"), **DAYS)).status_code == 401
        assert (await ask(server, ("user", "secret"), **DAYS, project_id=1)).status_code == 200
    async with MixpanelServer(accounts={"user:secret": 7}) as server:
        assert (await ask(server, **DAYS)).status_code == 401
        assert (await ask(server, ("user", "secret"), **DAYS, project_id=1)).status_code == 403
        assert (await ask(server, ("user", "secret"), **DAYS, project_id=7)).status_code == 200


async def test_it_answers_on_demand() -> None:
    async with MixpanelServer() as server:
        server.demands.use(["429 x1 path=/api/2.0/export"])
        assert (await ask(server, **DAYS)).status_code == 429
        assert (await ask(server, **DAYS)).status_code == 200


@pytest.mark.parametrize("name", ["Nowhere/Land", "../../etc/passwd", "Europe", ""])
async def test_a_time_zone_that_is_none_is_said(name: str) -> None:
    with pytest.raises(InputError, match="There is no time zone"):
        await serve(0, (), name, lambda _: None)
