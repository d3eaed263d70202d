"""Fields that Segment sets to a value that nobody else knows: shown in words, and not part of the request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from check_helpers import NOW, classic, inspected, real_message
from details import detail
from pane_host import Host, curl_of

from segtap.core.api.models import MessageDetail
from segtap.core.destinations.explain import explain
from segtap.tui.widgets.mixpanel_pane import MixpanelPane

PATH = "requests[0].body.properties.$insert_id"


def of_classic(message: dict[str, Any]) -> MessageDetail:
    destination = classic(people=True)
    verdict = inspected(message, destination=destination)
    explanation = explain(message, destination, verdict.translation, now=NOW)
    return msgspec.structs.replace(detail(message), verdict=verdict, explanation=explanation)


@pytest.mark.parametrize("width", [60, 110, 200])
async def test_the_insert_id_of_the_classic_destination_is_shown_in_words(width: int) -> None:
    message = of_classic(real_message("node", "track", event="Signed Up", context={}, properties={"a": 1}))
    pane = MixpanelPane()
    async with Host(pane).run_test(size=(width, 40)) as pilot:
        pane.detail = message
        await pilot.pause()
        assert pane.show_path(PATH)
        await pilot.pause()
        strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        text = "\n".join("".join(segment.text for segment in line) for line in strips)
        (row,) = [line for line in text.splitlines() if " $insert_id " in line]
        assert "set by Segment, value unknown" in row
        assert '"' not in row
        # What is copied, and what is sent, is the request of the public code.
        assert "$insert_id" not in pane.copy_text()
        assert "$insert_id" not in curl_of(pane)


async def test_the_place_of_the_finding_says_where_it_comes_from() -> None:
    message = of_classic(real_message("node", "track", event="Signed Up", context={}))
    (finding,) = [one for one in message.verdict.findings if one.rule == "insert-id-undocumented"]
    assert (finding.severity, finding.path) == ("info", PATH)
    source = message.explanation.source_at(PATH)
    assert source is not None
    assert source.source.startswith("Segment's page: uuidv5 of messageId:projectId:eventName")


@pytest.mark.parametrize("call", ["identify", "group", "alias"])
def test_other_records_have_no_insert_id(call: str) -> None:
    assert of_classic(real_message("node", call, traits={"company_id": "c"})).explanation.unknown == ()
