"""A message that was edited: sent through segtap with the write key of the original, and linked to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track, until

from segtap.core.errors import InputError
from segtap.core.messages import Marks
from segtap.core.stand_in.server import MixpanelServer

TEXT = (
    b'{"type": "track", "event": "Fixed", "userId": "u", "messageId": "m-1", "properties": {"total": 59.80}}'
)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.mark.parametrize(("message_id", "expected"), [("", "m-1"), ("new-1", "new-1")])
async def test_an_edited_message_is_forwarded_and_linked_to_the_original(
    tmp_path: Path, message_id: str, expected: str
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track("m-1", "Broken"))
            (line,) = await listed(client, 1)
            await client.set_forwarding(True)
            id = await client.send_edited(TEXT, line.id, message_id)
            await until(client, lambda state: state.deliveries.sent == 1)
            edited = (await listed(client, 2))[1]
            assert id == edited.id
            detail, original = await client.detail(edited.id), await client.detail(line.id)
        (event,) = mixpanel.events
    assert event["event"] == "Fixed"
    assert event["properties"]["$insert_id"] == expected
    assert event["properties"]["total"] == 59.8
    assert (edited.message_id, edited.marks) == (expected, Marks.REPLAY)
    assert detail.replay_of is not None
    assert detail.replay_of.id == line.id
    assert detail.write_key == original.write_key != ""
    assert json.loads(original.original)["event"] == "Broken", "the original stays as it was"


async def test_numbers_stay_as_they_were_spelled(tmp_path: Path) -> None:
    text = b'{"type":"track","event":"E","userId":"u","messageId":"m-1","properties":{"big":1e400}}'
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        (line,) = await listed(client, 1)
        await client.send_edited(text, line.id, "new-1")
        detail = await client.detail((await listed(client, 2))[1].id)
    assert b'"big":1e400' in detail.original
    assert detail.summary.message_id == "new-1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[1]", "not a JSON object"),
        (b"{", "double quotes"),
        (b'{"endpoint": "/track", "record": {"event": "E", "properties": {"token": "t"}}}', "own SDK"),
    ],
)
async def test_what_is_not_a_segment_message_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        (line,) = await listed(client, 1)
        with pytest.raises(InputError, match=words):
            await client.send_edited(text, line.id)
        assert len(await listed(client, 1)) == 1


async def test_the_original_must_be_in_the_journal(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        with pytest.raises(InputError, match="no longer in the journal"):
            await client.send_edited(TEXT, 5 << 20)
