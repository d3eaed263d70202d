"""`segtap doctor`, as it is typed; and `segtap check` on a stream."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_line import segtap
from engines import engine_settings, post, running_engine
from streams import ANONYMOUS, again, call, uuid

SETTINGS = """
[destination]
token = "0123456789abcdef0123456789abcdef"
region = "us"
project_region = "us"
"""
LOGIN = call("identify", userId="u-1", anonymousId=ANONYMOUS)
ORDER = call("track", 1, userId="u-1", anonymousId=ANONYMOUS, event="Order \x1b[31mCompleted")


@pytest.fixture(autouse=True)
def _settings(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(SETTINGS)


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """A journal with a login and an order."""

    async def fill() -> None:
        async with running_engine(engine_settings(tmp_path)) as (engine, _):
            # By now: what is days old when it arrives is judged otherwise.
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            await post(engine.url, {**LOGIN, "timestamp": at}, {**ORDER, "timestamp": at})
            await engine.indexed()

    asyncio.run(fill())
    return str(tmp_path / "journal.db")


def test_verdicts_come_with_evidence_and_what_to_do(journal: str) -> None:
    done = segtap("doctor", "--journal", journal, "--config", "segtap.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("· Settings that are judged\n    Of segtap.toml, not those that")
    assert f"2 messages from {journal}: 1 identify, 1 track" in " ".join(done.stdout.split())
    region = "✔ Region: where requests go, and where the project stores its data\n    Segment's endpoint: US"
    assert region in done.stdout
    assert "? Project token\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert 'event-name (1). The newest: event "Order ␛[31mCompleted"' in done.stdout
    assert done.stdout.splitlines()[-1].endswith("0 errors, 1 warnings, 4 unknown")


def test_an_error_is_exit_status_1_and_json_is_a_line_a_verdict(journal: str, tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(SETTINGS.replace('project_region = "us"', 'project_region = "eu"'))
    done = segtap("doctor", "--journal", journal, "--json", "--config", "segtap.toml")
    assert done.returncode == 1
    again = segtap("doctor", "--journal", journal, "--format", "json", "--config", "segtap.toml")
    assert again.stdout == done.stdout
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    keys = {"check", "title", "standing", "words", "messages", "fix", "rule"}
    assert all(set(one) == keys for one in verdicts)
    assert [one["check"] for one in verdicts if one["standing"] == "error"] == ["region"]


def test_without_a_journal_the_settings_are_judged() -> None:
    done = segtap("doctor")
    assert (done.returncode, "(there is none yet)" in done.stdout) == (0, True)


def test_a_users_cluster(journal: str) -> None:
    done = segtap("doctor", "--journal", journal, "--user", ANONYMOUS)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "original ID merge: Mixpanel chooses one of these; shown as distinct_id u-1",
        "  user       u-1  1 event, a profile",
        f"  anonymous  {ANONYMOUS}  0 events",
        f"  joined by identify: {ANONYMOUS} to u-1  ({LOGIN['messageId']})",
    ]
    whole = json.loads(segtap("doctor", "--journal", journal, "--user", "u-1", "--json").stdout)
    assert [one["id"] for one in whole["members"]] == ["u-1", ANONYMOUS]
    nobody = segtap("doctor", "--journal", journal, "--user", "u-9")
    assert (nobody.returncode, "try more with --messages" in nobody.stderr) == (1, True)


class _Mixpanel(BaseHTTPRequestHandler):
    """Knows no project."""

    asked: list[Any] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b'{"error": "unknown project"}')

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def mixpanel() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Mixpanel) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_mixpanel_is_asked_only_when_told_to(mixpanel: str, tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(
        SETTINGS.replace("[destination]", f'[destination]\nmixpanel_url = "{mixpanel}"')
    )
    assert segtap("doctor").returncode == 0
    assert _Mixpanel.asked == []
    done = segtap("doctor", "--online")
    assert done.returncode == 1
    assert "✖ Project token, by Mixpanel\n    Mixpanel answers 401 to token" in done.stdout
    path, body = _Mixpanel.asked[0]
    assert path == "/api/app/validate-project-credentials/"
    assert body == {"project_token": "0123456789abcdef0123456789abcdef"}


def test_check_names_a_stream_rule_on_the_message_that_completes_it(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text('mixpanel_group_keys = ["$group_id"]\n' + SETTINGS)
    order = call("track", userId="u-1", event="Order Completed", properties={"total": 12})
    double = again(order, messageId=uuid(77))
    del double["now"]
    group = call("group", 5, userId="u-1")
    page = call("page", 9, userId="u-1")
    lines = "".join(json.dumps(one) + "\n" for one in (order, double, group, page))
    done = segtap("check", "-", "--format", "json", given=lines)
    found = [{one["rule"] for one in json.loads(line)["warnings"]} for line in done.stdout.splitlines()]
    assert "double-fired" not in found[0]
    assert "double-fired" in found[1]
    # The settings name the group key, so that an event without it is an error.
    assert ("group-key-missing-on-event" in found[3], done.returncode) == (True, 1)
