"""The panes on a message that transformations and filters change on its way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from details import NOW, TOKEN, detail
from pane_host import Host, screen

from segtap.core.api.models import MessageDetail
from segtap.core.config.filters import read_filters
from segtap.core.config.transformations import read_transformations
from segtap.core.outcomes import Change, FunctionOutcome
from segtap.core.pipeline import compiled
from segtap.core.pipeline.explain import explained
from segtap.core.pipeline.stages import walk
from segtap.core.settings import Destination, InsertFunction
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.segment_pane import SegmentPane

pytestmark = pytest.mark.usefixtures("still")

MESSAGE: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "messageId": "m-1",
    "properties": {"total": 12.5, "email": "ada@example.com", "phone": "555-0100"},
}
FIX = {
    "name": "Fix total",
    "if": "type = 'track'",
    "propertyRenames": [{"oldName": "properties.total", "newName": "properties.revenue"}],
}
HASH = {
    "name": "Hash",
    "if": "type = 'track'",
    "hashPropertiesConfiguration": {"paths": ["properties.phone"]},
}
NO_MAIL = {
    "name": "No mail",
    "if": "type = 'track'",
    "action": "drop_properties",
    "fields": {"properties": ["email"]},
}
DROP = {"name": "Gone", "if": "properties.revenue > 10"}


def told(transformations: list[Any], filters: list[Any]) -> MessageDetail:
    settings = compiled(
        Destination(settings={"projectToken": TOKEN}),
        transformations=read_transformations(transformations, "test"),
        filters=read_filters(filters, "test"),
    )
    document = msgspec.json.decode(msgspec.json.encode(MESSAGE))
    translation = walk(document, (), settings, NOW).translation
    return explained(detail(document, translation=translation), settings)


async def test_one_key_shows_the_message_after_each_stage() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = told([FIX], [NO_MAIL])
        await pilot.pause()
        assert "] after Fix total" in screen(pilot)
        assert "total" in pane.copy_text()
        pane.json.rows.focus()
        await pilot.press("right_square_bracket")
        text = screen(pilot)
        assert "after stage 1 of 2" in text
        assert 'source_transformations  "Fix total"' in text
        assert "changed  $.properties.total, $.properties.revenue" in text
        assert '"revenue": 12.5' in pane.copy_text()
        assert "ada@example.com" in pane.copy_text()
        await pilot.press("right_square_bracket")
        assert "after stage 2 of 2" in screen(pilot)
        assert "ada@example.com" not in pane.copy_text()
        assert '"revenue": 12.5' in pane.copy_text()
        await pilot.press("right_square_bracket")
        assert "after stage" not in screen(pilot)
        assert '"total": 12.5' in pane.copy_text()
        await pilot.press("left_square_bracket")
        assert "after stage 2 of 2" in screen(pilot)


async def test_the_stage_that_stops_a_message_says_why() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = told([FIX], [DROP])
        await pilot.pause()
        pane.json.rows.focus()
        await pilot.press("left_square_bracket")
        text = screen(pilot)
        assert "The message stops here: the destination filter 'Gone' drops it" in text
        assert '"revenue": 12.5' in pane.copy_text()


@pytest.mark.parametrize(
    ("transformation", "words", "not_words"),
    [
        (HASH, "not imitated  properties.phone is hashed by Segment", "changes nothing"),
        ({**FIX, "if": "type = 'page'"}, "does not match this message", "changes nothing"),
        ({"name": "Idle", "if": "type = 'track'"}, "changes nothing in this message", "not imitated"),
        (
            {
                "name": "Compute",
                "if": "type = 'track'",
                "fqlDefinedProperties": [{"fql": "md5(event)", "propertyName": "properties.id"}],
            },
            "not imitated  the transformation 'Compute' computes a property",
            "changes nothing",
        ),
    ],
    ids=["hashed", "no match", "idle", "computed"],
)
async def test_a_stage_that_changes_nothing_here_says_why(
    transformation: Any, words: str, not_words: str
) -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = told([transformation], [])
        await pilot.pause()
        pane.action_turn(1)
        await pilot.pause()
        text = screen(pilot)
        assert words in text
        assert not_words not in text


async def test_a_function_that_was_not_run_says_so_at_its_stage() -> None:
    settings = compiled(
        Destination(settings={"projectToken": TOKEN}), insert_functions=(InsertFunction(file="fn.js"),)
    )
    given = detail(MESSAGE)
    for outcomes, words in (
        ((FunctionOutcome(0, "not_imitated", "node is not installed"),), "node is not installed"),
        ((), "it was not run"),
    ):
        verdict = msgspec.structs.replace(given.verdict, outcomes=outcomes)
        pane = SegmentPane()
        async with Host(pane).run_test(size=(100, 30)) as pilot:
            pane.detail = explained(msgspec.structs.replace(given, verdict=verdict), settings)
            await pilot.pause()
            pane.action_turn(1)
            await pilot.pause()
            assert f"not imitated  {words}" in screen(pilot)
            assert "changes nothing" not in screen(pilot)


async def test_another_message_is_shown_as_it_was_sent_and_a_place_leads_back_there() -> None:
    pane = SegmentPane()
    first = told([FIX], [])
    second = msgspec.structs.replace(first, summary=msgspec.structs.replace(first.summary, id=9 << 20))
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        for message in (first, second):
            pane.detail = message
            await pilot.pause()
            assert '"total": 12.5' in pane.copy_text()
            pane.action_turn(1)
            assert '"revenue": 12.5' in pane.copy_text()
        assert pane.show_path("$.properties.total")
        assert '"total": 12.5' in pane.copy_text()


async def test_the_mixpanel_pane_walks_back_through_a_rename() -> None:
    pane = MixpanelPane()
    async with Host(pane).run_test(size=(120, 30)) as pilot:
        pane.detail = told([FIX], [])
        await pilot.pause()
        pane.json.rows.focus()
        assert pane.show_path("requests[0].body[0].properties.revenue")
        await pilot.pause()
        assert "revenue ← renamed from properties.total by 'Fix total'" in screen(pilot)


async def test_hashed_fields_are_marked_in_both_panes() -> None:
    message = told([HASH], [])
    for pane in (SegmentPane(), MixpanelPane()):
        async with Host(pane).run_test(size=(120, 40)) as pilot:
            pane.detail = message
            await pilot.pause()
            (line,) = [line for line in screen(pilot).splitlines() if "555-0100" in line]
            assert "hashed by Segment" in line


async def test_what_a_function_logged_stands_with_what_it_did() -> None:
    settings = compiled(
        Destination(settings={"projectToken": TOKEN}),
        insert_functions=(InsertFunction(file="enrich.js", name="Enrich"),),
    )
    document = msgspec.json.decode(msgspec.json.encode(MESSAGE))
    added = (Change(("properties", "plan"), "pro"),)
    outcomes = (FunctionOutcome(0, "passed", logs=("asked the CRM", "found\x1b[2J"), changes=added),)
    translation = walk(document, (), settings, NOW, outcomes).translation
    given = detail(document, translation=translation)
    verdict = msgspec.structs.replace(given.verdict, outcomes=outcomes)
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = explained(msgspec.structs.replace(given, verdict=verdict), settings)
        await pilot.pause()
        assert "asked the CRM" not in screen(pilot)
        pane.json.rows.focus()
        await pilot.press("right_square_bracket")
        text = screen(pilot)
        assert 'insert_function  "Enrich"' in text
        assert "changed  $.properties.plan" in text
        assert "console.log  asked the CRM" in text
        assert "console.log  found" in text
        assert "\x1b" not in text
