"""Commands run in the test's own process, which is ten times as fast as starting one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segtap.tui.cli import main


class _Pipe(io.BytesIO):
    """A stream with the name that a process has for its stdin."""

    name = "<stdin>"


def use_own_folders(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Keep settings, journals and notes of engines in a folder, and forget the variables of the user."""
    for name in [name for name in os.environ if name.startswith(("SEGTAP_", "MIXPANEL_"))]:
        patch.delenv(name)
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.chdir(folder)


def run(*arguments: str) -> int:
    """Run a command that writes to the streams of the test, and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def segtap(*arguments: str, given: str | bytes = "", columns: int = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with `given` on its stdin."""
    data = given.encode() if isinstance(given, str) else given
    streams = {"stdin": _Pipe(data), "stdout": _Pipe(), "stderr": _Pipe()}
    status: object = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        for name, stream in streams.items():
            patch.setattr(sys, name, io.TextIOWrapper(stream, encoding="utf-8", write_through=True))
        try:
            main(list(arguments))
        except SystemExit as end:
            status = end.code
        stdout, stderr = (streams[name].getvalue().decode() for name in ("stdout", "stderr"))
    assert isinstance(status, int)
    return subprocess.CompletedProcess(("segtap", *arguments), status, stdout, stderr)
