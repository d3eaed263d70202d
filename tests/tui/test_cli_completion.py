"""`segtap completion`: the scripts make the shells that are installed complete."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from command_line import segtap
from engines import engine_settings
from terminals import Terminal

from segtap.core.catalogue import BY_ID
from segtap.core.engine.lifecycle import Engine
from segtap.tui.cli import COMMANDS, cli

pytestmark = pytest.mark.usefixtures("own_folders")

SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
"""Shells that are typed into."""


def offered(line: str) -> list[str]:
    """Return what is offered at the end of a command line."""
    *words, incomplete = line.split(" ")
    shell = ShellComplete(cli, {}, "segtap", "_SEGTAP_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `segtap` on the path that is the one under test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "segtap"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m segtap.tui "$@"\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@contextlib.contextmanager
def typing_into(command: list[str]) -> Iterator[Terminal]:
    """Open a shell in a terminal."""
    near, far = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "PS1": "$ "}
    with subprocess.Popen(
        command, stdin=far, stdout=far, stderr=far, start_new_session=True, env=environ
    ) as process:
        os.close(far)
        try:
            yield Terminal(near, process)
        finally:
            process.kill()
            os.close(near)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("program")
def test_a_shell_completes_commands_options_and_values(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    with typing_into(SHELLS[shell]) as terminal:
        first = "autoload -Uz compinit && compinit -u; " if shell == "zsh" else ""
        terminal.type(f'{first}eval "$(segtap completion {shell})"; echo re""ady\n')
        terminal.wait_for(r"ready\s")
        before = len(terminal.raw)
        for typed, drawn in (
            ("segtap transl\t", r"translate "),
            ("--dest\t", r"--destination "),
            ("classic-c\t", r"classic-cloud"),
        ):
            terminal.type(typed)
            terminal.wait_for(drawn, since=before)


@pytest.mark.usefixtures("program")
def test_fish_completes_commands_and_values() -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    command = 'segtap completion fish | source; complete -C "segtap decod"; complete -C "segtap completion f"'
    done = subprocess.run(
        ["fish", "-N", "-c", command], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [f"decode\t{COMMANDS['decode'][1]}", "fish"]


def test_each_shell_gets_its_script() -> None:
    for shell in ("bash", "zsh", "fish"):
        done = segtap("completion", shell)
        assert done.returncode == 0
        assert f"_SEGTAP_COMPLETE={shell}_complete" in done.stdout
        assert ('split --max 1 ","' in done.stdout) == (shell == "fish")  # values may have a comma
    assert segtap("completion", "tcsh").returncode == 2


def test_commands_are_offered_without_importing_them() -> None:
    assert offered("") == list(COMMANDS)
    assert offered("jour") == ["journal"]
    code = (
        "import sys; from segtap.tui.cli import cli; from click.shell_completion import ShellComplete\n"
        "assert ShellComplete(cli, {}, 'segtap', '').get_completions([], 'tr')\n"
        "assert not [name for name in sys.modules if name.startswith('segtap.tui.cli.l')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_values_are_offered(tmp_path: Path) -> None:
    assert offered("stop ") == []
    async with Engine(engine_settings(tmp_path)) as engine:
        for line in ("stop ", "attach h", "tail --url ", "doctor --url http"):
            assert offered(line) == [engine.url]
    assert offered("explain event-name") == [id for id in BY_ID if id.startswith("event-name")]
    assert offered("help tran") == ["translate"]
    assert "duplicates" in offered("help dup")
    assert offered("check --format j") == ["json", "junit"]
    shell = ShellComplete(cli, {}, "segtap", "_SEGTAP_COMPLETE")
    (item,) = shell.get_completions(["forward", "--plan"], "pl")
    assert item.type == "file"
