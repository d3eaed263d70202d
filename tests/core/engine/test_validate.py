"""A message sent to Mixpanel at once, with forwarding off as well: its outcome, and that nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import TOKEN, engine_settings, isolate, listed, post, running_engine, track, until
from mixpanel_faults import HANG, PORTAL, REDIRECT, TOO_MANY, UNAVAILABLE

from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.engine import sending
from segtap.core.errors import ForwardingRefused, InputError
from segtap.core.stand_in.faults import UNAUTHORIZED, Fault
from segtap.core.stand_in.server import MixpanelServer

UUID = "0f6e3f0e-3f0b-4a51-8d3c-6f3c2f0e7a10"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


async def post_record(url: str, path: str, record: dict[str, Any]) -> None:
    """Send a record as Mixpanel's own SDKs do."""
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.post(f"{url}{path}", data={"data": json.dumps(record)})


async def test_a_message_is_accepted_and_nothing_else_is_sent(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track(UUID), track("other-message-000000"))
            first, other = await listed(client, 2)
            (result,) = await client.validate([first.id])
            assert (result.outcome, result.delivery) == (Outcome.SENT, DeliveryState.SENT)
            assert result.accepted
            assert result.words == "/import 200 OK, 1 of 1 imported"
            assert [line.outcome for line in (await client.detail(first.id)).deliveries] == [Outcome.SENT]
            state = await client.state()
            assert (state.forwarding, state.deliveries.sent, state.deliveries.off) == (False, 1, 1)
            assert [line.id for line in (await client.page(filter="delivery:sent")).summaries] == [first.id]
            assert (await client.validate([other.id, other.id]))[1].accepted
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("third-message-000000"))
            await until(client, lambda state: state.deliveries.sent == 3)
    events = [event["properties"]["$insert_id"] for event in mixpanel.events]
    assert events == [UUID, "other-message-000000", "third-message-000000"]
    assert len(mixpanel.requests) == 3, "a restart with forwarding sends none of them again"


async def test_sent_twice_it_has_the_same_insert_id_and_another_attempt(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url)) as (engine, client),
    ):
        await post(engine.url, track(UUID))
        (line,) = await listed(client, 1)
        await client.validate([line.id])
        await client.validate([line.id])
        attempts = [one.attempt for one in (await client.detail(line.id)).deliveries]
    assert attempts == [1, 2]
    sent = [record["properties"]["$insert_id"] for one in mixpanel.requests for record in one.records]
    assert sent == [UUID, UUID]


async def test_refusals_come_in_mixpanels_words_for_each_record(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url)) as (engine, client),
    ):
        await post(engine.url, track("bad id!"), track(UUID))
        bad, good = await listed(client, 2)
        one, two = await client.validate([bad.id, good.id])
        after = (await client.page(filter="delivery:refused")).summaries
    assert (one.outcome, one.delivery, two.outcome) == (Outcome.REFUSED, DeliveryState.REFUSED, Outcome.SENT)
    assert "$insert_id" in one.words
    assert one.deliveries[0].status == 400
    assert [(line.id, line.status) for line in after] == [(bad.id, 400)]
    assert len(mixpanel.requests) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (UNAUTHORIZED, "refuses the credentials: 401 Invalid credentials"),
        (TOO_MANY, "429 Project exceeded rate limits"),
        (UNAVAILABLE, "503 upstream connect error"),
        (REDIRECT, "Mixpanel never redirects"),
        (PORTAL, "without Mixpanel's words"),
        (HANG, "no answer within 0.2 s"),
    ],
)
async def test_without_a_verdict_the_message_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault, words: str
) -> None:
    monkeypatch.setattr(sending, "TOTAL", 0.2)
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track(UUID))
            (line,) = await listed(client, 1)
            (result,) = await client.validate([line.id])
            assert (result.outcome, result.delivery) == (Outcome.RETRY, DeliveryState.OFF)
            assert words in result.words
            assert result.words.endswith("not tried again by segtap")
            assert [one.outcome for one in (await client.detail(line.id)).deliveries] == [Outcome.RETRY]
            assert (await client.page()).summaries[0].delivery is DeliveryState.OFF
            assert not (await client.state()).fault
        mixpanel.release()
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("later-message-000000"))
            await until(client, lambda state: state.deliveries.sent == 1)
    assert len(mixpanel.requests) == 2, "the first one is not sent again"


async def test_retry_after_is_reported_and_the_rest_is_not_sent(tmp_path: Path) -> None:
    limited = Fault(429, {"code": 429, "error": "slow down"}, (("retry-after", "17"),))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(limited)
        async with running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url)) as (engine, client):
            await post(engine.url, track(UUID), {"type": "identify", "userId": "u", "traits": {"a": 1}})
            one, two = await client.validate([line.id for line in await listed(client, 2)])
    assert (one.outcome, one.retry_after) == (Outcome.RETRY, 17.0)
    assert (two.outcome, two.words) == (None, "not sent, because Mixpanel answered before: 429 slow down")
    assert len(mixpanel.requests) == 1


async def test_what_makes_no_request_says_why(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url)) as (engine, client),
    ):
        await post(engine.url, track(UUID), track(UUID), {"type": "track", "userId": "u"})
        record = {"event": "Elsewhere", "properties": {"token": "0" * 32, "distinct_id": "u"}}
        await post_record(engine.url, "/track", record)
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{engine.url}/v1/track", content=b"{")
        lines = await listed(client, 5)
        results = await client.validate([*(line.id for line in lines[1:]), 5 << 20])
    assert [one.outcome for one in results] == [None] * 5
    words = (
        "Segment would drop this copy",
        "Segment would reject it: ",
        "another project",
        "a refused",
        "no longer",
    )
    for one, part in zip(results, words, strict=True):
        assert part in one.words
    assert mixpanel.requests == []


async def test_what_adds_is_uncertain_without_an_answer_and_is_not_sent_by_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TOTAL", 0.2)
    async with MixpanelServer() as mixpanel:
        mixpanel.script(HANG, path="/engage")
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            await post_record(engine.url, "/engage", {"$add": {"n": 1}, "$token": TOKEN, "$distinct_id": "u"})
            (line,) = await listed(client, 1)
            (result,) = await client.validate([line.id])
        before = len(mixpanel.requests)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("later-message-000000"))
            await until(client, lambda state: state.deliveries.sent == 1)
            (line, _) = await listed(client, 2)
    assert result.outcome is Outcome.UNCERTAIN
    assert line.delivery is DeliveryState.UNCERTAIN
    assert len(mixpanel.requests) == before + 1


async def test_a_message_that_waits_is_left_to_forwarding(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(HANG)
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track(UUID))
            (line,) = await listed(client, 1)
            (result,) = await client.validate([line.id])
            mixpanel.release()
    assert (result.outcome, result.delivery) == (None, DeliveryState.WAITING)
    assert "sends it" in result.words
    assert len(mixpanel.requests) <= 1


async def test_after_a_halt_it_is_not_owed_any_more(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(UNAUTHORIZED)
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track(UUID))
            await until(client, lambda state: state.halted)
            (line,) = await listed(client, 1)
            (result,) = await client.validate([line.id])
            state = await client.state()
            await client.set_forwarding(True)
            await post(engine.url, track("other-message-000000"))
            await until(client, lambda state: state.deliveries.sent == 2)
    assert result.accepted
    assert (state.halted, state.deliveries.owed) == (True, 0)
    assert len(mixpanel.requests) == 3


async def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url, dry_run=True)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track(UUID))
            (line,) = await listed(client, 1)
            (result,) = await client.validate([line.id])
    assert (result.outcome, result.delivery) == (Outcome.DRY_RUN, DeliveryState.OFF)
    assert mixpanel.requests == []


@pytest.mark.parametrize(
    ("changes", "words"), [({"token": ""}, "No project token"), ({"demo": True}, "thrown away")]
)
async def test_settings_that_cannot_send(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    settings = engine_settings(tmp_path, **changes)
    async with running_engine(settings) as (_, client):
        with pytest.raises(ForwardingRefused, match=words):
            await client.validate([1])
        with pytest.raises(InputError, match="Between 1 and 500"):
            await client.validate([])
