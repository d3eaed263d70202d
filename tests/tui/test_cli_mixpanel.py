"""`segtap mixpanel`: it prints the command that forwards to it, serves, and lists what it holds."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import httpx
from click.testing import CliRunner, Result

from segtap.tui.cli import cli


def segtap(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["mixpanel", *arguments], standalone_mode=False)


def test_it_serves_and_lists() -> None:
    command = [sys.executable, "-m", "segtap.tui", "mixpanel", "--port", "0", "--answer", "429 x1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("segtap forward --mixpanel-url http://127.0.0.1:")
            url = line.split()[-1]
            now = int(time.time() * 1000)
            sent = [
                {
                    "event": "Bought",
                    "properties": {"distinct_id": user, "time": now, "$insert_id": "i-1", "token": "t"},
                }
                for user in ("anon-1", "u-1")
            ]
            for status in (429, 200):
                answer = httpx.post(f"{url}/import?strict=1", json=sent, auth=("secret", ""), trust_env=False)
                assert answer.status_code == status
            (one,) = [
                json.loads(text)
                for text in segtap("list", "--url", url, "--format", "json").stdout.splitlines()
            ]
            assert (one["insert_id"], len(one["copies"]), one["counted"]) == ("i-1", 2, 2)
            table = segtap("list", "--url", url)
            assert table.stdout.splitlines()[1].split()[:2] == ["i-1", "Bought"]
            assert "but another distinct_id: reports count 2" in table.stdout
            assert table.stderr == "1 of 1 may be counted more than once.\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_wrong_use_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Port {port} is taken" in str(segtap("--port", port).exception)
    assert "'nonsense' is not known" in str(segtap("--port", "0", "--answer", "nonsense").exception)
    assert f"No segtap mixpanel answers at http://127.0.0.1:{port}" in str(
        segtap("list", "--url", f"http://127.0.0.1:{port}").exception
    )
    assert "No segtap mixpanel answers" in str(segtap("list", "--url", "nonsense").exception)
