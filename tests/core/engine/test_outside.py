"""Probes and metrics of a running engine, as Kubernetes and Prometheus ask for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track, until
from mixpanel_faults import BAD_GATEWAY

from segtap.core.engine import outside as outside_module
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import JournalError, SettingsError
from segtap.core.metrics.exposition import CONTENT_TYPE
from segtap.core.serve.ports import interface_addresses
from segtap.core.settings import Secret
from segtap.core.stand_in.server import MixpanelServer

SCRAPER = "a-token-for-scrapers-only"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        yield engine


def values(text: str) -> dict[str, float]:
    """The samples of a text, by name and labels."""
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


async def scraped(http: httpx.AsyncClient, engine: Engine) -> dict[str, float]:
    answer = await http.get(f"{engine.url}/_segtap/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CONTENT_TYPE
    return values(answer.text)


async def test_what_became_of_messages_is_counted_from_the_start_on(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        began = time.time()
        async with running_engine(settings, forwarding=True) as (engine, client):
            before = await scraped(http, engine)
            assert before["segtap_received_messages_total"] == 0
            assert began - 1 < before["segtap_received_messages_created"] < time.time()
            assert (await post(engine.url, track("m-1"), track("m-2"), track("m-3"))).status_code == 200
            assert (await http.post(f"{engine.url}/v1/batch", content=b"nonsense")).status_code == 400
            # An insert id that Mixpanel refuses.
            assert (await post(engine.url, track("m_4!"))).status_code == 200
            await until(client, lambda state: state.deliveries.sent == 3 and state.deliveries.refused == 1)
            found = await scraped(http, engine)
        assert found["segtap_received_messages_total"] == 4
        assert found["segtap_sent_messages_total"] == 3
        assert found['segtap_refused_messages_total{reason="ingest_400"}'] == 1
        assert found['segtap_refused_messages_total{reason="mixpanel_400"}'] == 1
        assert found['segtap_refused_messages_total{reason="segment"}'] == 0
        assert found["segtap_uncertain_messages_total"] == found["segtap_stuck_messages"] == 0
        assert found["segtap_backlog_messages"] == found["segtap_oldest_owed_seconds"] == 0
        assert found["segtap_journal_bytes"] > 10_000
        assert found["segtap_forwarding"] == 1
        assert found["segtap_acknowledge_seconds_count"] == 3
        assert found["segtap_judge_seconds_count"] == 5  # with the refused request
        assert found["segtap_deliver_seconds_count"] == 3
        assert found['segtap_deliver_seconds_bucket{le="+Inf"}'] == 3
        async with running_engine(settings, forwarding=True) as (engine, _):
            again = await scraped(http, engine)
        assert again["segtap_received_messages_total"] == again["segtap_sent_messages_total"] == 0
        assert again["segtap_received_messages_created"] > found["segtap_received_messages_created"]
        assert again['segtap_journal_messages{delivery="sent"}'] == 3


async def test_a_backlog_of_before_is_owed_and_its_delivery_is_measured(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.poison("", BAD_GATEWAY)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, *(track(f"m-{n}") for n in range(5)))
            await until(client, lambda state: state.deliveries.waiting == 5 and bool(state.fault))
            found = await scraped(http, engine)
        assert found["segtap_backlog_messages"] == 5
        assert 0 < found["segtap_oldest_owed_seconds"] < 60
        assert found["segtap_deliver_seconds_count"] == 0
        mixpanel.reset()
        async with running_engine(settings, forwarding=True) as (engine, client):
            await until(client, lambda state: state.deliveries.sent == 5)
            found = await scraped(http, engine)
        assert found["segtap_deliver_seconds_count"] == 5
        assert found["segtap_deliver_seconds_sum"] > 0


async def test_probes_need_no_token(engine: Engine, http: httpx.AsyncClient) -> None:
    for name in ("livez", "readyz"):
        for headers in ({}, {"Host": "segtap.internal"}, {"Origin": "https://evil.example"}):
            answer = await http.get(f"{engine.url}/_segtap/{name}", headers=headers)
            assert answer.status_code == 200
            assert answer.json()["status"] == "ok"
            assert not [key for key in answer.headers if key.startswith("access-control")]
        assert (await http.head(f"{engine.url}/_segtap/{name}")).content == b""
        assert (await http.post(f"{engine.url}/_segtap/{name}")).status_code == 405


async def test_no_page_reads_the_metrics(engine: Engine, http: httpx.AsyncClient) -> None:
    url = f"{engine.url}/_segtap/metrics"
    evil = await http.get(url, headers={"Origin": "https://evil.example"})
    rebound = await http.get(url, headers={"Host": "evil.example"})
    assert evil.status_code == rebound.status_code == 403
    for answer in (evil, rebound, await http.get(url)):
        assert not [key for key in answer.headers if key.startswith("access-control")]


async def test_other_machines_need_the_token_for_metrics(tmp_path: Path, http: httpx.AsyncClient) -> None:
    address = next((address for address in interface_addresses() if ":" not in address), None)
    if address is None:
        pytest.skip("this machine has no address but loopback")
    given = {"metrics_token": Secret(SCRAPER), "metrics_token_env": "SCRAPER"}
    for more, statuses in ((given, (401, 401, 200, 403)), ({}, (403, 403, 403, 403))):
        settings = engine_settings(tmp_path, host=("0.0.0.0",), **more)
        async with running_engine(settings) as (engine, _):
            far = engine.url.replace("127.0.0.1", address)
            for headers, status in zip(
                (
                    {},
                    {"Authorization": f"Bearer {engine.token}"},
                    {"Authorization": f"Bearer {SCRAPER}"},
                    {"Authorization": f"Bearer {SCRAPER}", "Origin": "https://evil.example"},
                ),
                statuses,
                strict=True,
            ):
                answer = await http.get(f"{far}/_segtap/metrics", headers=headers)
                assert answer.status_code == status, headers
                assert SCRAPER not in answer.text
            state = await http.get(f"{far}/_segtap/state", headers={"Authorization": f"Bearer {SCRAPER}"})
            assert state.status_code == 403
            assert (await http.get(f"{far}/_segtap/readyz")).status_code == 200


async def test_a_token_that_is_not_set_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="metrics_token_env names SCRAPER, which is not set"):
        await Engine(engine_settings(tmp_path, metrics_token_env="SCRAPER")).start()


async def test_not_ready_while_the_journal_cannot_be_written(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside_module, "FRESH", 0.0)
    receipts, path = engine.parts.stores.receipts, engine.parts.stores.path
    failing = JournalError(f"{path} cannot be written: the disk is full.")

    async def fails() -> None:
        raise failing

    with monkeypatch.context() as patched:
        patched.setattr(receipts, "check", fails)
        answer = await http.get(f"{engine.url}/_segtap/readyz")
        assert answer.status_code == 503
        unready = {"status": "unready", "reason": "the journal cannot be written"}
        assert answer.json() == {**unready, "fault": str(failing)}
        elsewhere = await http.get(f"{engine.url}/_segtap/readyz", headers={"Host": "segtap.internal"})
        assert elsewhere.json() == {**unready, "fault": ""}
        assert (await http.get(f"{engine.url}/_segtap/livez")).status_code == 200
        assert (await http.get(f"{engine.url}/_segtap/healthz")).json()["status"] == "degraded"
    assert (await http.get(f"{engine.url}/_segtap/readyz")).status_code == 200
    assert (await http.get(f"{engine.url}/_segtap/healthz")).json()["status"] == "ok"


async def test_not_ready_before_and_after(engine: Engine, http: httpx.AsyncClient) -> None:
    engine.queries.accepting = False
    assert (await http.get(f"{engine.url}/_segtap/readyz")).json()["status"] == "starting"
    engine.parts.outside.stopping = True
    answer = await http.get(f"{engine.url}/_segtap/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "segtap is shutting down")


async def test_one_look_at_the_journal_answers_everyone_for_a_while(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    receipts = engine.parts.stores.receipts
    check = receipts.check

    async def counted() -> None:
        nonlocal looks
        looks += 1
        await check()

    monkeypatch.setattr(receipts, "check", counted)
    url = f"{engine.url}/_segtap/readyz"
    answers = await asyncio.gather(*(http.get(url) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert looks == 1


async def test_a_journal_without_room_is_not_ready(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.poison("", BAD_GATEWAY)
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url, max_bytes=300_000)
        async with running_engine(settings, forwarding=True) as (engine, client):
            status, sent = 200, 0
            while status == 200:
                sent += 1
                status = (await post(engine.url, track(f"m-{sent}", properties=noise(sent)))).status_code
            await listed(client, sent - 1)
            answer = await http.get(f"{engine.url}/_segtap/readyz")
            assert (answer.status_code, answer.json()["reason"]) == (503, "the journal is full")
            found = await scraped(http, engine)
            assert found["segtap_backlog_messages"] == sent - 1


def noise(seed: int) -> dict[str, str]:
    """8 KB that do not compress."""
    import random

    return {"noise": random.Random(seed).randbytes(4_000).hex()}
