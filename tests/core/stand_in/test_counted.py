"""How often the stand-in Mixpanel counts what it got, its page, and faults in the words of --answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import Any

import httpx
import pytest

from segtap.core.stand_in.counted import by_insert_id, copy_of
from segtap.core.stand_in.server import MixpanelServer

T = 1_796_000_000_000


def event(
    insert_id: str | None = "i-1", user: str = "u-1", at: int = T, name: str = "Bought"
) -> dict[str, Any]:
    own = {} if insert_id is None else {"$insert_id": insert_id}
    return {"event": name, "properties": {"distinct_id": user, "time": at, "token": "t", **own}}


def counted(*events: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    """Insert id, received, counted now and counted after compaction."""
    copies = [copy_of(one, number, T) for number, one in enumerate(events)]
    return [(one.insert_id, len(one.copies), one.counted, one.counted_later) for one in by_insert_id(copies)]


def test_one_insert_id_twice() -> None:
    assert counted(event(), event()) == [("i-1", 2, 1, 1)]
    # Seconds and milliseconds are the same time.
    assert counted(event(), event(at=T // 1000)) == [("i-1", 2, 1, 1)]
    # Another time of one day goes with compaction, another day, user or name stays.
    assert counted(event(), event(at=T + 60_000)) == [("i-1", 2, 2, 1)]
    assert counted(event(), event(at=T + 86_400_000)) == [("i-1", 2, 2, 2)]
    assert counted(event(), event(user="u-2")) == [("i-1", 2, 2, 2)]
    assert counted(event(), event(name="bought")) == [("i-1", 2, 2, 2)]


def test_two_insert_ids_of_one_action_and_none() -> None:
    found = by_insert_id(
        [copy_of(one, 1, T) for one in (event(), event("i-2", at=T + 900), event("i-3", "u-2"))]
    )
    assert [(one.insert_id, one.also, one.suspicious) for one in found] == [
        ("i-1", ("i-2",), True),
        ("i-2", ("i-1",), True),
        ("i-3", (), False),
    ]
    assert counted(event(None), event(None)) == [("", 1, 1, 1), ("", 1, 1, 1)]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"event": 7},
        {"properties": 7},
        {"properties": {"time": "x", "$insert_id": 7}},
        {"properties": {"time": 1e300}},
    ],
)
def test_odd_events_are_listed(odd: dict[str, Any]) -> None:
    assert len(by_insert_id([copy_of(odd, 1, T)])) == 1


def test_many_events_of_one_user_take_no_longer_than_others() -> None:
    copies = [copy_of(event(f"i-{n}"), n, T) for n in range(20_000)]
    began = time.process_time()
    assert len(by_insert_id(copies)) == 20_000
    assert time.process_time() - began < 5


async def sent(client: httpx.AsyncClient, *events: dict[str, Any]) -> httpx.Response:
    return await client.post("/import?strict=1", json=list(events), auth=("secret", ""))


async def test_the_page_tells_the_story_and_everything_on_it_is_escaped() -> None:
    async with MixpanelServer() as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        bad = event(
            "i-9",
            "<script>alert(1)</script>",
            name="<b>\x1b[31m & \ud800".encode("utf-8", "replace").decode(),
        )
        now = int(time.time() * 1000)
        await sent(
            client, event(at=now), event(at=now), event("i-2", at=now), event("i-1", "anon-1", at=now), bad
        )
        await client.post(
            "/engage", data={"data": json.dumps({"$token": "t", "$distinct_id": "<u>", "$add": {"n": 2}})}
        )
        page = await client.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        text = page.text
        assert "<script" not in text
        assert "<b>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "the same $insert_id, but another distinct_id: reports count 2" in text
        assert "under i-2, too: each counts" in text
        assert "{&quot;n&quot;: 2}" in text
        records = (await client.get("/_records")).json()
        assert records["requests"][0]["headers"]["authorization"] == "Basic ••••"
        found = (await client.get("/?format=json")).json()
        assert [(one["insert_id"], len(one["copies"]), one["counted"]) for one in found["events"]] == [
            ("i-1", 3, 2), ("i-2", 1, 1), ("i-9", 1, 1),
        ]  # fmt: skip
        assert found["profiles"] == {"<u>": {"n": 2}}
        # Pages of others may send events, and nothing else.
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            for path in ("/", "/?format=json", "/_records", "/_reset"):
                assert (await client.get(path, headers=headers)).status_code == 403
        answer = await client.post(
            "/track", data={"data": json.dumps(event())}, headers={"host": "any.example"}
        )
        assert answer.text == "1"
        assert (await client.post("/_reset")).status_code == 200
        assert "Events by $insert_id</h2><p>None." in (await client.get("/")).text


async def test_answers_on_demand_have_mixpanels_words() -> None:
    async with MixpanelServer() as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        server.demands.use(
            [
                "429 retry-after=3 x1 path=/import",
                "401 x1",
                "key=other 503",
                "502 x1",
                "delay=100ms x1",
                "lost x1",
                "reset x1",
            ]
        )
        answers = [await sent(client, event()) for _ in range(3)]
        assert [one.status_code for one in answers] == [429, 401, 502]
        assert answers[0].json() == {
            "code": 429,
            "error": "Project exceeded rate limits. Please retry the request with exponential backoff.",
            "status": "Too Many Requests",
        }
        assert answers[0].headers["retry-after"] == "3"
        assert answers[1].json() == {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"}
        assert not server.events
        body = gzip.compress(json.dumps([event() | {"properties": {"token": "other"}}]).encode())
        answer = await client.post(
            "/import", content=body, headers={"content-encoding": "gzip"}, auth=("s", "")
        )
        assert (answer.status_code, answer.text[:17]) == (503, "upstream connect ")
        now = int(time.time() * 1000)
        assert (await sent(client, event(at=now))).json()["num_records_imported"] == 1
        with pytest.raises(httpx.RemoteProtocolError):
            await sent(client, event(at=now))
        with pytest.raises(httpx.ReadError):
            await sent(client, event(at=now))
        assert len(server.events) == 2
        assert "key=other 503, until turned off" in (await client.get("/")).text
        await asyncio.sleep(0)
