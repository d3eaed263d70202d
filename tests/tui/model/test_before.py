"""What changed since the last message of the same kind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from details import detail
from fake_viewer import FakeViewer

from segtap.core.api import operations as ops
from segtap.core.api.models import MessageDetail, Page
from segtap.tui.model.before import Before, filter_before


class Kept(FakeViewer):
    """A viewer of some messages; `asked` are the filters of its pages."""

    def __init__(self, found: dict[str, MessageDetail]) -> None:
        super().__init__()
        self.found = found
        self.asked: list[str] = []

    async def call(self, operation: Any, request: Any) -> Any:
        if operation is ops.PAGE:
            self.asked.append(request.filter)
            one = self.found.get(request.filter)
            return Page(summaries=() if one is None else (one.summary,))
        return next(iter(self.found.values()))


def call(id: int, **properties: Any) -> MessageDetail:
    document = {"type": "track", "event": "A", "userId": "u", "messageId": str(id), "properties": properties}
    return detail(document, id=id << 20)


async def test_the_same_users_message_comes_first_then_the_same_event() -> None:
    now = call(2, plan="pro", seats=5)
    viewer = Kept({'type:track event="A"': call(1, plan="free", gone=1)})
    assert await Before(lambda: viewer).changes(now) == {
        "$.properties.plan": 'was "free"',
        "$.properties.seats": "new",
    }
    assert viewer.asked == ['type:track event="A" user:"u"', 'type:track event="A"']
    assert await Before(lambda: Kept({})).changes(now) == {}


@pytest.mark.parametrize("changes", [{"source_kind": "mixpanel"}, {"unread": True}, {"document": b""}])
async def test_what_is_no_message_that_was_read_is_not_compared(changes: dict[str, Any]) -> None:
    viewer = Kept({})
    assert await Before(lambda: viewer).changes(msgspec.structs.replace(call(2), **changes)) == {}
    assert viewer.asked == []


def test_the_filter_asks_for_the_same_kind() -> None:
    page = detail({"type": "page", "name": "Home", "anonymousId": "a"})
    assert filter_before(page) == 'type:page name="Home"'
    assert filter_before(detail({"type": "identify", "userId": "u-1"})) == 'type:identify user:"u-1"'
