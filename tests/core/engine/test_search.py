"""An engine searches with the filter language: lists, exports, and what it reads for that."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engines import engine_settings, listed, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.api.mark_names import MarkNames
from segtap.core.chosen import Chosen, Step
from segtap.core.commands.export import export_lines
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import FilterFault
from segtap.core.index.receipts import ReceiptReader
from segtap.core.query.sets import Sets
from segtap.core.settings import Settings

MESSAGES = [
    track("m0", properties={"total": 10, "sku": "a-1"}),
    track("m1", "Order Completed", properties={"total": 250, "sku": "b-2"}),
    track("m2", "Order Completed", properties={"total": "250"}, userId="user-8"),
    {"type": "identify", "userId": "user-7", "messageId": "m3", "traits": {"plan": "pro"}},
    {"type": "page", "name": "Home", "anonymousId": "a1", "messageId": "m4"},
    track("m1", "Order Completed", properties={"total": 250}),
]
FOUND = [
    ("", "m0 m1 m2 m3 m4 m1"),
    ("order", "m1 m2 m1"),
    ('"b-2"', "m1"),
    ("type:identify,page", "m3 m4"),
    ("event:order* user:user-7", "m1 m1"),
    ("event:home", "m4"),
    ("key:wk id:m0", "m0"),
    ("properties.total>100", "m1 m1"),
    ("properties.total=250 -is:second", "m1"),
    ("is:second sent:no", "m1"),
    ("delivery:off -sent:no user:user-8", "m2"),
    ("mp.$set.plan=pro", "m3"),
    ('mp.event="Order Completed" mp.total>100', "m1"),
    ("traits.plan? or properties.sku~^a", "m0 m3"),
    ("context.library? or origin:pixel", ""),
    ("since:1h type:page", "m4"),
    ("nothing", ""),
]  # fmt: skip


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for message in MESSAGES:
            await post(engine.url, message)
        await listed(client, len(MESSAGES))
        yield engine, client


async def test_lists_and_exports_hold_what_matches(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    for filter, found in FOUND:
        page = await client.page(filter=filter)
        assert [line.message_id for line in page.summaries] == found.split(), filter
        data = b"".join([piece async for piece in client.export(filter)])
        assert [json.loads(line)["messageId"] for line in data.splitlines()] == found.split(), filter


async def test_a_search_whose_time_is_up_is_continued_until_all_is_found(
    engine: tuple[Engine, Client],
) -> None:
    _, client = engine
    for filter, found in FOUND:
        ids: list[str] = []
        before, more, searched, pages = None, True, [0], 0
        while more:
            page = await client.page(filter=filter, before=before, wait=0)
            ids[:0] = [line.message_id for line in page.summaries]
            before, more, pages = page.searched_to or before, page.more, pages + 1
            if more and filter:
                searched.append(page.searched)
        assert ids == found.split(), filter
        assert pages == len(searched)
        assert searched == sorted(searched)
        assert searched[-1] <= len(MESSAGES), filter
        if not ids:
            assert page.reached == (await client.page(limit=1)).summaries[-1].id


async def test_a_list_is_paged_in_both_directions(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    newest = await client.page(filter="order", limit=2)
    assert [line.message_id for line in newest.summaries] == ["m2", "m1"]
    assert newest.more
    older = await client.page(filter="order", limit=2, before=newest.summaries[0].id)
    assert [line.message_id for line in older.summaries] == ["m1"]
    assert not older.more
    first = await client.page(filter="order", limit=2, after=0)
    assert [line.message_id for line in first.summaries] == ["m1", "m2"]
    assert first.more
    assert first.reached == first.summaries[-1].id
    last = (await client.page(limit=1)).summaries[-1].id
    assert (await client.page(filter="nothing", after=0)).reached == last
    assert (await client.page(filter="nothing", after=last)).summaries == ()


async def test_a_fault_reaches_the_client(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    for call in (client.page(filter="typ:track"), anext(client.export("typ:track"))):
        with pytest.raises(FilterFault) as raised:
            await call
        assert str(raised.value).endswith("\ntyp:track\n^^^^")


async def test_an_answer_says_why_there_is_nothing(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    page = await client.page(filter='properties.total="10"')
    assert page.notes == ('properties.total: no text "10"; 1 message holds the number 10.',)
    assert (await client.page(filter="properties.total>100")).notes == ()


async def test_no_message_is_translated_for_what_the_line_says(
    engine: tuple[Engine, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    translated: list[str] = []
    verdict = ReceiptReader.verdict

    def counted(self: ReceiptReader, message: object) -> object:
        translated.append(message.message_id)  # type: ignore[attr-defined]
        return verdict(self, message)  # type: ignore[arg-type]

    monkeypatch.setattr(ReceiptReader, "verdict", counted)
    _, client = engine
    await client.page(filter="type:page")
    await client.page(filter="properties.total>100 event:order*")
    assert translated == []
    await client.page(filter="mp.plan? properties.total>100")
    assert translated == ["m1", "m1"]


async def test_a_file_is_exported_like_an_engine(tmp_path: Path, engine: tuple[Engine, Client]) -> None:
    one, _ = engine
    settings = one.settings
    await one.stop()
    for filter, found in FOUND:
        lines = [line async for line in export_lines(journal=settings.journal, filter=filter)]
        assert [json.loads(line)["messageId"] for line in lines] == found.split(), filter
    notes: list[str] = []
    filter = 'properties.total="10"'
    assert [x async for x in export_lines(journal=settings.journal, filter=filter, note=notes.append)] == []
    assert notes == ['properties.total: no text "10"; 1 message holds the number 10.']


async def test_what_is_not_indexed_yet_is_exported(tmp_path: Path) -> None:
    from segtap.core import stores
    from segtap.core.messages import Receipt

    settings: Settings = engine_settings(tmp_path)
    kept = await stores.open(settings.journal)
    for number, message in enumerate(MESSAGES):
        body = json.dumps({"batch": [message], "writeKey": "wk"}).encode()
        await kept.receipts.append(
            Receipt(uid=f"u{number}", received_at=1_000, method="POST", path="/v1/batch", body=body)
        )
    await kept.close()
    for filter, found in FOUND:
        if "is:" in filter or "since:" in filter or "mp.total" in filter:
            continue  # whether one is a second receipt is decided by the indexer
        lines = [line async for line in export_lines(journal=settings.journal, filter=filter, own=settings)]
        assert [json.loads(line)["messageId"] for line in lines] == found.split(), filter


async def test_why_nothing_matches_is_told_of_all_messages_however_often_time_ended_the_search(
    engine: tuple[Engine, Client],
) -> None:
    _, client = engine
    filter = 'properties.total="250" user:user-7'
    for wait in (None, 0):
        page = await client.page(filter=filter, wait=wait)
        while page.more:
            page = await client.page(filter=filter, before=page.searched_to, wait=wait)
        assert page.notes == ('properties.total: no text "250"; 2 messages hold the number 250.',)


@pytest.mark.parametrize("wait", [None, 0])
async def test_messages_of_large_requests_are_counted_once(tmp_path: Path, wait: int | None) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for first in range(0, 1_500, 500):
            batch = [track(f"m{at}", properties={"total": str(at % 5)}) for at in range(first, first + 500)]
            await post(engine.url, *batch)
        await until(client, lambda state: state.received == 1_500)
        filter = "properties.total=3"
        page = await client.page(filter=filter, wait=wait)
        while page.more:
            page = await client.page(filter=filter, before=page.searched_to, wait=wait)
        assert page.notes == ('properties.total: no number 3; 300 messages hold the text "3".',)


async def test_marks_of_a_screen_are_asked_for_by_a_name(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    lines = (await client.page()).summaries
    ids = [line.id for line in lines]
    some = Chosen.of([lines[0], lines[2], lines[4]])
    tracks = Chosen(
        (Step("mark", "event:order* mp.total>100", ids[-1]), Step("invert", "type:track", ids[2]))
    )
    now = some
    client.marks = MarkNames(lambda: now)
    for marks, filter, found in (
        (some, "is:marked", [0, 2, 4]),
        (some, "is:Marked type:track", [0, 2]),
        (some, "-is:marked", [1, 3, 5]),
        (some, "is:marked,second or type:identify", [0, 2, 3, 4, 5]),
        (tracks, "is:marked", [0, 2]),
        (tracks, "is:marked properties.sku~^a", [0]),
        (Chosen(), "is:marked", []),
    ):
        now = marks
        assert [line.id for line in (await client.page(filter=filter)).summaries] == [ids[at] for at in found]
    now = some
    assert (await client.overview("is:marked")).covered.messages == 3


async def test_marks_that_were_made_of_marks_keep_their_meaning(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    lines = (await client.page()).summaries
    now = Chosen.of(lines[:2])
    client.marks = MarkNames(lambda: now)
    step = Step("invert", client.marks.named("is:marked or type:page"), lines[-1].id)
    now = Chosen((Step("mark", "", lines[-1].id), step))
    found = [line.message_id for line in (await client.page(filter="is:marked")).summaries]
    assert found == ["m2", "m3", "m1"]


async def test_marks_are_sent_again_to_another_engine(engine: tuple[Engine, Client]) -> None:
    running, client = engine
    lines = (await client.page()).summaries
    client.marks = MarkNames(lambda: Chosen.of(lines[:1]))
    assert len((await client.page(filter="is:marked")).summaries) == 1
    running.queries._reader.sets = Sets()
    client.marks.forget_sent()
    assert len((await client.page(filter="is:marked")).summaries) == 1


async def test_marks_live_on_a_screen(engine: tuple[Engine, Client]) -> None:
    _, client = engine
    for filter in ("is:marked", "type:track (is:second or is:marked)"):
        with pytest.raises(FilterFault, match="Marks live on a screen") as caught:
            await client.page(filter=filter)
        assert filter[caught.value.start : caught.value.end] == "marked"
