"""The server of the screen in a browser: who may use it, and what its page loads."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_line import segtap, use_own_folders
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from segtap.core.errors import EngineError

browser = pytest.importorskip("segtap.tui.browser")
COMMAND = [sys.executable, "-c", "print()"]


@contextlib.asynccontextmanager
async def page(command: list[str] = COMMAND) -> AsyncIterator[str]:
    """The URL of a running server, whose screens end at once."""
    shown, stop = browser.BrowserScreen(command), asyncio.Event()
    running = asyncio.create_task(shown.run(stop))
    async with httpx.AsyncClient(trust_env=False) as http:
        while True:
            with contextlib.suppress(httpx.ConnectError):
                await http.get(shown.url)
                break
    try:
        yield shown.url
    finally:
        stop.set()
        await running


async def test_only_this_machines_browser_with_the_token_gets_the_page() -> None:
    async with page() as url, httpx.AsyncClient(trust_env=False) as http:
        root = url.rsplit("/", 2)[0]
        assert len(url.rsplit("/", 2)[1]) >= 32
        assert (await http.get(url)).status_code == 200
        for path in ("/", "/ws", "/static/js/textual.js", "/x/", "//"):
            assert (await http.get(root + path)).status_code in (401, 404)
        for headers in (
            {"host": "evil.example"},
            {"host": "localhost:1"},
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
        ):
            assert (await http.get(url, headers=headers)).status_code == 403
        assert (await http.get(url, headers={"origin": root, "sec-fetch-site": "same-origin"})).is_success


async def test_only_the_page_itself_connects() -> None:
    async with page() as url:
        own = url.rsplit("/", 2)[0]
        target = url.replace("http", "ws", 1) + "ws"
        refused: list[dict[str, Any]] = [
            {},
            {"origin": "http://evil.example"},
            {"origin": own, "additional_headers": {"Sec-Fetch-Site": "cross-site"}},
        ]
        for options in refused:
            with pytest.raises(InvalidStatus, match="403"):
                async with connect(target, proxy=None, **options):
                    pass
        async with connect(target, proxy=None, origin=own):  # pyright: ignore[reportArgumentType]
            pass


async def test_the_server_ends_after_the_processes_of_its_screens(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    code = f"import os, time; os.close(1); os.close(2); time.sleep(0.5); open({str(ended)!r}, 'w').close()"
    async with page(["exec", sys.executable, "-c", code]) as url:  # no shell that would wait
        target = url.replace("http", "ws", 1) + "ws"
        own = url.rsplit("/", 2)[0]
        async with connect(target, proxy=None, origin=own):  # pyright: ignore[reportArgumentType]
            pass
    assert ended.exists()


async def test_the_page_loads_nothing_from_elsewhere() -> None:
    async with page() as url, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert answer.headers["referrer-policy"] == "no-referrer"
        links = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
        assert len(links) == 5
        for link in links:
            if link != "data:,":
                full = httpx.URL(url).join(link)
                assert str(full).startswith(url)
                assert (await http.get(full)).is_success
        style = (await http.get(f"{url}own/screen.css")).text
        for font in re.findall(r'url\("(.+?)"\)', style):
            assert (await http.get(httpx.URL(f"{url}own/").join(font))).is_success


async def test_a_taken_port_is_an_error() -> None:
    async with page() as url:
        with pytest.raises(EngineError, match="cannot be used: Address already in use"):
            browser.BrowserScreen(COMMAND, port=httpx.URL(url).port)


def test_without_the_extra_the_command_says_what_to_install(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_folders(tmp_path, monkeypatch)
    monkeypatch.setattr("segtap.core.serve.notes.find_engine", lambda url="": ("http://127.0.0.1:9", "t"))
    monkeypatch.delitem(sys.modules, "segtap.tui.browser", raising=False)
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("textual_serve"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    done = segtap("serve")
    assert done.returncode == 2
    assert "pip install 'segtap[serve]'" in done.stderr
