"""What tests ask of an engine: the messages since the last reset, and waiting for what is expected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import engine_settings, isolate, post, track
from msgspec.structs import replace

from segtap.core.api.client import Client
from segtap.core.api.expectations import Expectations
from segtap.core.api.matches import Unmet
from segtap.core.commands.copy import copied
from segtap.core.engine import expecting
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import FilterFault, InputError
from segtap.core.serve.ports import interface_addresses
from segtap.core.settings import Secret, Settings

TEST_TOKEN = "test-token-of-a-suite"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    isolate(tmp_path, monkeypatch.setenv)
    return engine_settings(tmp_path, test_token_env="TT", test_token=Secret(TEST_TOKEN))


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    async with Engine(settings) as engine:
        yield engine


@pytest.fixture
async def tests(engine: Engine) -> AsyncIterator[Expectations]:
    async with Client(engine.url, TEST_TOKEN) as client:
        yield client


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {TEST_TOKEN}"}
    async with httpx.AsyncClient(trust_env=False, base_url=f"{engine.url}/_segtap/", headers=headers) as http:
        yield http


def order(number: int, total: object = 12, **more: Any) -> dict[str, Any]:
    return track(f"order-{number}", "Order Completed", properties={"total": total}, **more)


async def test_answers_have_the_fixed_form(engine: Engine, http: httpx.AsyncClient) -> None:
    await post(engine.url, order(1), order(2, "12"), track("x", integrations={"All": False}))
    answer = await http.get("messages", params={"filter": "event:order* properties.total=12"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"messages", "near"}
    (message,), (near,) = answer.json()["messages"], answer.json()["near"]
    assert set(message) == {"message", "requests", "warnings", "not_sent", "delivery"}
    assert message["message"]["messageId"] == "order-1"
    assert message["requests"][0]["body"][0]["properties"]["total"] == 12
    assert message["requests"][0]["authorization"] == "Basic ••••"
    assert {"rule", "severity", "path", "message", "fix"} == set(message["warnings"][0])
    assert (message["not_sent"], message["delivery"]) == (None, "off")
    assert near == {"messageId": "order-2", "failed": 'properties.total=12: has total "12" (text)'}
    (stopped,) = (await http.get("messages", params={"filter": "id:x"})).json()["messages"]
    assert stopped["requests"] == []
    assert stopped["not_sent"]["stage"] == "integrations"
    reset = await http.post("reset")
    assert (reset.status_code, reset.json()) == (200, {"messages": [], "near": []})


async def test_a_reset_hides_what_was_received_and_deletes_nothing(
    engine: Engine, tests: Expectations
) -> None:
    await post(engine.url, order(1), order(2))
    await tests.reset()
    assert (await tests.messages()).messages == ()
    await post(engine.url, order(3))
    assert [one.message["messageId"] for one in (await tests.messages()).messages if one.message] == [
        "order-3"
    ]
    exported = b"".join([lines async for lines in engine.queries.export()])
    assert exported.count(b"\n") == 3


async def test_messages_are_judged_before_they_count(engine: Engine, tests: Expectations) -> None:
    """What was acknowledged is found, also while the indexer stands still."""
    async with engine.parts.indexer.pause():
        await post(engine.url, order(1))
        asking = asyncio.create_task(tests.messages("rule:* or type:track"))
        waiting = asyncio.create_task(tests.wait("type:track", within=0.05))
        none = asyncio.create_task(tests.expect("type:track", none=True, within=0.05))
        await asyncio.wait({asking, waiting, none}, timeout=0.3)
        assert not asking.done()
        assert not waiting.done()
        assert not none.done()
    assert (await asking).count == 1
    assert (await waiting).count == 1
    with pytest.raises(Unmet):
        await none


async def test_a_wait_ends_when_enough_match(engine: Engine, tests: Expectations) -> None:
    waiting = asyncio.create_task(tests.wait("event:Order*", count=3, within=30))
    for number in range(3):
        assert not waiting.done()
        await post(engine.url, order(number), track(f"other-{number}"))
    assert (await waiting).count == 3


WAITS: tuple[tuple[dict[str, Any], int], ...] = (
    ({"count": 2, "timeout": 0}, 200),
    ({"count": 2, "exact": 1, "timeout": "0.05"}, 408),
    ({"count": 3, "exact": 1, "timeout": "0.05"}, 200),
    ({"count": 4, "timeout": "0.05"}, 408),
    ({"count": 0, "timeout": 0}, 200),
    ({"count": 0, "exact": "true", "timeout": 10}, 408),
    ({"timeout": 601}, 400),
    ({"timeout": "nan"}, 400),
    ({"timeout": "-1"}, 400),
    ({"count": "two"}, 400),
    ({"exact": "maybe"}, 400),
    ({"counts": 2}, 400),
    ({"filter": "typ:track"}, 400),
)
EXPECTS: tuple[tuple[Any, int], ...] = (
    ({"filter": "event:Order*", "timeout": 0}, 200),
    ({"filter": "event:Order*", "none": True, "timeout": 5}, 408),
    ({"filter": "event:Nothing", "none": True, "timeout": 0.05}, 200),
    ({"filter": "event:Order*", "count": 1, "exact": True, "timeout": 5}, 408),
    ({"filter": "event:Order*", "count": 3, "exact": True, "timeout": 0.05}, 200),
    ({"filter": "event:Order*", "count": 3, "none": True}, 400),
    ({"count": 3}, 400),
    ({"filter": "event:Order*", "cuont": 3}, 400),
    ({"filter": "total=3"}, 400),
    ({"filter": "event:Order*", "timeout": 1e9}, 400),
    ([], 400),
)


async def test_wait_and_expect_answer_with_what_is_there(engine: Engine, http: httpx.AsyncClient) -> None:
    await post(engine.url, order(1), order(2), order(3))
    for query, status in WAITS:
        answer = await http.get("wait", params={"filter": "event:Order*", **query})
        assert answer.status_code == status, query
        if status == 400:
            assert set(answer.json()) == {"error"}
            continue
        ids = [one["message"]["messageId"] for one in answer.json()["messages"]]
        assert ids == ["order-1", "order-2", "order-3"]
    for body, status in EXPECTS:
        answer = await http.post("expect", json=body)
        assert answer.status_code == status, body
        assert set(answer.json()) == ({"error"} if status == 400 else {"messages", "near"})


async def test_one_more_ends_an_exact_wait_at_once(engine: Engine, tests: Expectations) -> None:
    waiting = asyncio.create_task(tests.wait("event:Order*", count=1, exact=True, within=60))
    await post(engine.url, order(1))
    await post(engine.url, order(2))
    with pytest.raises(Unmet) as unmet:
        async with asyncio.timeout(10):
            await waiting
    assert unmet.value.matches.count == 2


async def test_many_wait_at_once(engine: Engine, tests: Expectations) -> None:
    """They are woken together, and new messages are read once for all of them."""
    reads = 0
    page = type(engine.parts.stores.index).page

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal reads
        reads += 1
        return await page(*arguments, **named)

    waiting = [asyncio.create_task(tests.wait(f"id:order-{number}", within=30)) for number in range(100)]
    while len(engine.parts.expecting._seats) < 100:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    index = engine.parts.stores.index
    type(index).page = counted  # type: ignore[method-assign]
    try:
        used = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - used < 0.2
        assert reads == 0
        for number in range(0, 99, 33):
            await post(engine.url, track(f"other-{number}"))
        await asyncio.sleep(0.2)
        assert reads <= 12
    finally:
        type(index).page = page  # type: ignore[method-assign]
    await post(engine.url, *(order(number) for number in range(100)))
    assert all(one.count == 1 for one in await asyncio.gather(*waiting))


async def test_a_change_of_delivery_is_seen(settings: Settings) -> None:
    settings = replace(settings, dry_run=True)
    async with Engine(settings) as engine, Client(engine.url, TEST_TOKEN) as client:
        tests = client
        await post(engine.url, order(1))
        with pytest.raises(Unmet) as unmet:
            await tests.expect("event:Order* delivery:waiting", within=0)
        assert unmet.value.matches.near[0].failed == 'delivery:waiting: has delivery "off"'
        waiting = asyncio.create_task(tests.expect("event:Order* delivery:waiting", within=30))
        await engine.commands.set_forwarding(True)
        await post(engine.url, order(2))
        assert (await waiting).count == 1


async def test_clearing_the_journal_takes_what_was_found(engine: Engine, tests: Expectations) -> None:
    await post(engine.url, order(1))
    waiting = asyncio.create_task(tests.wait("event:Order*", count=2, within=30))
    while not engine.parts.expecting._seats:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await engine.commands.clear()
    await post(engine.url, order(2))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await post(engine.url, order(3))
    assert (await waiting).count == 2


async def test_a_second_copy_says_why_nothing_is_sent(engine: Engine, tests: Expectations) -> None:
    await post(engine.url, order(1))
    await post(engine.url, order(1))
    first, second = (await tests.wait("event:Order*", count=2, within=30)).messages
    assert (len(first.requests), first.not_sent) == (1, None)
    assert second.requests == ()
    assert second.not_sent is not None
    assert second.not_sent.why == "Segment drops this copy: its messageId came before"
    async with Client(engine.url, engine.token) as client:
        with pytest.raises(InputError, match="its messageId came before"):
            await copied(client, "order-1", "mixpanel-curl")


async def test_refused_requests_count_only_when_asked_for(engine: Engine, tests: Expectations) -> None:
    async with httpx.AsyncClient(trust_env=False) as plain:
        assert (await plain.post(f"{engine.url}/v1/track", content=b"nonsense")).status_code == 400
    assert (await tests.messages()).messages == ()
    assert (await tests.messages("-type:page")).messages == ()
    (refused,) = (await tests.messages("is:refused")).messages
    assert refused.message is None
    assert refused.not_sent is not None


async def test_an_answer_has_a_limit_and_counts_the_rest(
    engine: Engine, tests: Expectations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expecting, "MOST_MATCHES", 10)
    count = 25
    await post(engine.url, *(track(f"m-{number}") for number in range(count)))
    found = await tests.wait("type:track", count=count, within=60)
    assert (len(found.messages), found.matched, found.count) == (10, count, count)
    assert found.messages[0].message is not None
    assert found.messages[0].message["messageId"] == "m-0"


async def test_a_stopping_engine_answers_who_waits(settings: Settings) -> None:
    async with Engine(settings) as engine:
        headers = {"authorization": f"Bearer {TEST_TOKEN}"}
        async with httpx.AsyncClient(trust_env=False) as http:
            asking = asyncio.create_task(
                http.get(f"{engine.url}/_segtap/wait?timeout=60", headers=headers, timeout=20)
            )
            while not engine.parts.expecting._seats:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await engine.stop()
            answer = await asking
    assert answer.status_code == 503


async def test_who_goes_away_waits_no_longer(engine: Engine, http: httpx.AsyncClient) -> None:
    for method, path, more in (("GET", "wait", {}), ("POST", "expect", {"json": {"filter": "type:page"}})):
        asking = asyncio.create_task(http.request(method, path, **more))  # pyright: ignore
        while not engine.parts.expecting._seats:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asking.cancel()
        async with asyncio.timeout(10):
            while engine.parts.expecting._seats:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("count=-1", "`int` >= 0"),
        ("timeout=-1", "`float` >= 0"),
        ("timeout=1e9", "`float` <= 600"),
        ("timeout=601", "`float` <= 600"),
        ("timeout=nan", "Expected `float`"),
        ("count=1.5", "Expected `int`"),
        ("count=two", "Expected `int`"),
        ("exact=maybe", "Expected `bool`"),
    ],
)
async def test_a_query_out_of_bounds_says_so(
    engine: Engine, http: httpx.AsyncClient, asked: str, why: str
) -> None:
    answer = await http.get(f"wait?{asked}")
    assert answer.status_code == 400
    assert why in answer.json()["error"]["message"]
    if why.startswith("`"):
        assert "got `str`" not in answer.text


async def test_faults_reach_the_client(engine: Engine, tests: Expectations) -> None:
    with pytest.raises(FilterFault, match="type:"):
        await tests.wait("typ:track")
    with pytest.raises(InputError):
        await tests.expect("type:track", none=True, count=1)


TESTS = (("GET", "messages"), ("POST", "reset"), ("GET", "wait?timeout=0"), ("POST", "expect"))


STRANGERS: tuple[tuple[dict[str, str], int], ...] = (
    ({}, 401),
    ({"Authorization": "Bearer wrong"}, 401),
    ({"Authorization": f"Bearer {TEST_TOKEN}", "Origin": "https://evil.example"}, 403),
    ({"Authorization": f"Bearer {TEST_TOKEN}", "Origin": "null"}, 403),
    ({"Authorization": f"Bearer {TEST_TOKEN}", "Host": "evil.example"}, 403),
    ({"Authorization": f"Bearer {TEST_TOKEN}", "Host": "127.0.0.1.evil.example:80"}, 403),
)


async def test_nobody_else_gets_in(engine: Engine) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for headers, status in STRANGERS:
            for method, path in (*TESTS, ("OPTIONS", "wait")):
                answer = await http.request(method, f"{engine.url}/_segtap/{path}", headers=headers)
                assert answer.status_code == status
                assert not [name for name in answer.headers if name.startswith("access-control")]
                assert TEST_TOKEN not in answer.text


async def test_the_token_opens_nothing_else(engine: Engine, http: httpx.AsyncClient) -> None:
    for method, path in (
        *(("GET", "state"), ("GET", "page"), ("GET", "export"), ("GET", "messages/1"), ("GET", "settings")),
        *(("POST", "clear"), ("POST", "replay"), ("POST", "forwarding"), ("GET", "nothing")),
    ):
        assert (await http.request(method, path)).status_code == 401


async def test_the_engines_own_token_opens_the_door_on_this_machine(engine: Engine) -> None:
    async with Client(engine.url, engine.token) as client:
        assert (await client.messages()).messages == ()
        assert TEST_TOKEN not in repr(await client.settings())


@pytest.mark.parametrize("given", [TEST_TOKEN, ""])
async def test_other_machines_need_the_test_token(settings: Settings, given: str) -> None:
    address = next((one for one in interface_addresses() if ":" not in one), None)
    if address is None:
        pytest.skip("this machine has no address but loopback")
    ingest = replace(
        settings.ingest,
        host=("0.0.0.0",),
        test_token=Secret(given),
        test_token_env=given and settings.ingest.test_token_env,
    )
    settings = replace(settings, ingest=ingest)
    async with Engine(settings) as engine, httpx.AsyncClient(trust_env=False) as http:
        url = f"http://{address}:{engine.url.rsplit(':', 1)[1]}"
        await post(url, order(1))

        async def ask(path: str, token: str, **headers: str) -> int:
            headers = {"authorization": f"Bearer {token}", **headers}
            return (await http.get(f"{url}/_segtap/{path}", headers=headers)).status_code

        assert await ask("messages", TEST_TOKEN) == (200 if given else 403)
        assert await ask("messages", TEST_TOKEN, host="segtap:8765") == (200 if given else 403)
        assert await ask("messages", TEST_TOKEN, host="evil.example") == 403
        assert await ask("messages", TEST_TOKEN, origin="https://evil.example") == 403
        assert await ask("messages", engine.token) == (401 if given else 403)
        assert await ask("messages", "wrong") == (401 if given else 403)
        assert await ask("state", TEST_TOKEN) == 403
        assert await ask("state", engine.token) == 403
