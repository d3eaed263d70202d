"""Messages that cost too much, through a whole engine: kept and listed, never read, never sent."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.codec.to_curl import as_curl
from segtap.core.commands.export import export_lines
from segtap.core.delivery import DeliveryState
from segtap.core.errors import InputError
from segtap.core.index.details import BODY_SHOWN
from segtap.core.messages import Marks
from segtap.core.serve.launch import start_engine
from segtap.core.stand_in.faults import UNAUTHORIZED
from segtap.core.stand_in.server import MixpanelServer

LIMITS: dict[str, Any] = {"max_message": 200_000, "max_nodes": 500}
WHY = "its limit is 32 KB; segtap reads messages of no more values ([ingest] max_nodes)"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


def large(message_id: str, values: int = 40_000) -> dict[str, Any]:
    return track(message_id, "Bomb", properties={"x": [{}] * values})


async def test_it_is_listed_with_its_name_and_the_reason(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path, **LIMITS)) as (engine, client):
        answer = await post(engine.url, track("m-1"), large("m-2"), track("m-3"))
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        first, second, third = await listed(client, 3)
        assert (second.type, second.name, second.user, second.message_id) == (
            "track",
            "Bomb",
            "user-7",
            "m-2",
        )
        assert (second.errors, second.marks, second.delivery) == (1, Marks.WOULD_REJECT, DeliveryState.NONE)
        assert {first.delivery, third.delivery} == {DeliveryState.OFF}

        detail = await client.detail(second.id)
        assert detail.unread
        (words,) = detail.objections
        assert words == f"Segment would reject this: 117.3 KB with over 500 values, {WHY}"
        (finding,) = detail.verdict.findings
        assert (finding.rule, finding.severity) == ("segment-would-reject", "error")
        assert words in finding.message
        stopped = detail.verdict.translation.not_sent
        assert stopped is not None
        assert stopped.reason == words
        assert not detail.verdict.translation.operations
        assert not detail.explanation.sources
        assert "properties" not in json.loads(detail.document)
        assert len(detail.original) == BODY_SHOWN < detail.original_bytes
        comment = f"# Only the first {BODY_SHOWN} of {detail.original_bytes} bytes of it are here.\n"
        assert as_curl(detail, engine.url).startswith(comment)


async def test_it_is_exported_as_it_came_and_not_replayed(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path, **LIMITS)
    text = json.dumps(large("m-2"), indent=1)  # on many lines, as nobody sends it
    async with running_engine(settings) as (engine, client):
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{engine.url}/v1/track", content=text.encode())
        await post(engine.url, track("m-3"))
        bomb, small = await listed(client, 2)
        by_engine = [line async for line in client.export()]
        with pytest.raises(InputError, match="too large to be read"):
            await client.replay([bomb.id])
        assert await client.replay([bomb.id, small.id]) == 1
        with pytest.raises(InputError, match=r"Segment would reject this: .*max_nodes"):
            await client.replay_texts([json.dumps(large("m-9")).encode()])
        with pytest.raises(InputError, match=r"Segment would reject this: .*max_nodes"):
            await client.inspect(json.dumps(large("m-9")).encode())
    assert [json.loads(line)["messageId"] for line in by_engine] == ["m-2", "m-3"]
    assert json.loads(by_engine[0]) == large("m-2")
    journal = [line async for line in export_lines(journal=settings.journal)]
    assert journal[:1] == by_engine[:1], "by the bounds of the engine that filled it"


async def test_it_is_not_forwarded(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url, **LIMITS)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, large("m-0000001"), track("m-0000002"))
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert (state.deliveries.none, state.deliveries.waiting, state.fault) == (1, 0, "")
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-0000002"]


async def test_what_was_owed_before_the_limits_were_lower_is_not_sent_in_part(tmp_path: Path) -> None:
    message = track("m-0000001", properties={"x": [{}] * 1_000})
    async with MixpanelServer() as mixpanel:
        before = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.script(UNAUTHORIZED)
        async with running_engine(before, forwarding=True) as (engine, client):
            await post(engine.url, message)
            await until(client, lambda state: bool(state.fault) and state.deliveries.waiting == 1)
        after = engine_settings(tmp_path, mixpanel_url=mixpanel.url, **LIMITS)
        async with running_engine(after, forwarding=True) as (_, client):
            await until(client, lambda state: state.deliveries.none == 1)
        assert mixpanel.events == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_a_few_kilobytes_take_no_gigabytes(tmp_path: Path) -> None:
    """30 KB of gzip, 30 MB of JSON, 10 million objects: 2.3 GB and 80 s before it was bounded."""
    body = b'{"type":"track","event":"Bomb","userId":"u","properties":{"x":[' + b"{}," * 9_999_999 + b"{}]}}"
    async with await start_engine(engine_settings(tmp_path)) as engine:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            headers = {"content-encoding": "gzip"}
            answer = await http.post(f"{engine.url}/v1/track", content=gzip.compress(body), headers=headers)
        assert answer.status_code == 200
        async with Client(engine.url, engine.token) as client:
            (line,) = await listed(client, 1)
            assert (line.name, line.delivery) == ("Bomb", DeliveryState.NONE)
            assert len((await client.detail(line.id)).original) == BODY_SHOWN
        status = Path(f"/proc/{engine.pid}/status").read_text()
    peak = next(int(words.split()[1]) for words in status.splitlines() if words.startswith("VmHWM"))
    assert peak < 400 * 1024
