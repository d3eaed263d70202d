"""Messages sent to another server than the engine's own: path, write key, answer, and refused URLs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engines import TOKEN, engine_settings, isolate, listed, post, running_engine, track

from segtap.core.errors import InputError
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer

TEXT = b'{"type": "identify", "userId": "u", "messageId": "m-1", "traits": {"total": 59.80}}'


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


async def test_another_segtap_receives_each_message_at_the_path_of_its_type(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    async with (
        running_engine(engine_settings(tmp_path)) as (engine, client),
        running_engine(engine_settings(tmp_path / "there")) as (other, there),
    ):
        await post(
            engine.url, track("m-1"), {"type": "page", "userId": "u", "name": "Home"}, write_key="mine"
        )
        lines = await listed(client, 2)
        answers = await client.replay_to(f"{other.url}/", [line.id for line in lines])
        details = [await there.detail(line.id) for line in await listed(there, 2)]
        assert len(await listed(client, 2)) == 2, "the journal has no message more"
    assert [(one.id, one.path) for one in answers] == [
        (lines[0].id, "/v1/track"),
        (lines[1].id, "/v1/page"),
    ]
    assert all(one.taken and one.status == 200 and "success" in one.words for one in answers)
    assert [(one.receipt.path, one.write_key) for one in details] == [
        ("/v1/track", "mine"),
        ("/v1/page", "mine"),
    ]
    assert details[0].summary.message_id == "m-1"


async def test_an_edited_message(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    async with (
        running_engine(engine_settings(tmp_path)) as (engine, client),
        running_engine(engine_settings(tmp_path / "there")) as (other, there),
    ):
        await post(engine.url, track("m-1"), write_key="mine")
        (line,) = await listed(client, 1)
        answer = await client.edited_to(other.url, TEXT, line.id, "new-1")
        detail = await there.detail((await listed(there, 1))[0].id)
    assert (answer.path, answer.taken) == ("/v1/identify", True)
    assert (detail.summary.message_id, detail.write_key) == ("new-1", "mine")
    assert json.loads(detail.document)["traits"] == {"total": 59.8}


async def test_a_record_of_mixpanels_own_sdk_goes_to_its_endpoint(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path)) as (engine, client),
    ):
        record = {"event": "Seen", "properties": {"token": TOKEN, "distinct_id": "u", "$insert_id": "i-1"}}
        line = json.dumps({"endpoint": "/track", "record": record}).encode()
        await client.replay_texts([line])
        (one,) = await listed(client, 1)
        (answer,) = await client.replay_to(mixpanel.url, [one.id])
        mixpanel.script(Fault(200, "0"))
        (refused,) = await client.replay_to(mixpanel.url, [one.id])
        assert engine.url
    assert (answer.path, answer.taken, refused.taken) == ("/track?verbose=1", True, False)
    assert [event["event"] for event in mixpanel.events] == ["Seen"]


async def test_answers_that_are_no_success(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as server,
        running_engine(engine_settings(tmp_path)) as (engine, client),
    ):
        await post(engine.url, track("m-1"))
        (line,) = await listed(client, 1)
        server.script(Fault(503, "<h1>no\x1b[31m</h1>" + "x" * 900))
        (busy,) = await client.replay_to(server.url, [line.id])
        (gone, none) = await client.replay_to("http://127.0.0.1:9", [line.id, 5 << 20])
    assert (busy.status, busy.taken) == (503, False)
    assert "\x1b" not in busy.words
    assert len(busy.words) <= 200
    assert (gone.status, gone.taken) == (0, False)
    assert gone.words
    assert (none.path, none.words) == ("", "it is no longer in the journal")


PASSWORD = "hunter2hunter2"
WRONG = (
    "localhost:8765",
    "ftp://x",
    "http://",
    f"http://u:{PASSWORD}@x/",
    "http://x?k=1",
    "http://[",
    "http://x:y",
)


@pytest.mark.parametrize("url", WRONG)
async def test_urls_that_cannot_be_used_are_refused_without_repeating_a_password(
    tmp_path: Path, url: str
) -> None:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        with pytest.raises(InputError, match="The URL must") as raised:
            await client.replay_to(url, [1])
    assert PASSWORD not in str(raised.value)
