"""The Mixpanel pane on repaired requests: what was there before, what stands there now."""

from __future__ import annotations

from typing import Any

import msgspec
from check_helpers import DESTINATION, NOW, real_message, verdict_on
from details import detail
from pane_host import Host

from segtap.core.api.models import MessageDetail
from segtap.core.settings import REPAIR_NAMES
from segtap.tui.widgets.mixpanel_pane import MixpanelPane


def repaired(message: dict[str, Any]) -> MessageDetail:
    verdict = verdict_on(message, DESTINATION, NOW, size=900, repairs=REPAIR_NAMES)
    return msgspec.structs.replace(detail(message), verdict=verdict)


async def shown(message: MessageDetail, *, size: tuple[int, int] = (110, 34)) -> str:
    pane = MixpanelPane()
    async with Host(pane).run_test(size=size) as pilot:
        pane.detail = message
        await pilot.pause()
        await pilot.pause()
        lines = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        return "\n".join("".join(segment.text for segment in line) for line in lines)


async def test_a_repaired_value_is_marked_with_before_and_after() -> None:
    event = real_message("python", "track", event="Tried", messageId="order_991", context={})
    message = repaired(event)
    after = message.verdict.repairs[0].after
    text = await shown(message)
    assert "Mixpanel ─ 1 of 1 · repaired" in text
    assert f'repaired (insert-id)  $insert_id  "order_991" → "{after}"' in text
    assert "repaired (no-client-ip)  ip  nothing → 0" in text
    assert "Segment sends it as it was before" in text
    row = next(line for line in text.splitlines() if "$insert_id" in line and "was" in line)
    assert 'repaired, was "order_991"' in row
    assert str(after) in row


async def test_what_is_not_sent_any_more_is_told() -> None:
    nobody = real_message("node", "identify", userId=..., anonymousId="a-1", traits={})
    text = await shown(repaired(nobody))
    assert "nothing to send · repaired" in text
    assert "repaired (skip-empty-identify)  $identify is not sent: it names no user" in text
    assert "makes no request" not in text


async def test_many_repairs_are_counted() -> None:
    products = [{"sku": f"S{n}"} for n in range(9)]
    order = real_message(
        "node", "track", event="Order Completed", context={}, properties={"products": products}
    )
    message = repaired(order)
    assert len(message.verdict.repairs) > 9
    assert f"and {len(message.verdict.repairs) - 3} more repairs" in await shown(message)


async def test_without_repairs_all_is_as_it_was() -> None:
    event = real_message("python", "track", event="Tried")
    verdict = verdict_on(event, DESTINATION, NOW, size=900)
    text = await shown(msgspec.structs.replace(detail(event), verdict=verdict))
    assert "Mixpanel ─ 1 of 1 " in text
    assert "repaired" not in text


async def test_twenty_columns_are_survived() -> None:
    event = real_message("python", "track", event="Tried", messageId="order_991\x1b[31m")
    text = await shown(repaired(event), size=(20, 12))
    assert "\x1b" not in text
