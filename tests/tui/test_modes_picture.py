"""The picture of both modes in the page on connection modes: it is what the app shows of such messages."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from engines import TOKEN, engine_settings, listed, post, running_engine
from fake_viewer import AT, FakeViewer, until
from grids import RULE, grid_of

from segtap.core.api import operations as ops
from segtap.core.api.models import MessageDetail
from segtap.core.engine import build
from segtap.core.settings import SettingPlace
from segtap.core.sources import guide
from segtap.tui.app import SegtapApp

README = Path(__file__).parents[2] / "core" / "sources" / "README.md"
IN_README = re.compile(r"```\n(╭─ Messages [^`]*)\n```")
IN_GUIDE = re.compile(r'SCREEN = """\\\n(╭─ Messages [^"]*)"""')
SIZE = (100, 40)
PAGE = {"url": "https://shop.example/checkout", "path": "/checkout"}
ANONYMOUS, DEVICE = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3", "0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
ORDER = {"order_id": "order-991", "revenue": 59.8, "currency": "EUR"}


def call(number: int, at: int, **fields: Any) -> dict[str, Any]:
    """What analytics.js sends of a user."""
    library = {"name": "analytics.js", "version": "npm:next-1.84.3"}
    return {
        "messageId": f"6d5dc550-92e6-4f3d-8356-{number:012}",
        "userId": "user-7",
        "anonymousId": ANONYMOUS,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03}Z",
        "context": {"page": PAGE, "library": library, "userAgent": "Mozilla/5.0 (X11; Linux x86_64)"},
        **fields,
    }


def event(name: str, number: int, at: int, **more: Any) -> dict[str, Any]:
    """An event of the same user as Mixpanel's SDK sends it for Segment's integration."""
    own = {"mp_lib": "Segment: web", "$current_url": PAGE["url"], "$insert_id": f"o7v9msf3cyyx1tq{number}"}
    ids = {"distinct_id": "user-7", "$user_id": "user-7", "$device_id": DEVICE, "token": TOKEN}
    return {"event": name, "properties": own | ids | {"time": at / 1000, **more}}


def profile(**update: Any) -> dict[str, Any]:
    ((operator, values),) = update.items()
    return {f"${operator}": values, "$token": TOKEN, "$distinct_id": "user-7", "$user_id": "user-7"}


async def send(url: str, path: str, *records: dict[str, Any]) -> None:
    """Post records as Mixpanel's web SDK does."""
    data = base64.b64encode(json.dumps(records).encode()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "Mozilla/5.0"}
    async with httpx.AsyncClient(trust_env=False) as http:
        body = f"data={quote(data, safe='')}"
        await http.post(f"{url}{path}?verbose=1", content=body, headers=headers)


async def details(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[MessageDetail]:
    """What an engine makes of the messages, as if they had come at fixed times."""
    settings = msgspec.structs.replace(
        engine_settings(folder, kind="actions"),
        places={"destination.kind": SettingPlace("file", "segtap.toml")},
    )
    moment = AT

    def after(milliseconds: int) -> int:
        """Let so much time pass, and return when the next request arrives."""
        nonlocal moment
        moment += milliseconds
        return moment

    monkeypatch.setattr(build, "time", SimpleNamespace(time_ns=lambda: moment * 1_000_000))
    async with running_engine(settings) as (engine, client):
        traits = {"email": "zoe@shop.example", "plan": "pro"}
        await post(engine.url, call(1, after(0), type="identify", traits=traits))
        await post(engine.url, call(2, after(50), type="track", event="Order Completed", properties=ORDER))
        known = event("$identify", 1, after(900), **{"$anon_distinct_id": f"$device:{DEVICE}"})
        await send(engine.url, "/track/", known, event("Order Completed", 2, moment, **ORDER))
        first = profile(set_once={"$initial_referrer": "$direct"})
        after(1)
        await send(engine.url, "/engage/", first, profile(set=traits))
        second = ORDER | {"order_id": "order-992"}
        await post(engine.url, call(3, after(850), type="track", event="Order Completed", properties=second))
        await send(engine.url, "/track/", event("Order Completed", 3, after(170) - 166, **second))
        lines = await listed(client, 8)
        return [await client.detail(line.id) for line in lines]


class Recorded(FakeViewer):
    """Shows what an engine made of messages."""

    def __init__(self, details: Sequence[MessageDetail]) -> None:
        super().__init__([one.summary for one in details])
        self._details = {one.summary.id: one for one in details}

    def _answer_detail(self, ask: ops.DetailRequest) -> MessageDetail:
        return self._details[ask.id]


def list_of(lines: Sequence[str]) -> list[str]:
    """The lines of the list, without those that have nothing in them."""
    first = next(number for number, line in enumerate(lines) if line.startswith("╭─ Messages "))
    last = next(number for number, line in enumerate(lines) if number > first and line.startswith("╰"))
    return [line for line in lines[first : last + 1] if line.strip("│ ")]


def panes(lines: Sequence[str]) -> list[str]:
    """The lines below the list, but for empty ones and the keys at the foot."""
    first = next(number for number, line in enumerate(lines) if line.startswith("╰"))
    last = max(number for number, line in enumerate(lines) if line.strip())
    return [line for line in lines[first + 1 : last] if line.strip()]


@pytest.mark.picture
@pytest.mark.usefixtures("still")
async def test_the_picture(
    tmp_path: Path,
    app_on: Callable[..., SegtapApp],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    update = request.config.getoption("update_grids")
    app = app_on(Recorded(await details(tmp_path, monkeypatch)))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 8)
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
        await pilot.press("4", "escape", "end")
        await until(pilot, lambda: main.panes["warnings"].region.height and not main.caption.holding)
        await pilot.pause()
        lines = grid_of(app).split(RULE * SIZE[0])[1].splitlines()
    listed = list_of(lines)
    hold(README, IN_README, "\n".join([*listed, *panes(lines)]), update=update)
    hold(Path(guide.__file__), IN_GUIDE, "\n".join(listed), update=update)


def hold(file: Path, place: re.Pattern[str], picture: str, *, update: bool) -> None:
    """Compare the picture with the one at a place of a file, or put it there."""
    text = file.read_text(encoding="utf-8")
    stored = place.search(text)
    assert stored is not None
    if update:
        file.write_text(text[: stored.start(1)] + picture + text[stored.end(1) :], encoding="utf-8")
        return
    assert stored[1] == picture, f"pytest -m picture --update-grids puts what is there now into {file.name}"
