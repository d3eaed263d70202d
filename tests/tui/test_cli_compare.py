"""`segtap compare`: files, pipes, journals and a running engine; a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_line import segtap
from details import MESSAGES as RECORDED
from processes import running

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]
FILE = """
[destination]
token = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
[classic]
people = true
event_increments = ["Order Completed"]
"""


pytestmark = pytest.mark.usefixtures("own_folders")


NOW = datetime.now(UTC).isoformat()
MESSAGES = {name: {**message, "timestamp": NOW} for name, message in RECORDED.items()}
"""As old as the run: the classic destination sends events older than five days to another endpoint."""
LINES = "\n".join(json.dumps(MESSAGES[name]) for name in ("order", "identify", "page"))
BOTH = ("compare", "actions", "classic-cloud")


def test_a_file_becomes_a_table_and_a_summary(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(FILE)
    (tmp_path / "messages.jsonl").write_text(LINES)
    done = segtap(*BOTH, "messages.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("track Order Completed (node-next-")
    assert "  Lost with Actions" in lines
    assert any(line.split()[:1] == ["event-increment"] for line in lines)
    assert any("Actions: POST /import?strict=1" in line and "Classic: POST /track" in line for line in lines)
    assert "3 messages compared" in lines
    assert max(map(len, lines)) <= 120
    assert "a1b2c3d4" not in done.stdout


def test_a_narrow_terminal_has_one_below_the_other() -> None:
    done = segtap(*BOTH, "-", given=LINES, columns=80)
    assert done.returncode == 0
    assert "YOUR-PROJECT-TOKEN stands for it" in done.stderr
    assert "    Actions POST /import?strict=1" in done.stdout.splitlines()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_first_named_is_on_the_left() -> None:
    done = segtap("compare", "classic-cloud", "actions", "-", "--all", given=LINES)
    assert any(
        line.index("Classic: POST /track") < line.index("Actions: POST /import")
        for line in done.stdout.splitlines()
        if "Classic: POST /track" in line and "Actions: POST /import" in line
    )
    assert "= properties.order_id" in done.stdout


def test_json_has_a_line_a_message_and_the_summary_last(tmp_path: Path) -> None:
    done = segtap(*BOTH, "-", "--format", "json", "--now", "2026-11-25T00:00:00Z", given=f"nope\n{LINES}")
    assert done.returncode == 1
    error, order, _, _, last = map(json.loads, done.stdout.splitlines())
    assert error["line"] == 1
    assert (order["one"]["destination"], order["other"]["destination"]) == ("actions", "classic-cloud")
    assert order["one"]["requests"][0]["authorization"] == "Basic ••••"
    (insert_id,) = [loss for loss in order["losses"] if loss["id"] == "insert-id-undocumented"]
    assert insert_id["lost_by"] is None
    assert insert_id["source"].startswith("https://")
    rows: Any = {row["path"]: row for row in order["pairs"][0]["properties"]}
    row = rows["properties.$insert_id"]
    assert (row["state"], "other" in row) == ("one", False)
    assert row["unknown"] == {"other": "set by Segment, value unknown"}
    assert row["one"] == order["one"]["requests"][0]["body"][0]["properties"]["$insert_id"]
    assert "$insert_id" not in order["other"]["requests"][0]["body"]["properties"]
    assert last["summary"]["messages"] == 3
    assert last["summary"]["failed"] == 1


def test_the_summary_alone() -> None:
    done = segtap(*BOTH, "-", "--summary", given=LINES)
    assert done.stdout.splitlines()[0] == "3 messages compared"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("actions", "actions", "-"), "two different destinations"),
        (("actions", "classic", "-"), "is not one of"),
        (("actions", "classic-cloud", "-", "--journal", "x.db"), "not both"),
        (("actions", "classic-cloud", "-", "--now", "soon"), "not a time"),
        (("actions", "classic-cloud"), "No segtap is running"),
    ],
)
def test_wrong_use_is_told(arguments: tuple[str, ...], told: str) -> None:
    done = segtap("compare", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert told in done.stderr


@contextmanager
def engine(*arguments: str) -> Iterator[str]:
    """A headless engine on a free port, and its URL; stopped at the end."""
    command = [*SEGTAP, "forward", "--port", "0", "--host", "127.0.0.1", "--dry-run", *arguments]
    with running(command) as process:
        said = next(one for one in map(json.loads, process.stdout) if one["message"] == "listening")
        yield said["urls"][0]


def test_the_newest_of_a_running_engine_and_a_journal_are_read(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(FILE)
    with engine("--journal", "kept.db") as url:
        for name in ("identify", "page", "order"):
            sent = {**MESSAGES[name], "messageId": f"own-{name}"}
            assert httpx.post(f"{url}/v1/batch", json={"batch": [sent]}, trust_env=False).status_code == 200
        assert httpx.post(f"{url}/v1/track", content=b"{", trust_env=False).status_code == 400
        newest = segtap(*BOTH, "--count", "2", "--format", "json")
        *messages, summary = map(json.loads, newest.stdout.splitlines())
        assert [one["messageId"] for one in messages] == ["own-page", "own-order"]
        assert summary["summary"]["failed"] == 0
        held = segtap(*BOTH, "--journal", "kept.db", "--summary")
        assert held.stdout.splitlines()[0] == "3 messages compared"
    kept = segtap(*BOTH, "--journal", "kept.db")
    assert "event-increment" in kept.stdout
    # The settings are those that the messages were received by, wherever it is asked, unless a file is named.
    (tmp_path / "segtap.toml").unlink()
    (tmp_path / "other.toml").write_text('[destination]\ntoken = "abc"\n')
    assert segtap(*BOTH, "--journal", "kept.db").stdout == kept.stdout
    other = segtap(*BOTH, "--journal", "kept.db", "--config", "other.toml")
    assert "event-increment" not in other.stdout
    assert "3 messages compared" in kept.stdout
