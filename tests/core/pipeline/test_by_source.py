"""Each message is judged by the settings of its source, whichever way it comes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from segtap.core.commands.check import check_lines
from segtap.core.commands.translate import translate_lines, translate_through_stages
from segtap.core.compare import destination_for
from segtap.core.compare.lines import compare_lines
from segtap.core.errors import InputError
from segtap.core.messages import Message
from segtap.core.pipeline import CompiledSettings, compile_settings, run, run_together
from segtap.core.pipeline.reading import read_message
from segtap.core.pipeline.stages import remake, requested, sent
from segtap.core.settings import (
    Destination,
    DestinationSettings,
    SegmentSettings,
    Settings,
    SourceSettings,
    Subscription,
)

NOW = 1_795_557_600_000
WEB = SourceSettings(
    name="web", write_keys=("wk_web",), color="cyan", source_name="Web", blocked_events=("Debug",)
)
PHONE = SourceSettings(name="phone", write_keys=("wk_ios", "wk_android"), color="pink", source_name="Phone")
SERVER = SourceSettings(name="server", write_keys=("wk_server",), color="red")
SETTINGS = Settings(
    destination=DestinationSettings(token="t", source_name="All"),
    segment=SegmentSettings(blocked_events=("Noise",)),
    sources=(WEB, PHONE, SERVER),
)
SCHEMA = {
    "type": "object",
    "required": ["properties"],
    "properties": {"properties": {"type": "object", "required": ["screen"]}},
}
PLAN = {"rules": [{"type": "TRACK", "key": "Opened", "version": 1, "jsonSchema": SCHEMA}]}


def message(write_key: str, event: str = "Opened") -> Message:
    text = {
        "type": "track",
        "event": event,
        "userId": "u",
        "messageId": "m",
        "timestamp": "2026-11-24T21:00:00Z",
    }
    read = read_message(json.dumps(text).encode(), id=1, received_at=NOW)
    return msgspec.structs.replace(read, write_key=write_key)


def source_name(made: object) -> object:
    return made.operations[0].request.body[0]["properties"]["segment_source_name"]  # pyright: ignore


@pytest.fixture
def compiled() -> CompiledSettings:
    return compile_settings(SETTINGS)


NAMES = {
    "wk_web": "Web",
    "wk_ios": "Phone",
    "wk_android": "Phone",
    "wk_server": "All",
    "wk_x": "All",
    "": "All",
}


def test_every_road_names_the_source_of_the_message(compiled: CompiledSettings) -> None:
    given = [message(key) for key in NAMES]
    roads = [
        [run(one, compiled).translation for one in given],
        [one.translation for one in run_together(given, compiled)],
        [remake(one, compiled).translation for one in given],
        [sent(one, compiled) for one in given],
        [requested(one, compiled, NOW).translation for one in given],
    ]
    for road in roads:
        assert [source_name(made) for made in road] == list(NAMES.values())


def test_blocked_events_of_a_source_take_the_place_of_the_general_ones(compiled: CompiledSettings) -> None:
    def stopped(key: str, event: str) -> bool:
        return run(message(key, event), compiled).translation.not_sent is not None

    assert [stopped("wk_web", event) for event in ("Debug", "Noise")] == [True, False]
    assert [stopped("wk_ios", event) for event in ("Debug", "Noise")] == [False, True]


def test_the_reason_names_the_list_that_blocks(compiled: CompiledSettings) -> None:
    def where(key: str, event: str) -> str:
        stopped = run(message(key, event), compiled).translation.not_sent
        assert stopped is not None
        return stopped.reason.partition(": blocked_events under ")[2]

    assert where("wk_web", "Debug") == '[[sources]] "web"'
    # The phone has settings of its own, but not this one.
    assert [where(key, "Noise") for key in ("wk_ios", "wk_server", "wk_x")] == ["[segment]"] * 3
    assert SETTINGS.for_source("wk_web").source_saying("destination.source_name") == "web"
    assert SETTINGS.for_source("wk_web").source_saying("plan") == ""
    assert SETTINGS.source_saying("segment.blocked_events") == ""


def test_a_fix_names_the_source_whose_subscriptions_take_no_such_call() -> None:
    page = Subscription(subscribe='type = "page"', partner_action="trackEvent", mapping={})
    own = msgspec.structs.replace(WEB, subscriptions=(page,))
    general = msgspec.structs.replace(SETTINGS, subscriptions=(page,), sources=(own, PHONE))
    compiled = compile_settings(general)

    def fix(judged: CompiledSettings, key: str) -> str:
        (finding,) = (one for one in run(message(key), judged).findings if one.rule == "unmatched")
        return finding.fix.partition(" under ")[2]

    assert fix(compiled, "wk_web").startswith('[[subscriptions]] of "web", if')
    assert fix(compiled, "wk_ios").startswith("[[subscriptions]], if")
    # The subscriptions of an envelope are of no source.
    envelope = Destination(settings=compiled.destination.settings, subscriptions=(page,))
    assert fix(compiled.for_source("wk_web").to(envelope), "").startswith("[[subscriptions]], if")


def test_a_plan_holds_for_its_source_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(PLAN))
    phone = msgspec.structs.replace(PHONE, plan=str(plan))
    compiled = compile_settings(msgspec.structs.replace(SETTINGS, sources=(WEB, phone, SERVER)))
    broken = {key for key in NAMES if any("plan" in f.rule for f in run(message(key), compiled).findings)}
    assert broken == {"wk_ios", "wk_android"}
    with pytest.raises(InputError, match=r"^The source phone: .*gone\.json"):
        compile_settings(
            msgspec.structs.replace(SETTINGS, sources=(msgspec.structs.replace(phone, plan="gone.json"),))
        )


def test_settings_are_compiled_once_for_all_keys_of_a_source(compiled: CompiledSettings) -> None:
    assert compiled.for_source("wk_ios") is compiled.for_source("wk_android")
    assert compiled.for_source("wk_server") is compiled
    assert len(compiled.each) == 3
    assert compile_settings(msgspec.structs.replace(SETTINGS, sources=())).by_key == {}


def lines(*keys: str, **more: object) -> list[str]:
    call = {"type": "track", "event": "Debug", "userId": "u", "timestamp": "2026-11-24T21:00:00Z"}
    return [
        json.dumps({**call, "messageId": f"m-{key}", **({"writeKey": key} if key else {}), **more})
        for key in keys
    ]


def test_lines_name_their_source_by_write_key(compiled: CompiledSettings) -> None:
    found = list(check_lines(lines("wk_web", "wk_ios", ""), compiled, clock=lambda: NOW))
    assert [one.nowhere for one in found] == [True, False, False]
    whole = [
        json.loads(line.text)
        for line in translate_through_stages(lines("wk_web", "wk_ios", ""), compiled, clock=lambda: NOW)
    ]
    assert [len(line["requests"]) for line in whole] == [0, 1, 1]
    bare = compile_settings(SETTINGS, stages=False)
    made = [
        json.loads(line.text)["requests"][0]["body"][0]["properties"]["segment_source_name"]
        for line in translate_lines(lines("wk_web", "wk_ios", ""), bare, clock=lambda: NOW)
    ]
    assert made == ["Web", "Phone", "All"]


def test_a_batch_gives_its_key_to_its_messages(compiled: CompiledSettings) -> None:
    batch = json.dumps({"writeKey": "wk_web", "batch": [json.loads(one) for one in lines("", "wk_ios")]})
    found = list(check_lines([batch], compiled, clock=lambda: NOW))
    assert [one.nowhere for one in found] == [True, False]


def test_an_envelope_wins_over_the_source(compiled: CompiledSettings) -> None:
    (line,) = lines("wk_ios")
    envelope = {"message": json.loads(line), "settings": {"projectToken": "x", "sourceName": "Envelope"}}
    plain = {"message": json.loads(line)}
    bare = compile_settings(SETTINGS, stages=False)
    made = [
        json.loads(line.text)["requests"][0]["body"][0]["properties"]["segment_source_name"]
        for line in translate_lines(map(json.dumps, (envelope, plain)), bare, clock=lambda: NOW)
    ]
    assert made == ["Envelope", "Phone"]


def test_a_comparison_has_the_destinations_of_the_source() -> None:
    def pair(settings: Settings) -> tuple[Destination, Destination]:
        return destination_for(settings, "actions"), destination_for(settings, "classic-cloud")

    by_key = {key: pair(SETTINGS.for_source(key)) for key in NAMES}
    one, other = pair(SETTINGS)
    found = compare_lines(lines("wk_web", "wk_ios", "x"), one, other, clock=lambda: NOW, by_key=by_key)
    sides = [one.comparison.one for one in found if one.comparison is not None]
    assert [side.destination.settings["sourceName"] for side in sides] == ["Web", "Phone", "All"]
