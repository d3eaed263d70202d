"""`tui/cli/README.md` is a promise: shapes, options and rule ids are those of the program."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from engines import engine_settings, listed, post, running_engine, track
from fake_viewer import detail_of, story

from segtap.core.api.matches import Match, Matches, Near, WhyNotSent
from segtap.core.catalogue import rules
from segtap.core.commands.arrived import Event
from segtap.core.commands.engines import RunningEngineRow
from segtap.core.commands.stats import RouteStats, Stats
from segtap.core.config.mapping_tests import EXPECT_KEYS, STAGES
from segtap.core.config.mapping_tests import KEYS as TEST_KEYS
from segtap.core.config.not_imitated import KEYS as NOT_IMITATED_KEYS
from segtap.core.delivery import DeliveryState
from segtap.core.engine.deliveries import rows_of
from segtap.core.json_text import to_json
from segtap.core.not_imitated import NOT_IMITATED_KINDS, SCOPES
from segtap.core.stand_in.counted import by_insert_id, copy_of
from segtap.core.testing.expecting import Expected, Outcome
from segtap.core.verdict import Finding
from segtap.tui.cli import COMMANDS, cli
from segtap.tui.cli.deliveries import _write_row as _write_delivery
from segtap.tui.cli.engines import _write_json as _write_row
from segtap.tui.cli.tail import _write_json
from segtap.tui.model.sources import SourceNames

PAGE = (Path(__file__).parents[2] / "tui" / "cli" / "README.md").read_text(encoding="utf-8")
SHAPES = {
    heading: [json.loads(block) for block in re.findall(r"```json\n(.+?)```", text, re.S)]
    for heading, text in re.findall(r"^### (.+?)\n(.*?)(?=^#|\Z)", PAGE, re.S | re.M)
}
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "null": (type(None),),
    "any": (object,),
}
LINES = "\n".join(
    json.dumps(message)
    for message in (
        {"type": "identify", "userId": "u-1", "messageId": "m-1", "traits": {"plan": "pro"}},
        {"type": "track", "event": "Order Completed", "userId": "u-1", "messageId": "order_991",
         "timestamp": "2026-11-24T10:41:03Z", "properties": {"order_id": "991", "revenue": 59.8}},
    )
)  # fmt: skip
FILE, OTHER = "messages.jsonl", "other.jsonl"
JOURNAL = "journal.db"
SCENARIO = "scenario.jsonl"
STEPS = """{"at_ms":0,"message":{"type":"track","event":"Sold","userId":"u"},"expect":[{"a":1}]}
{"at_ms":10,"message":{"type":"track","event":"Sold"},"expect":[]}
"""
SETTINGS = "tests.toml"
TESTS = """[[tests]]
name = "Sold"
message = { type = "track", event = "Sold", userId = "u-1" }
expect = { events = ["Bought"], properties = { total = 5 } }
"""
DELIVERIES = ("segtap deliveries list", "segtap deliveries retry")
NOW = ("--now", "2026-11-24T12:00:00Z")
RUNS = {
    "segtap translate": ("translate", *NOW, "--repair", "insert-id", FILE),
    "segtap translate --destination classic-device": ("translate", "--destination", "classic-device", FILE),
    "segtap check": ("check", "--format", "json", *NOW, FILE),
    "segtap compare": ("compare", "actions", "classic-cloud", "--format", "json", *NOW, FILE),
    "segtap users": ("users", "--format", "json", FILE),
    "segtap config show --format json": ("config", "show", "--all", "--format", "json"),
    "segtap rules": ("rules", "--format", "json"),
    "segtap explain": ("explain", "insert-id-charset", "--format", "json"),
    "segtap doctor": ("doctor", "--format", "json"),
    "segtap decode": ("decode", "--format", "json", "data=eyJldmVudCI6IngifQ=="),
    "segtap help faq": ("help", "faq", "--format", "json"),
    "segtap help keys": ("help", "keys", "--format", "json"),
    "segtap help TOPIC": ("help", "regions", "--format", "json"),
    "segtap mappings show": ("mappings", "show", "--format", "json"),
    "segtap mappings test": ("mappings", "test", "--format", "json", "--config", SETTINGS),
    "segtap open": ("open", FILE, "--format", "json"),
    "segtap plan diff": ("plan", "diff", FILE, OTHER, "--format", "json"),
    "segtap plan infer": ("plan", "infer", FILE),
    "segtap journal stats": ("journal", "stats", "--journal", JOURNAL, "--format", "json"),
    "segtap record": ("record", "-", "--journal", JOURNAL),
    "segtap replay --expect": ("replay", SCENARIO, "--expect", "--format", "json"),
}


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_text(LINES)
    Path(OTHER).write_text(LINES.replace("Order Completed", "Order Paid"))
    Path(SETTINGS).write_text(TESTS)
    Path(SCENARIO).write_text(STEPS)


def fits(value: Any, shape: Any) -> bool:
    """True if a value has a shape of the page."""
    if isinstance(shape, dict):
        wanted = {name.rstrip("?"): part for name, part in shape.items()}
        needed = {name for name in shape if not name.endswith("?")}
        return (
            isinstance(value, dict)
            and needed <= value.keys() <= wanted.keys()
            and all(fits(part, wanted[name]) for name, part in value.items())
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(part, shape[0]) for part in value)
    kinds = [kind for name in shape.split("|") for kind in KINDS[name]]
    if isinstance(value, bool) and "boolean" not in shape and "any" not in shape:
        return False
    return isinstance(value, tuple(kinds))


def output(*arguments: str) -> list[Any]:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code in (0, 1), done.stderr
    text = done.stdout
    return [json.loads(text)] if text.startswith("{\n") else [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def journal() -> None:
    """A journal with one message in the test's folder."""

    async def fill() -> None:
        async with running_engine(engine_settings(Path())) as (engine, client):
            await post(engine.url, track("m-1"))
            await listed(client, 1)

    asyncio.run(fill())


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("name", RUNS)
def test_the_output_has_the_shape_that_is_promised(name: str) -> None:
    found = output(*RUNS[name])
    assert found
    for value in found:
        assert any(fits(value, shape) for shape in SHAPES[name]), (value, SHAPES[name])


@pytest.mark.parametrize("command", ["translate", "check", "compare"])
def test_a_line_that_is_not_a_message(command: str) -> None:
    arguments = {"check": ("--format", "json"), "compare": ("actions", "classic-cloud", "--format", "json")}
    Path(FILE).write_text("nonsense\n")
    done = CliRunner().invoke(cli, [command, *arguments.get(command, ()), FILE], catch_exceptions=False)
    assert done.exit_code == 1
    assert fits(json.loads(done.stdout.splitlines()[0]), SHAPES["a line that is not a message"][0])


def test_the_lines_of_tail(capsys: pytest.CaptureFixture[str]) -> None:
    for summary in story():
        _write_json(summary, SourceNames())
    for line in capsys.readouterr().out.splitlines():
        assert fits(json.loads(line), SHAPES["segtap tail"][0]), line


def test_the_lines_of_deliveries(capsys: pytest.CaptureFixture[str]) -> None:
    for line in story(12):
        for row in rows_of(line, detail_of(line).deliveries):
            _write_delivery(row)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 12
    for line in lines:
        assert fits(json.loads(line), SHAPES["segtap deliveries list"][0]), line


def test_the_lines_of_ps(capsys: pytest.CaptureFixture[str]) -> None:
    row = RunningEngineRow(
        url="http://127.0.0.1:8765",
        port=8765,
        pid=1,
        kind="screen",
        forwarding="off",
        version="1",
        since=1,
        journal="",
    )
    _write_row(row)
    assert fits(json.loads(capsys.readouterr().out), SHAPES["segtap ps"][0])


def test_the_events_of_arrived() -> None:
    event = Event(insert_id="i", name="Sold", time=1)
    assert fits(msgspec.to_builtins(event), SHAPES["segtap arrived"][0])


def test_the_moments_of_stats() -> None:
    numbers = dict.fromkeys(Stats.__struct_fields__, 0)
    route = {**dict.fromkeys(RouteStats.__struct_fields__, 0), "name": "us", "kind": "mixpanel", "fault": ""}
    moment = {**numbers, "forwarding": "on", "fault": "", "routes": [route]}
    assert fits(moment, SHAPES["segtap stats"][0])
    assert msgspec.convert(moment, Stats)


def test_the_answer_of_expect() -> None:
    finding = Finding("r", "error", "$", "m", "f")
    stopped = WhyNotSent("segment", "$", "no")
    message = {"type": "track"}
    matches = (
        Match(
            message=message, requests=({},), warnings=(finding,), not_sent=None, delivery=DeliveryState.OFF
        ),
        Match(message=None, requests=(), warnings=(), not_sent=stopped, delivery=DeliveryState.NONE),
    )
    for found in (Matches(matches, (Near("m-1", "a"),), 2_000), Matches((), ())):
        value = json.loads(to_json(Outcome(Expected("type:track"), found, True).value()))
        assert fits(value, SHAPES["segtap expect"][0]), value


def test_the_lines_of_a_mixpanel_for_tests() -> None:
    record = {"event": "Sold", "properties": {"distinct_id": "u", "time": 1_796_000_000, "$insert_id": "i"}}
    other = {"event": "Sold", "properties": {"distinct_id": "u", "time": 1_796_000_000}}
    for one in by_insert_id([copy_of(record, 1, 2), copy_of(record, 2, 3), copy_of(other, 3, 4)]):
        value = json.loads(json.dumps(asdict(one)))
        assert fits(value, SHAPES["segtap mixpanel list"][0]), value


def test_every_shape_is_tried() -> None:
    tried = {
        *RUNS,
        *DELIVERIES,
        "segtap mixpanel list",
        "segtap tail",
        "segtap stats",
        "segtap expect",
        "segtap arrived",
        "segtap ps",
        "a line that is not a message",
    }
    assert {name for name, shapes in SHAPES.items() if shapes} == tried


def test_a_shape_refuses_what_it_does_not_name() -> None:
    shape = {"id": "number", "name?": "text|null", "all": ["text"]}
    assert fits({"id": 1, "all": []}, shape)
    assert fits({"id": 1.5, "name": None, "all": ["a"]}, shape)
    for value in ({"id": True, "all": []}, {"id": 1}, {"id": 1, "all": [1]}, {"id": 1, "all": [], "x": 1}):
        assert not fits(value, shape)


def options() -> list[tuple[str, str]]:
    """Return each command with its options, as the page lists them."""

    def listed(name: str, command: click.Command) -> list[tuple[str, str]]:
        own = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
        words = " ".join(f"`{flag}`" for option in own for flag in (*option.opts, *option.secondary_opts))
        rows = [(name, words)] if words else []
        for part in getattr(command, "commands", {}).values():
            rows += listed(f"{name} {part.name}", part)
        return rows

    context = click.Context(cli)
    rows = listed("segtap", cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        rows += listed(f"segtap {name}", command)
    return rows


def test_the_words_of_the_settings_tables_are_listed() -> None:
    rows = {
        what: re.findall("`(.+?)`", words) for what, words in re.findall(r"^\| (.+?) \| (.+) \|$", PAGE, re.M)
    }
    assert rows["`kind` of `[[not_imitated]]`"] == list(NOT_IMITATED_KINDS)
    assert rows["`scope` of `[[not_imitated]]`"] == list(SCOPES)
    assert rows["keys of `[[not_imitated]]`"] == list(NOT_IMITATED_KEYS)
    assert rows["keys of `[[tests]]`"] == list(TEST_KEYS)
    assert rows["keys of `expect`"] == list(EXPECT_KEYS)
    assert rows["stages"] == list(STAGES)


def test_every_option_is_listed() -> None:
    table = "".join(f"| `{name}` | {words} |\n" for name, words in options())
    assert f"| command | options |\n|---|---|\n{table}" in PAGE, table


def test_every_rule_id_is_listed() -> None:
    listed = PAGE.split("## Rule ids", 1)[1].split("```", 2)[1].split()
    assert set(listed) == {rule.id for rule in rules()}


def test_every_word_of_delivery_is_listed() -> None:
    (words,) = re.findall(r"^\| delivery \| (.+) \|$", PAGE, re.M)
    assert {word.strip("`") for word in words.split()} == {state.value for state in DeliveryState}
