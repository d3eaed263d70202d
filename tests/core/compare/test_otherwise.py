"""What Mixpanel would get of a message through another destination than the configured one."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from check_helpers import real_message
from details import detail

from segtap.core.api.models import MessageDetail, PageRecord, SuperProperties
from segtap.core.compare.otherwise import NOTHING, Otherwise, others
from segtap.core.otherwise import OtherDetail
from segtap.core.settings import ClassicSettings, DestinationSettings, Secret, Settings

TOKEN, SECRET = "a1b2c3d4e5f60718293a4b5c6d7e8ff9", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SETTINGS = Settings(
    destination=DestinationSettings(token=TOKEN, api_secret=Secret(SECRET)),
    classic=ClassicSettings(people=True, event_increments=("Order Completed",)),
)
MESSAGE = real_message(
    "node", "track", event="Order Completed", userId="u-1", properties={"revenue": 5, "plan": "pro"}
)


def shown(settings: Settings, through: Any, page: SuperProperties | None = None) -> OtherDetail:
    made = Otherwise(settings, through).detail(detail(MESSAGE), page)
    assert isinstance(made, OtherDetail)
    return made


def test_the_settings_leave_two_others() -> None:
    assert others(SETTINGS) == ("classic-cloud", "classic-device")
    classic = msgspec.structs.replace(SETTINGS, destination=DestinationSettings(kind="classic-cloud"))
    assert others(classic) == ("actions", "classic-device")


def test_the_classic_destination_makes_its_own_requests_and_says_what_the_move_costs() -> None:
    made = shown(SETTINGS, "classic-cloud")
    requests = [one.request for one in made.verdict.translation.operations]
    assert any(request.url == "https://api.mixpanel.com/engage" for request in requests)
    event = next(request for request in requests if request.url == "https://api.mixpanel.com/import")
    assert event.data is not None
    decoded = json.loads(base64.b64decode(event.data))
    assert decoded["event"] == "Order Completed"
    assert made.explanation.sources
    assert any(one.lost_by == "actions" for one in made.differences)
    assert made.words == "as Classic, cloud mode, not the configured Actions"
    assert SECRET not in str(msgspec.json.encode(made.verdict))


def test_actions_is_the_other_one_for_a_classic_workspace() -> None:
    chosen = msgspec.structs.replace(SETTINGS.destination, kind="classic-cloud")
    made = shown(msgspec.structs.replace(SETTINGS, destination=chosen), "actions")
    assert made.verdict.translation.operations[0].request.url.startswith("https://api.mixpanel.com/import")
    assert made.configured == "classic-cloud"
    assert made.differences


def test_device_mode_is_what_the_page_sends() -> None:
    data: Any = {"event": "A", "properties": {"x": 1, "$insert_id": "<insert_id>"}}
    record = PageRecord("api-js.mixpanel.com", "/track/", data)
    made = shown(SETTINGS, "classic-device", SuperProperties(records=(record,), sent=1))
    (operation,) = made.verdict.translation.operations
    assert operation.request.url == "https://api-js.mixpanel.com/track/"
    assert operation.request.data is not None
    places = [finding.path for finding in made.verdict.findings]
    assert not any(place.endswith("$insert_id") for place in places), "a placeholder is no fault"
    assert json.loads(base64.b64decode(operation.request.data)) == [record.data] == operation.request.body


@pytest.mark.parametrize("page", [SuperProperties(why="The message names no page."), SuperProperties()])
def test_it_says_why_a_page_sends_nothing(page: SuperProperties) -> None:
    made = shown(SETTINGS, "classic-device", page)
    assert made.verdict.translation.not_sent is not None
    assert made.verdict.translation.not_sent.reason == (page.why or NOTHING)


def test_what_is_no_segment_message_stays_as_it_is() -> None:
    of_sdk = msgspec.structs.replace(detail({"event": "A"}), source_kind="mixpanel")
    made: MessageDetail = Otherwise(SETTINGS, "classic-cloud").detail(of_sdk)
    assert made is of_sdk
