"""Attaching: through TLS or a tunnel with a token, and where the port or the journal is taken."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import segtap
from engines import engine_settings, isolate, post, running_engine, track
from terminals import in_terminal

from segtap.core.api.client import Client
from segtap.core.errors import EngineError
from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.cli.screen import _distant, _screen

pytestmark = pytest.mark.usefixtures("own_folders")


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A certificate for 127.0.0.1, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    about = ("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(cert))
    subprocess.run(["openssl", "req", "-x509", *curve, *files, *about], check=True, capture_output=True)
    return str(cert), str(key)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
async def test_a_certificate_is_verified_with_the_file_that_is_named(tmp_path: Path) -> None:
    (cert, key), (other, _) = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    async with running_engine(engine_settings(tmp_path, tls_cert=cert, tls_key=key, host=("127.0.0.1",))) as (
        engine,
        _,
    ):
        assert engine.url.startswith("https://")
        async with Client(engine.url, engine.token, ca=cert) as client:
            assert (await client.state()).received == 0
            async for frame in client.feed():
                assert frame.state is not None
                break
        async with Client(engine.url, engine.token, ca=other) as client:
            with pytest.raises(EngineError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.state()
        async with Client(engine.url, engine.token, ca="missing.pem") as client:
            with pytest.raises(EngineError, match=r"missing\.pem"):
                await client.state()


def test_a_token_goes_to_this_machine_or_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIRS", "a-token")
    assert _distant("", "THEIRS") == ("http://127.0.0.1:8765", "a-token")
    assert _distant("http://localhost:9000/", "THEIRS") == ("http://localhost:9000", "a-token")
    assert _distant("https://segtap.example", "THEIRS") == ("https://segtap.example", "a-token")
    with pytest.raises(EngineError, match="ssh -L 8765"):
        _distant("http://segtap.example", "THEIRS")
    with pytest.raises(EngineError, match="NOBODYS, which is not set"):
        _distant("", "NOBODYS")


async def test_ps_tells_the_token_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        plain = await asyncio.to_thread(segtap, "ps", "--format", "json")
        assert engine.token not in plain.stdout
        shown = await asyncio.to_thread(segtap, "ps", "--format", "json", "--show-secrets")
        assert json.loads(shown.stdout)["token"] == engine.token
        assert (await asyncio.to_thread(segtap, "ps", "--show-secrets")).returncode == 2


async def test_a_screen_that_fails_says_so_by_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(app: SegtapApp, *, mouse: bool) -> None:
        app.exit(return_code=1)

    monkeypatch.setattr(SegtapApp, "run_async", fails)
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        assert await _screen(engine.url, engine.token, Settings(), "") == 1


def _screen_offers(folder: Path, port: int, arguments: tuple[str, ...], words: str) -> None:
    with in_terminal("--port", str(port), *arguments, folder=folder, size=(120, 40)) as terminal:
        terminal.wait_for(words)
        terminal.type("y\r")
        terminal.wait_for("A Taken Name")
        terminal.type("q")
        terminal.wait_for_end()


@pytest.mark.terminal
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda port: (str(port), ()), "has port [0-9]+. Attach to it"),
        (lambda port: ("0", ("--journal", "taken/journal.db")), "has this journal. Attach to it"),
    ],
    ids=["port", "journal"],
)
async def test_the_screen_offers_to_attach_where_something_is_taken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Callable[[int], tuple[str, tuple[str, ...]]],
    words: str,
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    (tmp_path / "taken").mkdir()
    async with running_engine(engine_settings(tmp_path / "taken")) as (engine, client):
        await post(engine.url, track("m-1", "A Taken Name"))
        port, more = arguments(int(engine.url.rsplit(":", 1)[1]))
        await asyncio.to_thread(_screen_offers, tmp_path, int(port), more, words)
        assert (await client.state()).received == 1


@pytest.mark.terminal
async def test_without_a_screen_the_way_to_attach_is_said(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        port = engine.url.rsplit(":", 1)[1]
        command = [sys.executable, "-P", "-m", "segtap.tui", "forward", "--dry-run", "--token-env", "T"]
        environ = {**os.environ, "T": "any"}
        for more in (("--port", port), ("--port", "0", "--journal", str(tmp_path / "journal.db"))):
            done = await asyncio.create_subprocess_exec(
                *command,
                *more,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environ,
            )
            _, said = await done.communicate()
            assert done.returncode == 2
            assert f"segtap attach {engine.url}" in said.decode()
