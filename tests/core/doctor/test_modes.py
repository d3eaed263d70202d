"""The doctor on the modes that the events came by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import NOW, real_message
from details import detail
from doctoring import TOKEN, read, settings_of

from segtap.core.api.models import MessageDetail
from segtap.core.catalogue.stream import CLOUD_AND_DEVICE_MODE
from segtap.core.checks.settings import check_settings
from segtap.core.doctor import Diagnosis, Facts, diagnose
from segtap.core.messages import Message
from segtap.core.pipeline import compiled, run
from segtap.core.segment_names import destination_of
from segtap.core.settings import Settings
from segtap.core.verdict import Finding


def raw(settings: Settings, event: str, number: int, *found: Finding, **properties: Any) -> MessageDetail:
    """What Mixpanel's own SDK sent, as an engine's detail."""
    own = {
        "token": TOKEN,
        "distinct_id": "user-1",
        "$insert_id": f"o7v9msf3cyyx1tq{number}",
        "time": NOW / 1000,
    }
    record = {"event": event, "properties": own | properties}
    message = Message(
        id=number << 20,
        source_kind="mixpanel",
        type="raw",
        message_id=f"i-{number}",
        received_at=NOW,
        write_key=TOKEN,
        document=record,
        original=msgspec.json.encode(record),
        endpoint="/track",
    )
    verdict = run(message, compiled(destination_of(settings), check_settings(settings)))
    made = detail(
        record, translation=verdict.translation, findings=(*verdict.findings, *found), id=message.id
    )
    line = msgspec.structs.replace(made.summary, type="raw")
    return msgspec.structs.replace(made, source_kind="mixpanel", summary=line)


def diagnosis(settings: Settings, details: list[MessageDetail]) -> Diagnosis | None:
    facts = Facts(settings, destination_of(settings), details, source="the test", now=NOW)
    found = [one for one in diagnose(facts) if one.check == "modes"]
    return found[0] if found else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


def cloud(settings: Settings, *names: str) -> list[MessageDetail]:
    return read(
        [real_message("next", "track", event=name, messageId=f"m-{name}") for name in names], settings
    )


def test_each_event_is_listed_with_its_modes(settings: Settings) -> None:
    by_web = raw(settings, "Alone", 7, mp_lib="web")
    by_segment = raw(settings, "Opened", 8, mp_lib="Segment: web")
    found = diagnosis(settings, [*cloud(settings, "Paid"), by_web, by_segment])
    assert found is not None
    assert (found.standing, found.rule) == ("note", "")
    assert (
        "cloud mode (assumed: destination.kind is not given): Paid · device mode: Opened · straight"
        in found.words
    )
    assert "mp_lib names: Alone" in found.words
    assert "Mixpanel Web (Actions)" in found.words


def test_an_event_that_comes_both_ways_is_a_warning(settings: Settings) -> None:
    twice = CLOUD_AND_DEVICE_MODE.finding("$.event", "both")
    copy = raw(settings, "Paid", 7, twice, mp_lib="Segment: web")
    found = diagnosis(settings, [*cloud(settings, "Paid"), copy])
    assert found is not None
    assert (found.standing, found.rule) == ("warning", "cloud-and-device-mode")
    assert "several modes: Paid" in found.words
    assert "1 event came both ways at once" in found.words
    assert found.fix == CLOUD_AND_DEVICE_MODE.fix


def test_an_event_that_may_come_both_ways_is_a_note(settings: Settings) -> None:
    twice = CLOUD_AND_DEVICE_MODE.finding("$.event", "both", severity="info", fix="nothing, if …")
    found = diagnosis(settings, [*cloud(settings, "Paid"), raw(settings, "Paid", 7, twice)])
    assert found is not None
    assert (found.standing, found.rule, found.fix) == ("note", "cloud-and-device-mode", "nothing, if …")
    assert "1 event would be counted twice if Mixpanel (Actions) is on for this source, too" in found.words
    assert "(assumed: destination.kind is not given)" in found.words


def test_the_time_of_a_record_is_read_in_seconds_too(settings: Settings) -> None:
    now = raw(settings, "Opened", 7, mp_lib="Segment: web")
    old = raw(settings, "Once", 8, mp_lib="Segment: web", time=NOW / 1000 - 60 * 86_400)
    facts = Facts(settings, destination_of(settings), [now, old], source="the test", now=NOW)
    (menus,) = [one for one in diagnose(facts) if one.check == "dropdowns"]
    assert 'with an older time: "Once"; ' in menus.words


def test_a_page_in_device_mode_alone_gets_no_warning(settings: Settings) -> None:
    device = "$device:0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
    bundled = {"_metadata": {"bundled": ["Mixpanel", "Segment.io"], "unbundled": []}}
    messages = read(
        [
            real_message("next", "page", userId="user-1", name="Cart", **bundled),
            real_message(
                "next", "identify", userId="user-1", traits={"email": "zoe@shop.example"}, **bundled
            ),
            real_message("next", "group", userId="user-1", groupId="acme", traits={"plan": "pro"}, **bundled),
        ],
        settings,
    )
    records = [
        raw(settings, "Loaded a Page", 7, mp_lib="Segment: web", distinct_id=device),
        raw(settings, "$identify", 8, mp_lib="Segment: web", **{"$anon_distinct_id": device}),
    ]
    facts = Facts(settings, destination_of(settings), [*messages, *records], source="the test", now=NOW)
    bad = [one for one in diagnose(facts) if one.standing in ("warning", "error")]
    assert bad == []


def test_without_traffic_of_mixpanels_sdk_there_is_nothing_to_add(settings: Settings) -> None:
    assert diagnosis(settings, cloud(settings, "Paid")) is None
