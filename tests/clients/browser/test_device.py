"""Mixpanel's SDKs in Chromium against a running engine: each event that the page sent is in segtap, whole."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from engines import engine_settings, listed, running_engine, until
from sdk_clients import Browser, Visit
from standins import http, stand_in

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState, Summary
from segtap.core.engine.lifecycle import Engine
from segtap.core.messages import Marks
from segtap.core.settings import DeviceModeSettings
from segtap.core.snippets import DEVICE_SNIPPETS

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
START = """
import mixpanel from 'mixpanel-browser'
window.mixpanel = mixpanel
mixpanel.init('$token', { api_host: '$host', batch_flush_interval_ms: 200, persistence: 'localStorage' })
"""
CALLS = """
mixpanel.track('Seen', { text: 'Zoë 🎉 ~ü', price: 19.95, list: [{ a: 1 }, null], nul: null })
mixpanel.identify('user-1')
mixpanel.people.set({ $$email: 'zoe@shop.example', plan: 'pro' })
mixpanel.people.increment('visits', 2)
mixpanel.get_group('company', 'acme').set_once({ seats: 3 })
mixpanel.alias('user-2')
mixpanel.track('Bought', { at: new Date(0) })
"""
QUEUED = f"""new Promise((done) => {{
  const queue = () => localStorage['__mpq_{TOKEN}_ev'] ?? ''
  const look = () => (queue().includes('Leaving 2') ? done() : setTimeout(look, 1))
  look()
}})"""
"""Waits until the SDK has the last event in its queue, which it fills behind the call."""
INTEGRATION = b"""
window.mixpanelDeps = []
window.mixpanelLoader = () => {
  window.mixpanelIntegration = class {
    constructor(settings) { this.settings = settings; this.heard = {} }
    on(name, listener) { this.heard[name] = listener }
    once(name, listener) { this.heard[name] = listener }
    initialize() {
      mixpanel.init(this.settings.token, { ...this.settings, batch_requests: false })
      mixpanel.register({ mp_lib: 'Segment: web' })
      this.heard.initialize()
      this.heard.ready()
    }
    invoke(type, call) { if (type === 'track') mixpanel.track(call.event(), call.properties()) }
  }
}
"""
"""In place of Segment's integration, which is not on npm. analytics.js finds, sets up and calls it alike."""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as running:
        yield running


def start(url: str) -> str:
    return START.replace("$token", TOKEN).replace("$host", url)


def records(visit: Visit, url: str) -> list[dict[str, Any]]:
    """The records in what the pages posted there, in order."""
    return [record for body in visit.bodies(url) for record in records_in(body.decode())]


def records_in(body: str) -> list[dict[str, Any]]:
    """The records in a body of Mixpanel's SDK."""
    data = base64.b64decode(parse_qs(body)["data"][0])
    # Mixpanel's SDK writes what is not in the basic plane as two surrogates, each in UTF-8.
    text = data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


async def received(viewer: Client, count: int) -> list[dict[str, Any]]:
    """The records in segtap, oldest first."""
    return [json.loads((await viewer.detail(line.id)).document) for line in await listed(viewer, count)]


async def test_each_call_is_there_whole_and_in_order(engine: tuple[Engine, Client], browser: Browser) -> None:
    running, viewer = engine
    async with browser.play([{"open": start(running.url) + CALLS}]) as visit:
        got = await received(viewer, 9)
    events = [one for one in got if "event" in one]
    assert events == records(visit, f"{running.url}/track/")
    assert {one["event"] for one in events} == {"Seen", "$identify", "$create_alias", "Bought"}
    assert [one for one in got if "$group_key" in one] == records(visit, f"{running.url}/groups/")
    profiles = [one for one in got if "event" not in one and "$group_key" not in one]
    assert profiles == records(visit, f"{running.url}/engage/")
    assert next(one for one in events if one["event"] == "Seen")["properties"]["text"] == "Zoë 🎉 ~ü"
    assert visit.errors == []


def more_than(count: int, state: EngineState) -> bool:
    return state.received > count


async def test_nothing_is_lost_when_a_page_closes_or_is_offline(
    engine: tuple[Engine, Client], browser: Browser
) -> None:
    running, viewer = engine
    track = "void mixpanel.track('{}')".format
    acts: list[dict[str, Any]] = [
        {"open": start(running.url)},
        {"run": track("Online")},
        {"until": ["response", "/track/", 1]},
        {"offline": True},
        {"run": track("Offline 1") + ";" + track("Offline 2")},
        {"until": ["requestfailed", "/track/", 1]},
        {"offline": False},
        # After the next request the SDK sends nothing by itself: events are left when the page closes.
        {"run": "mixpanel.set_config({ batch_flush_interval_ms: 60000 });" + track("Back")},
        {"until": ["response", "/track/", 2]},
        {"run": track("Leaving 1") + ";" + track("Leaving 2")},
        {"run": QUEUED},
        {"close": True},
        {"open": start(running.url)},  # which sends what the closed page left behind, some of it again
    ]
    wanted = ["Online", "Offline 1", "Offline 2", "Back", "Leaving 1", "Leaving 2"]
    async with browser.play(acts) as visit:
        got: dict[str, dict[str, Any]] = {}
        lines: tuple[Summary, ...] = ()
        while len(got) < len(wanted):
            await until(viewer, partial(more_than, len(lines)))
            lines = (await viewer.page(limit=100)).summaries
            for line in lines:
                if not line.marks & Marks.SECOND_RECEIPT:
                    record = json.loads((await viewer.detail(line.id)).document)
                    got[record["properties"]["$insert_id"]] = record
    names = [one["event"] for one in sorted(got.values(), key=lambda one: one["properties"]["time"])]
    assert names == wanted
    # What was posted while offline never left. What a page posts as it closes, it may post again later.
    posted: dict[str, dict[str, Any]] = {}
    for url, body, online in visit.posted:
        if online and url.startswith(f"{running.url}/track/"):
            for record in records_in(body):
                posted.setdefault(record["properties"]["$insert_id"], record)
    assert list(got.values()) == list(posted.values())


async def test_a_page_that_runs_mixpanel_already_is_brought_here(
    engine: tuple[Engine, Client], browser: Browser
) -> None:
    running, viewer = engine
    line = next(one for one in DEVICE_SNIPPETS if one.sdk == "Mixpanel in the page").fill(running.url)
    # Without analytics.js, as the note at the line says.
    code = start("http://127.0.0.1:1") + line.replace("analytics.ready", ";(run => run())") + CALLS
    async with browser.play([{"open": code}]) as visit:
        got = await received(viewer, 9)
    assert {one["event"] for one in got if "event" in one} == {"Seen", "$identify", "$create_alias", "Bought"}
    assert {url.partition("?")[0] for method, url, _ in visit.requests if method == "POST"} == {
        f"{running.url}/{name}/" for name in ("track", "engage", "groups")
    }


async def test_device_mode_in_the_settings_makes_analytics_js_run_the_integration(
    tmp_path: Path, browser: Browser
) -> None:
    async with stand_in() as cdn:
        cdn.answer = http(200, INTEGRATION, "Content-Type: text/javascript")
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, token=TOKEN),
            device_mode=DeviceModeSettings(enabled=True, integration_cdn_url=cdn.url),
        )
        async with running_engine(settings) as (running, viewer):
            host = running.url.removeprefix("http://")
            code = f"""
import mixpanel from 'mixpanel-browser'
import {{ AnalyticsBrowser }} from '@segment/analytics-next'
window.mixpanel = mixpanel
const analytics = AnalyticsBrowser.load({{ writeKey: 'WRITE_KEY', cdnURL: '{running.url}' }},
  {{ integrations: {{ 'Segment.io': {{ apiHost: '{host}/v1', protocol: 'http' }} }} }})
analytics.ready(() => analytics.track('Signed Up', {{ plan: 'pro' }}))
"""
            async with browser.play([{"open": code}]) as visit:
                both = await received(viewer, 2)
            (sent,) = records(visit, f"{running.url}/track/")
        assert [one.line.split()[1] for one in cdn.requests] == [
            "/next-integrations/integrations/mixpanel/latest/mixpanel.dynamic.js.gz"
        ]
    device = next(one for one in both if "type" not in one)
    cloud = next(one for one in both if "type" in one)
    assert device == sent
    assert (device["event"], cloud["event"]) == ("Signed Up", "Signed Up")
    assert device["properties"]["token"] == TOKEN
    assert device["properties"]["mp_lib"] == "Segment: web"
    assert "Mixpanel" in cloud["_metadata"]["bundled"]
    assert visit.errors == []
