"""The whole way of a message: acknowledged, listed, shown, forwarded when told to, there after a stop."""

from __future__ import annotations

import base64
import json
import os
import random
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import (
    API_SECRET,
    TOKEN,
    engine_settings,
    isolate,
    listed,
    newest,
    post,
    running_engine,
    track,
    until,
)
from mixpanel_faults import TOO_MANY

from segtap.core.api.client import Client
from segtap.core.api.models import MessageDetail
from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import EngineError, ForwardingRefused, InputError, JournalLocked, PortTaken
from segtap.core.json_text import json_bytes
from segtap.core.messages import Marks
from segtap.core.segment_names import STAND_IN_TOKEN
from segtap.core.serve import server
from segtap.core.serve.notes import find_engine, folder
from segtap.core.settings import ClassicSettings, DestinationKind, Secret
from segtap.core.stand_in.faults import UNAUTHORIZED
from segtap.core.stand_in.server import MixpanelServer


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


async def test_what_is_acknowledged_is_listed_and_shown(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        answer = await post(engine.url, track("m-1", properties={"plan": "pro"}), track("m-2"))
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        first, second = await listed(client, 2)
        assert (first.message_id, first.name, first.user) == ("m-1", "Signed Up", "user-7")
        assert first.delivery is second.delivery is DeliveryState.OFF

        detail = await client.detail(first.id)
        assert detail.summary == first
        assert json.loads(detail.document)["properties"] == {"plan": "pro"}
        assert b"receivedAt" in detail.document
        assert b"receivedAt" not in detail.original
        assert detail.write_key == "wk"
        (operation,) = detail.verdict.translation.operations
        assert operation.request.url.startswith("https://api.mixpanel.com/import")
        assert detail.receipt.path == "/v1/batch"


async def test_a_live_viewer_sees_a_message_as_it_comes(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        frames = client.feed()
        first = await anext(frames)
        assert first.added == ()
        assert first.state is not None
        await post(engine.url, track("m-1"))
        frame = await anext(frames)
        while not frame.added:
            frame = await anext(frames)
        assert [line.message_id for line in frame.added] == ["m-1"]
        await frames.aclose()  # pyright: ignore


async def test_a_refused_request_is_listed_with_its_body_and_reason(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            headers = {"Authorization": "Basic c2VjcmV0LWtleTo="}
            answer = await http.post(f"{engine.url}/v1/track", content=b'{"event":', headers=headers)
        assert answer.status_code == 400
        (line,) = await listed(client, 1)
        assert line.refused
        detail = await client.detail(line.id)
        assert detail.receipt.body == b'{"event":'
        assert detail.receipt.refused == line.name
        assert dict(detail.receipt.headers)["authorization"] == "Basic ••••"


async def test_no_secret_leaves_by_the_control_api(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            headers = {"Authorization": "Basic d2stMTIzOg==", "Cookie": "session=abc"}
            await http.post(f"{engine.url}/v1/track", json=track("m-1"), headers=headers)
        detail = await newest_of(client, 1)
        (operation,) = detail.verdict.translation.operations
        assert operation.request.authorization == "Basic ••••"
        assert dict(detail.receipt.headers)["cookie"] == "••••"
        everything = repr(detail) + repr(await client.state()) + repr(engine.settings)
        for secret in (API_SECRET, "d2stMTIzOg==", "session=abc", engine.token):
            assert secret not in everything
        assert TOKEN not in repr(await client.state())


async def newest_of(client: Client, count: int) -> MessageDetail:
    await listed(client, count)
    return await newest(client)


async def test_forwarding_is_off_at_the_start_and_sends_only_what_comes_after(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track("m-before-0001"))
            await listed(client, 1)
            state = await client.set_forwarding(True)
            assert (state.forwarding, state.deliveries.off) == (True, 1)
            await post(engine.url, track("m-after-00001"))
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert (state.sent_since_on, state.deliveries.waiting, state.deliveries.off) == (1, 0, 1)
            before, after = await listed(client, 2)
            assert before.delivery is DeliveryState.OFF
            assert after.delivery is DeliveryState.SENT
            (delivery,) = (await client.detail(after.id)).deliveries
            assert (delivery.outcome, delivery.status) == (Outcome.SENT, 200)
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-after-00001"]


async def test_the_classic_destination_is_previewed_and_forwarded(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        classic = msgspec.structs.replace(
            settings,
            destination=msgspec.structs.replace(settings.destination, kind="classic-cloud"),
            classic=ClassicSettings(people=True),
        )
        async with running_engine(classic, forwarding=True) as (engine, client):
            await post(
                engine.url, {"type": "identify", "userId": "u-1", "traits": {"plan": "x"}}, track("m-1")
            )
            await until(client, lambda state: state.deliveries.sent == 2)
            detail = await newest_of(client, 2)
            (operation,) = detail.verdict.translation.operations
            assert operation.request.query == {"verbose": 1, "api_key": "••••"}
            assert API_SECRET not in repr(detail)
        assert mixpanel.profiles["u-1"]["plan"] == "x"
        assert [event["properties"]["segment_source_name"] for event in mixpanel.events] == ["Web"]


@pytest.mark.parametrize("kind", ["actions", "classic-cloud"])
async def test_what_segment_would_reject_is_answered_and_listed_but_never_forwarded(
    tmp_path: Path, kind: DestinationKind
) -> None:
    """Segment answers 200 to a message without an identifier, and drops it."""
    settings = engine_settings(tmp_path)
    settings = msgspec.structs.replace(
        settings,
        destination=msgspec.structs.replace(settings.destination, kind=kind),
        classic=ClassicSettings(people=True, group_identifier_traits=("name",)),
    )
    refused: list[dict[str, Any]] = [
        {"type": "track", "event": "No Id", "properties": {"userId": "u-1"}},
        {"type": "identify", "traits": {"email": "ann@example.com"}},
        {"type": "page", "name": "Start", "userId": "", "anonymousId": None},
        {"type": "screen", "name": "Start"},
        {"type": "group", "groupId": "acme", "traits": {"name": "Acme"}},
        {"type": "alias", "previousId": "u-0"},
        {"type": "track", "userId": "u-1"},
        {"type": "track", "event": "Large", "userId": "u-1", "properties": {"x": "y" * 33_000}},
    ]
    async with MixpanelServer() as mixpanel:
        destination = msgspec.structs.replace(settings.destination, mixpanel_url=mixpanel.url)
        settings = msgspec.structs.replace(settings, destination=destination)
        async with running_engine(settings, forwarding=True) as (engine, client):
            answer = await post(engine.url, *refused, track("m-0000001"))
            assert (answer.status_code, answer.json()) == (200, {"success": True})
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert (state.received, state.deliveries.waiting) == (9, 0)
            *lines, good = await listed(client, 9)
            assert (good.marks, good.delivery) == (Marks.NONE, DeliveryState.SENT)
            for line in lines:
                assert (line.marks, line.delivery) == (Marks.WOULD_REJECT, DeliveryState.NONE)
                detail = await client.detail(line.id)
                assert detail.verdict.translation.operations == ()
                assert "segment-would-reject" in {finding.rule for finding in detail.verdict.findings}
            # A message that is sent again by hand lacks its identifier as before.
            assert await client.replay([lines[0].id]) == 1
            again = (await listed(client, 10))[-1]
            assert (again.marks, again.delivery) == (
                Marks.REPLAY | Marks.WOULD_REJECT,
                DeliveryState.NONE,
            )
        assert [event["event"] for event in mixpanel.events] == ["Signed Up"]
        assert (mixpanel.profiles, mixpanel.groups) == ({}, {})


async def test_the_classic_destination_without_a_token_is_previewed_all_the_same(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path, token="")
    destination = msgspec.structs.replace(settings.destination, kind="classic-cloud")
    async with running_engine(msgspec.structs.replace(settings, destination=destination)) as (engine, client):
        await post(engine.url, track("m-1"))
        detail = await newest_of(client, 1)
        assert detail.verdict.translation.rejected is None
        assert len(detail.verdict.translation.operations) == 1


async def test_a_replay_sends_an_earlier_message_under_its_own_insert_id_and_time(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings) as (engine, client):
            when = "2026-11-20T10:00:00.000Z"
            await post(engine.url, track("m-0000001", timestamp=when, sentAt="2026-11-20T10:00:01.000Z"))
            (line,) = await listed(client, 1)
            shown = (await client.detail(line.id)).verdict.translation.operations[0].request.body
            await client.set_forwarding(True)
            assert await client.replay([line.id]) == 1
            await until(client, lambda state: state.deliveries.sent == 1)
            again = (await listed(client, 2))[1]
            assert again.marks == Marks.REPLAY
        (event,) = mixpanel.events
        assert event["properties"]["$insert_id"] == "m-0000001"
        assert [event] == shown


async def test_a_message_and_its_replays_know_each_other_after_a_restart_too(tmp_path: Path) -> None:
    """Two messages of one messageId: the second is replayed, then that replay, then the text of the first."""
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1", "First"))
        await post(engine.url, track("m-1", "Second"), track("m-2", "Other"))
        first, second, other = await listed(client, 3)
        await client.replay([other.id, second.id])
        lines = await listed(client, 5)
        other_again, second_again = sorted(lines[3:], key=lambda line: line.name)
        await client.replay([second_again.id])
        twice = (await listed(client, 6))[5]
        await client.replay_texts([json_bytes(track("m-1", "From a file"))])
        of_file = (await listed(client, 7))[6]
    async with running_engine(settings) as (_, client):
        found = {line.id: await client.detail(line.id) for line in await listed(client, 7)}
    of = {id: detail.replay_of and detail.replay_of.id for id, detail in found.items()}
    replays = {id: [line.id for line in detail.replays] for id, detail in found.items()}
    assert of == {
        first.id: None,
        second.id: None,
        other.id: None,
        other_again.id: other.id,
        second_again.id: second.id,
        twice.id: second_again.id,
        of_file.id: None,
    }
    assert replays == {
        first.id: [of_file.id],
        second.id: [second_again.id, of_file.id],
        other.id: [other_again.id],
        other_again.id: [],
        second_again.id: [twice.id, of_file.id],
        twice.id: [of_file.id],
        of_file.id: [],
    }


async def test_a_replay_outlives_the_message_that_was_replayed(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        (line,) = await listed(client, 1)
        await client.clear()
        await client.replay_texts([json_bytes(track("m-1"))])
        again = (await listed(client, 1))[0]
        detail = await client.detail(again.id)
        assert (detail.summary.marks, detail.replay_of, detail.replays) == (Marks.REPLAY, None, ())
        assert line.id < again.id


async def test_a_replay_of_nothing_that_is_there_is_refused(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        with pytest.raises(InputError, match="no longer in the journal"):
            await client.replay([5 << 20])


async def test_a_second_receipt_is_shown_and_sent_once(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            await post(engine.url, track("m-0000001"))
            await until(client, lambda state: state.deliveries.sent == 1)
            first, second = await listed(client, 2)
            assert (first.delivery, second.delivery) == (DeliveryState.SENT, DeliveryState.NONE)
            assert second.marks & Marks.SECOND_RECEIPT
            detail = await client.detail(second.id)
            assert detail.verdict.translation.operations == ()
            found = {finding.rule: finding.message for finding in detail.verdict.findings}
            assert "drop this copy" in found["second-receipt"]
            assert "no timestamp of its own" in found["dedupe-mismatch"]
        assert len(mixpanel.events) == 1


async def test_everything_is_there_again_after_a_stop(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1"), track("m-2"))
        before = await listed(client, 2)
    async with running_engine(settings) as (engine, client):
        assert (await client.page()).summaries == before
        assert (await client.state()).received == 2
        await post(engine.url, track("m-3"))
        assert [line.message_id for line in await listed(client, 3)] == ["m-1", "m-2", "m-3"]


async def test_what_was_owed_waits_through_a_start_without_forwarding_and_is_sent_by_the_next_with(
    tmp_path: Path,
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.script(UNAUTHORIZED)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            state = await until(client, lambda state: bool(state.fault))
            assert state.deliveries.waiting == 1
        async with running_engine(settings) as (engine, client):
            state = await client.state()
            assert (state.forwarding, state.deliveries.waiting, state.fault) == (False, 1, "")
            assert mixpanel.events == []
            await client.set_forwarding(True)
            await until(client, lambda state: state.deliveries.sent == 1)
        assert len(mixpanel.events) == 1


async def test_turning_forwarding_off_keeps_what_is_owed(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.script(UNAUTHORIZED)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            await until(client, lambda state: bool(state.fault))
            state = await client.set_forwarding(False)
            assert (state.forwarding, state.deliveries.waiting, state.fault) == (False, 1, "")
            await post(engine.url, track("m-0000002"))
            await listed(client, 2)
            assert (await client.state()).deliveries.waiting == 1
            # On again: the fault that halted it is tried anew, and only what is owed goes out.
            await client.set_forwarding(True)
            await until(client, lambda state: state.deliveries.sent == 1)
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-0000001"]


async def test_a_dry_run_sends_nothing_and_says_so(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url, dry_run=True)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            (line,) = await listed(client, 1)
            async for _ in client.feed():
                if deliveries := (await client.detail(line.id)).deliveries:
                    break
            assert [delivery.outcome for delivery in deliveries] == [Outcome.DRY_RUN]
            state = await client.state()
            assert (state.dry_run, state.deliveries.waiting) == (True, 1)
        assert mixpanel.requests == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"token": ""}, "MIXPANEL_TOKEN"),
        ({"demo": True}, "without --demo"),
        ({"service_account": Secret("nocolon")}, "it holds has no colon"),
        ({"service_account": Secret("u:s")}, "project_id = 123"),
    ],
)
async def test_forwarding_is_refused_with_a_plain_reason(tmp_path: Path, more: dict, why: str) -> None:  # pyright: ignore
    settings = engine_settings(tmp_path, **more)
    async with running_engine(settings) as (_, client):
        state = await client.state()
        assert not state.can_forward
        assert why in state.cannot_forward_why
        with pytest.raises(ForwardingRefused, match=why):
            await client.set_forwarding(True)
        assert not (await client.state()).forwarding
    with pytest.raises(ForwardingRefused, match=why):
        async with Engine(settings, forwarding=True):
            pass


async def test_without_a_token_messages_are_shown_with_a_stand_in(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path, token="")) as (engine, client):
        await post(engine.url, {"type": "identify", "userId": "user-7", "traits": {"a": 1}})
        detail = await newest_of(client, 1)
        assert detail.verdict.translation.rejected is None
        assert STAND_IN_TOKEN in str(detail.verdict.translation.operations[0].request.body)
        assert (await client.state()).project == ""


async def test_the_demo_leaves_the_users_journal_alone(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path, demo=True)) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        state = await client.state()
        assert (state.demo, state.ephemeral) == (True, True)
        assert not (tmp_path / "journal.db").exists()
        assert os.path.exists(state.journal)
    assert not os.path.exists(state.journal)


async def test_clearing_forgets_everything_and_tells_viewers(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        (line,) = await listed(client, 1)
        frames = client.feed()
        await anext(frames)
        await client.clear()
        # What was published just before may still come first.
        while not (await anext(frames)).cleared:
            pass
        await frames.aclose()  # pyright: ignore
        assert (await client.page()).summaries == ()
        assert (await client.state()).received == 0
        with pytest.raises(InputError, match="no longer in the journal"):
            await client.detail(line.id)
        await post(engine.url, track("m-1"))
        (again,) = await listed(client, 1)
        assert not again.marks
        assert again.id > line.id


async def test_clearing_while_forwarding_is_stuck_forgets_what_was_owed(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.script(UNAUTHORIZED)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            await until(client, lambda state: bool(state.fault))
            await client.clear()
            await post(engine.url, track("m-0000002"))
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert (state.deliveries.waiting, state.forwarding, state.fault) == (0, True, "")
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-0000002"]


async def test_export_writes_each_message_once_in_order(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for n in range(12):
            await post(engine.url, *(track(f"m-{n}-{i}", event=f"E{i}") for i in range(100)))
        await until(client, lambda state: state.received == 1200)
        lines = [json.loads(line) async for line in client.export()]
        assert [line["messageId"] for line in lines] == [f"m-{n}-{i}" for n in range(12) for i in range(100)]
        assert all("receivedAt" in line for line in lines)
        some = [json.loads(line)["messageId"] async for line in client.export("m-3-4")]
        assert some == ["m-3-4", *(f"m-3-4{i}" for i in range(10))]
        ids = [line.id for line in (await client.page(limit=500)).summaries]
        chosen = [ids[499], ids[3], ids[3], ids[0] - 1, ids[250], 1 << 60]
        found = [json.loads(line)["messageId"] async for line in client.export_of(chosen)]
        assert found == ["m-7-3", "m-9-50", "m-11-99"]
        assert [line async for line in client.export_of([])] == []


async def test_a_pasted_message_is_read_and_not_kept(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        detail = await client.inspect(b'{"type":"identify","userId":"u","traits":{"name":"Ada"}}')
        assert detail.summary.type == "identify"
        assert detail.verdict.translation.operations[0].action == "identifyUser"
        assert (await client.page()).summaries == ()


async def test_a_second_engine_on_the_journal_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, _):
        with pytest.raises(JournalLocked, match=engine.url):
            await Engine(settings).start()
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            assert (await http.get(f"{engine.url}/_segtap/healthz")).status_code == 200


async def test_a_port_that_a_segtap_holds_is_named_as_such(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        port = int(engine.url.rsplit(":", 1)[1])
        other = engine_settings(tmp_path / "other", port=port)
        with pytest.raises(PortTaken, match=f"segtap attach {engine.url}") as taken:
            await Engine(other).start()
        assert taken.value.next_port > port
    # What failed to start holds nothing: the same settings work once the port is free.
    async with running_engine(other) as (engine, _):
        assert engine.url.endswith(str(port))


async def test_running_engines_are_found_by_url_by_journal_and_as_the_newest(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Start one with: segtap"):
        find_engine()
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        port = engine.url.rsplit(":", 1)[1]
        for given in (engine.url, f"localhost:{port}", f"http://[::1]:{port}/", f"http://localhost:{port}"):
            url, token = find_engine(given)
            assert (url, token) == (engine.url, engine.token)
        assert find_engine(journal=(await client.state()).journal) == (engine.url, engine.token)
        assert find_engine() == (engine.url, engine.token)
        (note,) = folder().iterdir()
        assert note.stat().st_mode & 0o777 == 0o600
        assert folder().stat().st_mode & 0o777 == 0o700
        with pytest.raises(EngineError, match=f"Running: {engine.url}"):
            find_engine("http://127.0.0.1:1")
    assert list(folder().iterdir()) == []


async def test_a_note_that_cannot_be_read_hides_no_engine(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        for name, text in (("1-1.json", b'{"url": "\xe9"}'), ("1-2.json", b"\xff"), ("1-3.json", b"")):
            (folder() / name).write_bytes(text)
        assert find_engine() == (engine.url, engine.token)


async def test_a_note_of_a_killed_engine_is_removed(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)):
        (note,) = folder().iterdir()
        stale = folder() / "999999999-1.json"
        stale.write_bytes(note.read_bytes().replace(b'"pid":', b'"pid":999999999,"was":'))
        find_engine()
        assert list(folder().iterdir()) == [note]


async def test_a_full_journal_is_503_and_said_until_there_is_room(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url, max_bytes=300_000)
        mixpanel.script(UNAUTHORIZED)
        async with running_engine(settings, forwarding=True) as (engine, client):
            noise = hex_noise()
            for n in range(100):
                answer = await post(engine.url, track(f"m-{n:07}", properties={"noise": noise[n]}))
                if answer.status_code != 200:
                    break
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
            why = answer.json()["message"]
            await until(client, lambda state: why in state.fault)
            health = (await httpx_get(f"{engine.url}/_segtap/healthz")).json()
            assert why in health["fault"]
            assert health["status"] == "degraded"

            await client.set_forwarding(False)
            await client.set_forwarding(True)
            # How many are still counted as taken is no matter: the journal may have made room already.
            await engine.indexed()
            await until(client, lambda state: state.deliveries.waiting == 0)
            assert len({event["properties"]["$insert_id"] for event in mixpanel.events}) == n
            answer = await post(engine.url, track("m-at-last-1"))
            assert answer.status_code == 200
            await until(client, lambda state: not state.fault)


def hex_noise() -> list[str]:
    """Strings of 8 KB that do not compress."""
    rng = random.Random(7)
    return [rng.randbytes(4_000).hex() for _ in range(100)]


async def httpx_get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        return await http.get(url)


async def test_a_stop_lets_viewers_go_without_a_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Waited for, they would hold the stop for longer than a test may last.
    monkeypatch.setattr(server, "STOP_GRACE", 3_600)
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        frames = client.feed()
        await anext(frames)
        await engine.stop()
        assert [frame async for frame in frames if frame.added] == []
        with pytest.raises(EngineError, match="does not answer"):
            await client.state()
        with pytest.raises(EngineError, match="does not answer"):
            await anext(client.feed())


async def test_an_attempt_that_settles_nothing_is_told_to_viewers(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, path="/import")
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            feed = client.feed()
            await anext(feed)
            await post(engine.url, track("m-1"))
            while not (told := (await anext(feed)).changed):
                pass
            assert [change.delivery for change in told] == [DeliveryState.WAITING]
            (attempt,) = (await client.detail(told[0].id)).deliveries
            assert (attempt.status, attempt.outcome) == (429, Outcome.RETRY)


async def test_a_service_account_sends_and_its_secret_is_seen_nowhere(tmp_path: Path) -> None:
    account = "segtap.1a2b3c:qL9vWc3nT7xR5zK1mB8dY4sF"
    async with MixpanelServer(accounts={account: 123}) as mixpanel:
        settings = engine_settings(
            tmp_path, mixpanel_url=mixpanel.url, service_account=Secret(account), project_id=123
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-0000001"))
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert state.service_account is not None
            assert (state.service_account.user, state.service_account.project_id) == ("segtap.1a2b3c", 123)
            assert state.service_account.segment == "the API secret"
            (line,) = await listed(client, 1)
            detail = await client.detail(line.id)
            exported = [chunk async for chunk in client.export()]
            everything = f"{msgspec.json.encode(state)!r} {detail!r} {exported!r}"
            assert "qL9v" not in everything
            assert base64.b64encode(account.encode()).decode() not in everything
            # What Segment itself would send is what is shown as Segment's.
            (operation,) = detail.verdict.translation.operations
            assert "project_id" not in operation.request.url
