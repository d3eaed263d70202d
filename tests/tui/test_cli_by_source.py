"""`--source NAME` of `check`, `translate` and `why`: lines without a write key go by its settings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from click.shell_completion import ShellComplete
from command_line import segtap
from engines import engine_settings, post, running_engine
from streams import call

from segtap.core.config import load
from segtap.tui.cli import cli
from segtap.tui.cli.options import tell_uncovered

pytestmark = pytest.mark.usefixtures("own_folders")

SETTINGS = """
[destination]
source_name = "All"
[segment]
blocked_events = ["Noise"]
[[sources]]
name = "web shop"
write_keys = ["wk_web"]
source_name = "Shop"
blocked_events = ["Debug"]
[[sources]]
name = "till"
write_keys = ["wk_till_1", "wk_till_2"]
source_name = "Till"
plan = "plan.json"
[[sources]]
name = "as all"
write_keys = ["wk_other"]
"""
PLAN = {
    "name": "Till",
    "rules": [
        {
            "type": "TRACK",
            "key": "Debug",
            "version": 1,
            "jsonSchema": {
                "type": "object",
                "required": ["properties"],
                "properties": {"properties": {"type": "object", "required": ["drawer"]}},
            },
        },
        {"type": "TRACK", "key": "Broken", "version": 1, "jsonSchema": {"type": 7}},
    ],
}


@pytest.fixture(autouse=True)
def settings(own_folders: object, tmp_path: Path) -> None:
    """Write settings with three sources, one of which has a plan."""
    (tmp_path / "segtap.toml").write_text(SETTINGS)
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))


def line(write_key: str = "", event: str = "Debug") -> str:
    call = {"type": "track", "event": event, "userId": "u-1", "messageId": f"m-{event}-{write_key}"}
    return json.dumps(
        {**call, "timestamp": "2026-11-24T21:00:00Z"} | ({"writeKey": write_key} if write_key else {})
    )


LINES = "\n".join((line(), line("wk_web"), line("wk_till_2"), line("wk_unknown")))


def sources_of(*options: str) -> list[object]:
    """Return the segment_source_name of each line's request."""
    done = segtap("translate", *options, given=LINES)
    assert done.returncode == 0, done.stderr
    made = map(json.loads, done.stdout.splitlines())
    return [one["requests"][0]["body"][0]["properties"]["segment_source_name"] for one in made]


@pytest.mark.parametrize(
    ("name", "first"), [("", "All"), ("web shop", "Shop"), ("Till", "Till"), ("as all", "All")]
)
def test_a_line_without_a_key_is_of_the_source_and_a_key_wins(name: str, first: str) -> None:
    options = ("--source", name) if name else ()
    assert sources_of(*options) == [first, "Shop", "Till", "All"]


def test_every_stage_goes_by_the_source() -> None:
    made = segtap("translate", "--stages", "all", "--source", "web shop", given=line())
    assert json.loads(made.stdout)["not_sent"]["stage"] == "schema"
    at = 'blocked_events under [[sources]] "web shop"'
    assert f"the event is blocked at its source: {at}" in json.loads(made.stdout)["not_sent"].values()
    why = segtap("why", "--source", "web shop", given="\n".join((line(), line("wk_other"))))
    assert why.returncode == 1
    assert why.stdout.count("it ends at the stage schema") == 1
    assert segtap("why", given=line()).returncode == 0


def test_check_uses_the_plan_of_the_source_and_says_what_of_it_cannot_be_used() -> None:
    done = segtap("check", "--source", "till", given=line())
    assert "plan-violation" in done.stdout
    assert "tracking plan of till: the rule" in done.stderr
    assert "plan-violation" not in segtap("check", given=line()).stdout


def test_a_plan_of_the_command_line_wins_over_that_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(
        json.dumps({"name": "Other", "rules": [{"type": "TRACK", "key": "Seen", "version": 1}]})
    )
    for options, given in ((("--source", "till"), line()), ((), line("wk_till_1"))):
        done = segtap("check", "--plan", "other.json", *options, given=given)
        assert "plan-violation" not in done.stdout
        assert "plan-unplanned-event" in done.stdout


def test_faults_and_gaps_of_its_own_subscriptions_name_the_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "[[subscriptions]]\nname = 'Never'\ntrigger = 'nonsense'\naction = 'trackEvent'\n"
    table += "[subscriptions.mapping]\nevent = 'x'\n"
    (tmp_path / "web.toml").write_text(table)
    named = "[[sources]]\nname = 'web'\nwrite_keys = ['k']\nsubscriptions = 'web.toml'\n"
    (tmp_path / "segtap.toml").write_text(named)
    said = segtap("check", given=line()).stderr
    assert "segtap.toml: the source web: subscription 1 (Never): The trigger" in said
    tell_uncovered(load())
    assert "segtap.toml: the source web: no subscription takes" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "translate", "why"])
def test_a_name_that_is_not_there_is_wrong_use(command: str, tmp_path: Path) -> None:
    done = segtap(command, "--source", "web-shop", given=line())
    assert (done.returncode, done.stdout) == (2, "")
    known = "Did you mean web shop? [[sources]] has web shop, till, as all."
    assert f"There is no source that is named 'web-shop'. {known}" in done.stderr
    assert "Did you mean" not in segtap(command, "--source", "zzz", given=line()).stderr
    (tmp_path / "segtap.toml").write_text("")
    assert "[[sources]] of segtap.toml has none." in segtap(command, "--source", "web", given=line()).stderr


def test_it_does_not_go_with_what_has_no_lines_of_a_source() -> None:
    by_id = segtap("why", "m-9", "--source", "till")
    assert by_id.returncode == 2
    assert "There is no file 'm-9'. --source needs a file or -" in by_id.stderr
    device = segtap("translate", "--destination", "classic-device", "--source", "till", given=line())
    assert (device.returncode, device.stdout) == (2, "")


def test_a_shell_completes_the_names(tmp_path: Path) -> None:
    def offered(*words: str) -> list[tuple[object, object]]:
        shell = ShellComplete(cli, {}, "segtap", "_SEGTAP_COMPLETE")
        return [(one.value, one.help) for one in shell.get_completions(list(words), "")]

    for command in ("check", "translate", "why"):
        assert [name for name, _ in offered(command, "--source")] == ["web shop", "till", "as all"]
    (tmp_path / "other.toml").write_text("[[sources]]\nname = 'b'\nwrite_keys = ['0123456789abcdef0123']\n")
    ((name, words),) = offered("why", "--config", "other.toml", "--source")
    assert name == "b"
    assert "0123456789abcdef0123" not in str(words)
    (tmp_path / "segtap.toml").write_text("[broken")
    assert offered("check", "--source") == []


def test_what_was_received_goes_by_its_source(tmp_path: Path) -> None:
    def said(*at: str) -> tuple[list[int], list[str]]:
        whys = [segtap("why", id, *at).returncode for id in ("m-web", "m-till", "m-other")]
        rows = segtap("users", "--format", "json", "--config", "segtap.toml", *at).stdout.splitlines()
        return whys, sorted(json.loads(row)["ids"][0] for row in rows)

    async def fill() -> tuple[list[int], list[str]]:
        own = msgspec.structs.replace(engine_settings(tmp_path), sources=load().sources)
        async with running_engine(own) as (engine, _):
            for name, key in (("web", "wk_web"), ("till", "wk_till_1"), ("other", "wk_unknown")):
                # The page writes a key into the message, too; that of the request is the source's.
                sent = call("track", 1, userId=name, anonymousId=name, event="Debug", messageId=f"m-{name}")
                await post(engine.url, sent, write_key=key)
            await engine.indexed()
            return await asyncio.to_thread(said, "--url", engine.url)

    expected = ([1, 0, 0], ["other", "till"])  # the web shop blocks the event
    assert asyncio.run(fill()) == expected
    at = ("--journal", str(tmp_path / "journal.db"))
    assert said(*at) == expected
    compared = segtap("compare", "actions", "classic-cloud", "--format", "json", "--all", *at)
    assert compared.returncode == 0, compared.stderr
