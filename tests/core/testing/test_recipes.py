"""The recipes of core/testing/README.md, run as they stand there but for ports and names of files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from engines import isolate
from recipes import block, free_port

PLUGIN = "segtap.core.testing.plugin"
pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "MIXPANEL_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.terminal
def test_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(block("python", "def test_checkout"))
    pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", timeout=90).assert_outcomes(
        passed=1
    )


def shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands, and end the engine that they started once it has said that it listens."""
    script = f"set -eu\ntrap 'kill $! && wait' EXIT\n{text}"
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.terminal
def test_curl(tmp_path: Path) -> None:
    port = free_port()
    text = block("sh", "_segtap/wait").replace("localhost:8765", f"127.0.0.1:{port}")
    ready = f"until curl -sf 127.0.0.1:{port}/_segtap/healthz >health; do sleep 0.1; done"
    text = text.replace("--test-token-env TOKEN &", f"--test-token-env TOKEN --port {port} >log &\n{ready}")
    done = shell(text, tmp_path)
    assert done.returncode == 0, done.stderr
    answers = re.sub(r"\}(?=[{1])", "}\n", done.stdout)
    reset, accepted, waited, expected, none = answers.splitlines()
    assert reset == '{"messages":[],"near":[]}'
    assert "true" in accepted
    assert '"total":12' in waited
    assert (expected, none) == ("1 message matches", "0 messages match")


@pytest.mark.terminal
def test_docker_compose(tmp_path: Path) -> None:
    """The command and the health check of the service; pip and the container itself are left out."""
    page = block("yaml", "services:")
    (command,) = re.findall(r"&& (segtap forward [^\"]+)\"", page)
    (check,) = re.findall(r"\"-c\", \"(.+?)\"\]", page)
    variables = dict(re.findall(r"^      ([A-Z_]+): (\S+)$", page.partition("tests:")[0], re.M))
    port = free_port()
    lines = [
        *(f"export {name}={value}" for name, value in variables.items()),
        f"{command} --port {port} >log &",
        f'until python -c "{check.replace("8765", str(port))}" 2>err; do sleep 0.1; done',
        'curl -sf -H "Authorization: Bearer $TEST_TOKEN" -H "Host: segtap:8765" '
        f"127.0.0.1:{port}/_segtap/messages",
    ]
    done = shell("\n".join(lines), tmp_path)
    assert (done.returncode, done.stdout) == (0, '{"messages":[],"near":[]}'), done.stderr


@pytest.mark.terminal
def test_mock(tmp_path: Path) -> None:
    port = free_port()
    text = block("sh", "--compat mock").replace("localhost:8765", f"127.0.0.1:{port}")
    ready = f"until curl -sf 127.0.0.1:{port}/_segtap/healthz >healthz; do sleep 0.1; done"
    text = text.replace("--compat mock &", f"--compat mock --port {port} >log &\n{ready}")
    done = shell(text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith('[{"event":"Hello World","userId":"u-1"}]')
