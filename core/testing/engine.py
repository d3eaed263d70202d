"""The engine of one test run: a process of its own, on a free port, with a journal that is thrown away."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import msgspec

from ..api.errors import ErrorAnswer, error_from
from ..config import load
from ..errors import EngineError
from ..segment_names import STAND_IN_TOKEN
from ..serve.launch import EngineReady, LaunchOrder
from ..settings import Secret, Settings

STOP_SECONDS = 15.0
LOG_TAIL = 2_000


class TestEngine:
    """A running engine. Nothing is forwarded; it ends with `close`, or with this process.

    `url` is where an SDK sends to, `token` opens what tests may ask.
    """

    __test__ = False  # pytest would collect it for its name

    def __init__(self, process: subprocess.Popen[bytes], url: str, token: str, log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.url = url
        self.token = token

    @property
    def fault(self) -> str:
        """Why the process has ended, "" while it runs."""
        code = self._process.poll()
        return "" if code is None else f"The engine ended with status {code}. {_tail(self._log)}"

    def close(self) -> None:
        """Stop the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def start_test_engine(folder: Path, file: Path | None = None) -> TestEngine:
    """Start an engine that keeps its files in `folder`; `file` has the settings, None for the defaults.

    Raises SettingsError for a file that cannot be used, EngineError.
    """
    token = secrets.token_urlsafe(24)
    order = LaunchOrder(settings=_settings(folder, file, token))
    log = tempfile.TemporaryFile(prefix="segtap-tests-")  # noqa: SIM115 – it lives as long as the engine
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "segtap.core.engine.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        # The user's own engines are not mixed up with those of tests.
        env={**os.environ, "XDG_STATE_HOME": str(folder)},
        # Ctrl-C is for the tests, which then close it.
        start_new_session=os.name == "posix",
    )
    engine = TestEngine(process, "", token, log)
    try:
        engine.url = _ready(process, order, log)
    except BaseException:
        engine.close()
        raise
    return engine


def _settings(folder: Path, file: Path | None, token: str) -> Settings:
    given = load(file=file, look=False)
    ingest = msgspec.structs.replace(
        given.ingest,
        host=("127.0.0.1",),
        port=0,
        tls_cert="",
        tls_key="",
        metrics_token_env="",
        write_keys=(),
        peer_rate=0.0,
        max_connections=0,
        test_token=Secret(token),
    )
    destination = msgspec.structs.replace(
        given.destination, token=given.destination.token or STAND_IN_TOKEN, mixpanel_url=""
    )
    journal = msgspec.structs.replace(given.journal, path=str(folder / "journal.db"), ephemeral=True)
    # A file that changes while tests run does not change what they see.
    return msgspec.structs.replace(given, ingest=ingest, destination=destination, journal=journal, file="")


def _ready(process: subprocess.Popen[bytes], order: LaunchOrder, log: IO[bytes]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    try:
        return msgspec.json.decode(line, type=EngineReady).url
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        raise error_from(msgspec.json.decode(line, type=ErrorAnswer).error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EngineError(f"The engine ended as it started. {_tail(log)}") from None


def _tail(log: IO[bytes]) -> str:
    if log.closed:
        return ""
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL))
    return log.read().decode("utf-8", "replace").strip()
