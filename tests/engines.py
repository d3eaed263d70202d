"""Engines for tests: settings that touch nothing of the user's, posting, waiting for what an engine says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from segtap.core.api.client import Client, Viewer
from segtap.core.api.models import EngineState, MessageDetail, Summary
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import (
    DestinationSettings,
    IngestSettings,
    JournalSettings,
    Secret,
    Settings,
)

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
PATIENCE = 90.0
"""Seconds that `until` waits: less than pytest-timeout, which could not say what was waited for."""
API_SECRET = "s3cr3t-api-secret-of-the-project"


def engine_settings(
    folder: Path, *, mixpanel_url: str = "http://127.0.0.1:9", token: str = TOKEN, **more: Any
) -> Settings:
    """An engine on loopback at a free port, with its journal in `folder`.

    `more` are keys of `[ingest]` (host, port, tls_cert, …), `max_bytes` and `ephemeral` of `[journal]`,
    `service_account`, `project_id` and `kind` of `[destination]`, and `demo` and `dry_run`.
    """
    top = {key: more.pop(key) for key in ("demo", "dry_run") if key in more}
    sending = {key: more.pop(key) for key in ("service_account", "project_id", "kind") if key in more}
    kept = {key: more.pop(key) for key in ("max_bytes", "ephemeral") if key in more}
    return Settings(
        destination=DestinationSettings(
            token=token,
            api_secret=Secret(API_SECRET),
            source_name="Web",
            mixpanel_url=mixpanel_url,
            **sending,
        ),
        ingest=IngestSettings(**{"port": 0, **more}),
        journal=JournalSettings(path=str(folder / "journal.db"), **kept),
        **top,
    )


def isolate(folder: Path, setenv: Callable[[str, str], None]) -> None:
    """Put the user's state folder below `folder`; `setenv` is monkeypatch's."""
    setenv("HOME", str(folder / "home"))
    setenv("XDG_STATE_HOME", str(folder / "state"))


@contextlib.asynccontextmanager
async def running_engine(
    settings: Settings, *, forwarding: bool = False
) -> AsyncIterator[tuple[Engine, Client]]:
    """An engine within this process, and a client of it."""
    async with Engine(settings, forwarding=forwarding) as engine, Client(engine.url, engine.token) as client:
        yield engine, client


def track(message_id: str, event: str = "Signed Up", **more: Any) -> dict[str, Any]:
    """A track call with the three ids that Mixpanel wants to see."""
    return {"type": "track", "event": event, "userId": "user-7", "messageId": message_id, **more}


async def post(url: str, *messages: dict[str, Any], write_key: str = "wk") -> httpx.Response:
    """Send one batch, as Segment's SDKs do."""
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE) as http:
        return await http.post(f"{url}/v1/batch", json={"batch": list(messages), "writeKey": write_key})


async def until(viewer: Viewer, holds: Callable[[EngineState], bool]) -> EngineState:
    """Watch the feed until its state satisfies `holds`; fail with the last state after `PATIENCE`."""
    last: EngineState | None = None
    try:
        async with asyncio.timeout(PATIENCE):
            async for frame in viewer.feed():
                last = frame.state or last
                if frame.state is not None and holds(frame.state):
                    return frame.state
    except TimeoutError:
        seen = await viewer.state()
        raise AssertionError(
            f"not within {PATIENCE:g} s: the feed's last state was {last}, asked for now it is {seen}"
        ) from None
    raise AssertionError("the feed ended before")


async def listed(viewer: Viewer, count: int) -> tuple[Summary, ...]:
    """The list, once it has `count` lines."""
    await until(viewer, lambda state: state.received + state.refused >= count)
    summaries = (await viewer.page(limit=1_000)).summaries
    assert len(summaries) == count
    return summaries


async def newest(viewer: Viewer) -> MessageDetail:
    """The last message's detail."""
    return await viewer.detail((await viewer.page(limit=1)).summaries[-1].id)


def free_port() -> int:
    """A port of loopback at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
