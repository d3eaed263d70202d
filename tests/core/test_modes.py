"""The connection mode of a record and of a line."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Marks
from segtap.core.modes import mode_of, sent_by


@pytest.mark.parametrize(
    ("properties", "mode", "words"),
    [
        ({"mp_lib": "Segment: web"}, "device", "Mixpanel (Legacy) in device mode"),
        (
            {"mp_lib": "Segment: web", "segment_source_name": "shop"},
            "device",
            "Mixpanel (Legacy) in device mode",
        ),
        ({"mp_lib": "Segment: analytics.js"}, "cloud", "Mixpanel (Legacy) in cloud mode"),
        ({"mp_lib": "Segment Actions: analytics.js"}, "cloud", "Mixpanel (Actions), in cloud mode"),
        (
            {"mp_lib": "web", "segment_source_name": "shop"},
            "device",
            "Web (Actions), which registers",
        ),
        ({"mp_lib": "web"}, "?", "only its setting Source Name tells apart"),
        ({"mp_lib": "web", "segment_source_name": None}, "?", "only its setting Source Name tells apart"),
        ({"mp_lib": "python"}, "?", "Mixpanel's own SDK python, without Segment"),
        ({"mp_lib": 7}, "?", ""),
        ({}, "?", ""),
    ],
)
def test_mp_lib_tells_the_mode(properties: dict[str, Any], mode: str, words: str) -> None:
    assert mode_of(properties) == mode
    assert words in sent_by(properties)
    assert bool(words) == bool(sent_by(properties))


@pytest.mark.parametrize(
    ("type", "marks", "delivery", "mode"),
    [
        ("track", Marks.NONE, DeliveryState.OFF, "cloud"),
        ("track", Marks.NONE, DeliveryState.SENT, "cloud"),
        ("track", Marks.SECOND_RECEIPT, DeliveryState.NONE, ""),
        ("raw", Marks.DEVICE_MODE, DeliveryState.OFF, "device"),
        ("raw", Marks.NONE, DeliveryState.OFF, "?"),
        ("track", Marks.WOULD_REJECT, DeliveryState.OFF, ""),
        ("", Marks.REFUSED, DeliveryState.OFF, ""),
    ],
)
def test_a_line_has_a_mode(type: str, marks: Marks, delivery: DeliveryState, mode: str) -> None:
    line = Summary(1, 0, type, "Paid", "u", "web", 0, 0, int(marks), delivery, "m-1")
    assert line.mode == mode
