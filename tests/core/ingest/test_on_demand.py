"""Answers on demand: statuses, delays, reset connections and lost answers, and the attempts of SDKs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import engine_settings, running_engine, track, until
from segment.analytics.client import Client as Segment

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import InputError
from segtap.core.messages import Marks
from segtap.core.on_demand import Demands, read_demand


def settings_of(folder: Path, *answers: str) -> Any:
    return engine_settings(folder, answers=answers)


async def post(engine: Engine, *ids: str, key: str = "wk", path: str = "/v1/batch") -> httpx.Response:
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
        return await http.post(path, json={"batch": [track(id) for id in ids], "writeKey": key})


async def listed(client: Client, count: int) -> list[tuple[str, str]]:
    """The names and messageIds of the list, once it has as many lines."""
    await until(client, lambda state: state.received + state.refused == count)
    return [(line.name, line.message_id) for line in (await client.page()).summaries]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("429 retry-after=2 x5", "429 retry-after=2, 5 of 5 left"),
        ("503", "503, until turned off"),
        ("key=WK 503 x3", "key=WK 503, 3 of 3 left"),
        ("delay=1500ms 'path=/v1/batch'", "path=/v1/batch delay=1.5s, until turned off"),
        ("lost x1", "lost, 1 of 1 left"),
        ("reset delay=2", "reset delay=2s, until turned off"),
    ],
)
def test_texts_are_read(text: str, shown: str) -> None:
    assert Demands([text]).shown == (shown,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("200", "200 is not a status from 400 to 599"),
        ("429 503", "status is given twice"),
        ("429 lost", "status and lost do not go together"),
        ("x5", "neither a status, nor delay="),
        ("retry-after=2 reset", "retry-after needs a status"),
        ("429 x0", "x0 is never given"),
        ("delay=2h", "'delay=2h' is not known"),
        ("delay=601", "a delay is up to 600s"),
        ("429 'key=", "no closing quotation"),
        ("\x1b[31m", "is not known"),
        ("key= 429", "'key=' is not known"),
        ("retry-after=٣ 429", "is not known"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_demand(text)
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


async def test_statuses_run_out_and_attempts_are_counted(tmp_path: Path) -> None:
    async with running_engine(settings_of(tmp_path, "429 retry-after=2 x2", "503 x1")) as (engine, client):
        assert (await client.state()).answers == ("429 retry-after=2, 2 of 2 left", "503, 1 of 1 left")
        answers = [await post(engine, "m-1", "m-2") for _ in range(4)]
        assert [one.status_code for one in answers] == [429, 429, 503, 200]
        assert [one.headers.get("retry-after") for one in answers] == ["2", "2", None, None]
        assert answers[0].json()["success"] is False
        assert await listed(client, 5) == [
            ("429 on demand, attempt 1: m-1 m-2", ""),
            ("429 on demand, attempt 2: m-1 m-2", ""),
            ("503 on demand, attempt 3: m-1 m-2", ""),
            ("Signed Up", "m-1"),
            ("Signed Up", "m-2"),
        ]
        state = await client.state()
        assert (state.received, state.refused, state.answers) == (2, 3, ())
        lines = (await client.page()).summaries
        for number in (1, 4):
            attempts = (await client.detail(lines[number].id)).attempts
            assert [one.answer for one in attempts] == ["429", "429", "503", "200"]
        assert (await client.detail(lines[1].id)).attempts[1].at == lines[1].received_at
        await post(engine, "m-9")
        await listed(client, 6)
        assert (await client.detail((await client.page()).summaries[-1].id)).attempts == ()


async def test_by_key_and_path_and_switched_while_running(tmp_path: Path) -> None:
    async with running_engine(settings_of(tmp_path)) as (engine, client):
        assert (await post(engine, "m-0")).status_code == 200
        state = await client.set_answers(["key=other 500", "path=/v1/import 502 x1"])
        assert state.answers == ("key=other 500, until turned off", "path=/v1/import 502, 1 of 1 left")
        assert (await post(engine, "m-1")).status_code == 200
        assert (await post(engine, "m-2", key="other")).status_code == 500
        assert (await post(engine, "m-3", path="/v1/import")).status_code == 502
        with pytest.raises(InputError, match="'nonsense' is not known"):
            await client.set_answers(["nonsense"])
        assert len((await client.state()).answers) == 1
        assert (await client.set_answers([])).answers == ()
        assert (await post(engine, "m-4", key="other")).status_code == 200


async def test_a_lost_answer_is_accepted_and_a_reset_is_not(tmp_path: Path) -> None:
    async with running_engine(settings_of(tmp_path, "lost x1", "reset x1")) as (engine, client):
        with pytest.raises(httpx.RemoteProtocolError):
            await post(engine, "m-1")
        with pytest.raises(httpx.ReadError):
            await post(engine, "m-1")
        assert (await post(engine, "m-1")).status_code == 200
        assert [name for name, _ in await listed(client, 3)] == [
            "Signed Up",
            "connection reset on demand, attempt 2: m-1",
            "Signed Up",
        ]
        lines = (await client.page()).summaries
        assert lines[2].marks & Marks.SECOND_RECEIPT
        attempts = (await client.detail(lines[2].id)).attempts
        assert [one.answer for one in attempts] == ["accepted, answer lost", "connection reset", "200"]


async def test_a_delay_delays_and_records_of_mixpanels_sdks_are_answered_in_their_way(tmp_path: Path) -> None:
    async with running_engine(settings_of(tmp_path, "delay=200ms x1", "503 x1")) as (engine, client):
        began = time.monotonic()
        assert (await post(engine, "m-1")).status_code == 200
        assert time.monotonic() - began > 0.19
        record = '{"event":"Seen","properties":{"token":"t","distinct_id":"u","time":1,"$insert_id":"i"}}'
        async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
            assert (await http.post("/track", data={"data": record})).status_code == 503
            assert (await http.post("/track", data={"data": record})).status_code == 200
        assert [name for name, _ in await listed(client, 3)][1].startswith("503 on demand, attempt 1")


async def test_segments_python_sdk_tries_again(tmp_path: Path) -> None:
    def work(url: str, use: Callable[[Segment], Any]) -> None:
        segment = Segment("PYKEY", host=url, upload_interval=0.02, max_retries=5)
        use(segment)
        segment.shutdown()

    answers = ("key=PYKEY 429 x1", "500 x1", "lost x1")
    async with running_engine(settings_of(tmp_path, *answers)) as (engine, client):
        await asyncio.to_thread(work, engine.url, lambda segment: segment.track("u-1", "Bought"))
        lines = [name for name, _ in await listed(client, 4)]
        assert lines[0].startswith("429 on demand, attempt 1: ")
        assert lines[1].startswith("500 on demand, attempt 2: ")
        assert lines[2:] == ["Bought", "Bought"]
        state = await client.state()
        assert (state.received, state.refused, state.answers) == (2, 2, ())
        last = (await client.page()).summaries[-1]
        assert last.marks & Marks.SECOND_RECEIPT, "it was accepted before its answer got lost"
        attempts = (await client.detail(last.id)).attempts
        assert [one.answer for one in attempts] == ["429", "500", "accepted, answer lost", "200"]
