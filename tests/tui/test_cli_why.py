"""`segtap why` on the command line: files, stdin and messageIds, and the exit status."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import httpx
import pytest
from command_line import segtap
from engines import engine_settings, post, running_engine
from streams import call

RECORD = {"event": "Seen", "properties": {"token": "ab12" * 8, "$insert_id": "i-1", "distinct_id": "u-1"}}
MESSAGE = {"type": "track", "event": "Signed Up", "userId": "u-1", "messageId": "m-1"}


pytestmark = pytest.mark.usefixtures("own_folders")


def test_a_file_and_stdin_are_read(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(MESSAGE, indent=2))
    by_file, by_stdin = segtap("why", "m.json"), segtap("why", given=json.dumps(MESSAGE))
    assert (by_file.returncode, by_stdin.returncode) == (0, 0)
    assert by_file.stdout == by_stdin.stdout
    lines = by_file.stdout.splitlines()
    assert lines[0] == "track Signed Up (m-1)"
    assert [line.split()[1] for line in lines if line.startswith("  ✔")] == [
        "segment",
        "integrations",
        "subscriptions",
    ]
    assert "It reaches Mixpanel, with 1 request." in lines


@pytest.mark.parametrize("command", ["why", "check", "translate"])
def test_with_several_routes_the_one_that_is_gone_by_is_named(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "ab12" * 8)
    routes = (
        f'[[routes]]\nname = "{name}"\nkind = "mixpanel"\ntoken_env = "MY_TOKEN"\nregion = "{name}"\n'
        for name in ("eu", "us")
    )
    (tmp_path / "segtap.toml").write_text("".join(routes))
    said = "Judged along the route eu. With --route NAME along another one: us.\n"
    by_default, by_first, by_second = (
        segtap(command, "-", *more, given=json.dumps({**MESSAGE, "timestamp": "2026-11-01T00:00:00Z"}))
        for more in ((), ("--route", "eu"), ("--route", "us"))
    )
    assert said in by_default.stderr
    assert "Judged along" not in by_first.stderr + by_second.stderr
    assert by_default.stdout == by_first.stdout
    if command == "translate":
        assert "api-eu.mixpanel.com" in by_default.stdout
        assert "api-eu.mixpanel.com" not in by_second.stdout


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="a shell's <(command) is a file below /dev/fd")
def test_a_pipe_is_read() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, json.dumps(MESSAGE).encode())
    os.close(theirs)
    done = segtap("why", f"/dev/fd/{ours}")
    os.close(ours)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "track Signed Up (m-1)")


def test_the_status_is_1_if_one_message_does_not_reach_mixpanel(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text("[[filters]]\nname = 'No tests'\nif = 'userId = \"t\"'\n")
    both = "\n".join(json.dumps({**MESSAGE, "userId": user}) for user in ("u", "t"))
    done = segtap("why", "-", given=both)
    assert done.returncode == 1
    assert "It does not reach Mixpanel: it ends at the stage filters." in done.stdout
    assert done.stdout.count("track Signed Up (m-1)") == 2


def test_what_can_be_read_is_shown_and_the_rest_is_named() -> None:
    done = segtap("why", given=json.dumps(MESSAGE) + "\n{broken\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "track Signed Up (m-1)")
    assert "Line 2: not JSON" in done.stderr


def test_what_cannot_be_read_or_found_says_so() -> None:
    for arguments, given in ((("why",), "nonsense"), (("why",), ""), (("why", "m-9"), "")):
        done = segtap(*arguments, given=given)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
    assert "no file 'm-9'" in segtap("why", "m-9").stderr


def test_a_message_id_is_looked_up_in_the_journal_and_judged_by_its_settings(tmp_path: Path) -> None:
    order = call("track", 1, userId="u-1", event="Order Completed")

    async def fill() -> None:
        async with running_engine(engine_settings(tmp_path)) as (engine, _):
            await post(engine.url, order, order)
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.post(f"{engine.url}/track/", content=f"data={json.dumps(RECORD)}")
            await engine.indexed()

    asyncio.run(fill())
    (tmp_path / "other.toml").write_text("[segment]\nblocked_events = ['Order Completed']\n")
    found = ("why", order["messageId"], "--journal", str(tmp_path / "journal.db"))
    done = segtap(*found)
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        f"track Order Completed ({order['messageId']})",
    )
    assert "Received 2 times." in done.stderr
    device = segtap("why", "i-1", "--journal", str(tmp_path / "journal.db"))
    assert device.returncode == 0
    assert device.stdout.splitlines()[0] == "device mode Seen"
    assert "segtap does not forward it: another project (ab12…)." in device.stdout
    blocked = segtap(*found, "--config", "other.toml")
    assert blocked.returncode == 1
    assert "ends at the stage schema" in blocked.stdout
