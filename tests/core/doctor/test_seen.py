"""Connection mode and profiles: verdicts speak of what was seen, and of what was not checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import NOW
from doctoring import read, settings_of, verdict_of, verdicts_of
from streams import ANONYMOUS, call

from segtap.core.doctor import Facts, diagnose
from segtap.core.segment_names import destination_of

CLASSIC = '[destination]\nkind = "classic-cloud"\n[classic]\npeople = true\n'
BUNDLED: dict[str, Any] = {"_metadata": {"bundled": ["Segment.io", "Mixpanel"], "unbundled": []}}
IOS: dict[str, Any] = {
    "context": {"library": {"name": "analytics-ios", "version": "4.1.8"}, "ip": "203.0.113.9"},
    "integrations": {"Mixpanel": False},
}
LOGIN = call("identify", userId="u-1", anonymousId=ANONYMOUS, traits={"plan": "pro"})
ORDER = call("track", 60, userId="u-1", anonymousId=ANONYMOUS)


@pytest.mark.parametrize("text", ["", CLASSIC], ids=["actions", "classic"])
def test_cloud_mode_alone_proves_nothing_of_device_mode(tmp_path: Path, text: str) -> None:
    said = verdict_of("connection-mode", settings_of(tmp_path, text), LOGIN, ORDER)
    assert said is not None
    assert said.standing == "unknown"
    assert "2 messages for Segment's servers (cloud mode)" in said.words
    assert "not checked: no device traffic" in said.words
    assert "mp_lib" in said.fix
    assert "mp_lib" not in said.words


@pytest.mark.parametrize("device", [BUNDLED, IOS, {**BUNDLED, **IOS}], ids=["web", "ios", "both"])
def test_device_mode_is_a_healthy_setup(tmp_path: Path, device: dict[str, Any]) -> None:
    settings = settings_of(tmp_path, CLASSIC)
    told = {one.check: one for one in verdicts_of(settings, LOGIN | device, ORDER | device)}
    mode = told["connection-mode"]
    assert (mode.standing, "choose one" in mode.words + mode.fix) == ("note", False)
    assert "(device mode), which Segment's servers leave out" in mode.words
    assert "profiles" not in told
    # Another sender in cloud mode beside it is healthy, too.
    server = call("track", 90, userId="u-1", context={"library": {"name": "analytics-node"}})
    both = verdict_of("connection-mode", settings, LOGIN | device, ORDER | device, server)
    assert both is not None
    assert both.standing == "note"
    assert "1 message for Segment's servers (cloud mode); 2 messages of pages or apps" in both.words


ACTIONS = '[destination]\nkind = "actions"\n'
APPS = (
    *("analytics-swift", "analytics-kotlin", "analytics-react-native", "@segment/analytics-react-native"),
    *("analytics-flutter", "analytics-android"),
)


@pytest.mark.parametrize(
    "device",
    [BUNDLED, *(IOS | {"context": {"library": {"name": name}}} for name in APPS)],
    ids=["web", *APPS],
)
def test_actions_beside_the_sdk_of_the_page_or_app_is_named(tmp_path: Path, device: dict[str, Any]) -> None:
    said = verdict_of("connection-mode", settings_of(tmp_path, ACTIONS), ORDER | device)
    assert said is not None
    assert said.standing == "note"
    assert "1 of them Segment's servers send as well: twice, if both go to one project" in said.words
    # Nobody says that Mixpanel (Actions) is on: the page or app may be the only one that sends.
    said = verdict_of("connection-mode", settings_of(tmp_path), ORDER | device)
    assert said is not None
    assert said.standing == "note"
    assert "would go twice if Mixpanel (Actions) is on for this source, too (assumed:" in said.words


def test_a_server_that_switches_mixpanel_off_is_no_device(tmp_path: Path) -> None:
    off = ORDER | {"integrations": {"Mixpanel": False}, "context": {"library": {"name": "analytics-node"}}}
    said = verdict_of("connection-mode", settings_of(tmp_path, CLASSIC), off)
    assert said is not None
    assert said.standing == "unknown"


def test_that_no_event_came_twice_says_nothing_of_two_modes(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    said = verdict_of("duplicates", settings, LOGIN, ORDER)
    assert said is not None
    assert said.words.endswith("Cloud and device mode at once: not checked: no device traffic")
    (device,) = read([ORDER], settings)
    device = msgspec.structs.replace(device, source_kind="mixpanel")
    seen = diagnose(Facts(settings, destination_of(settings), [*read([LOGIN], settings), device], now=NOW))
    words = {one.check: one.words for one in seen}
    assert "not checked" not in words["duplicates"] + words["connection-mode"]
    assert words["traffic"].endswith("1 straight to Mixpanel")


def test_nothing_seen_is_no_verdict(tmp_path: Path) -> None:
    assert verdict_of("connection-mode", settings_of(tmp_path)) is None
    assert verdict_of("profiles", settings_of(tmp_path)) is None


@pytest.mark.parametrize("text", ["", CLASSIC], ids=["actions", "classic"])
def test_profiles_are_those_of_the_requests(tmp_path: Path, text: str) -> None:
    settings = settings_of(tmp_path, text)
    good = verdict_of("profiles", settings, LOGIN, ORDER)
    assert good is not None
    assert (good.standing, good.words) == ("good", "all 1 user with events have a profile")
    other = call("track", 120, userId="u-2")
    some = verdict_of("profiles", settings, LOGIN, ORDER, other)
    assert some is not None
    assert (some.standing, some.messages) == ("note", (other["messageId"],)), "made before, perhaps"
    assert "1 of 2 users with events have no request that writes a profile" in some.words
    visitor = verdict_of("profiles", settings, call("page", anonymousId=ANONYMOUS))
    assert visitor is None


def test_a_profile_is_as_grave_as_the_rule_finds_it(tmp_path: Path) -> None:
    many = [call("track", 60 * n, userId="u-2", event=f"Step {n}") for n in range(1, 30)]
    settings = settings_of(tmp_path)
    said = verdict_of("profiles", settings, LOGIN, ORDER, *many)
    rules = {one.rule: one.severity for each in read(many, settings) for one in each.verdict.findings}
    assert said is not None
    assert (said.rule, said.standing) == ("no-profile", rules["no-profile"])


def test_ids_that_a_mapping_takes_elsewhere_are_followed(tmp_path: Path) -> None:
    text = """
[[subscriptions]]
preset = "Track Calls"
[subscriptions.mapping]
distinct_id = {"@path" = "$.context.traits.member"}
[[subscriptions]]
preset = "Identify Calls"
[subscriptions.mapping]
user_id = {"@path" = "$.traits.member"}
"""
    login = call("identify", userId="u-1", traits={"member": "m-1"})
    order = call("track", 60, userId="u-1", context={"traits": {"member": "m-1"}})
    said = verdict_of("profiles", settings_of(tmp_path, text), login, order)
    assert said is not None
    assert said.standing == "good"
