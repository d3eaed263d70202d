"""Chromium with the real SDKs against a running engine: every event that it sends is in segtap, whole."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import pytest
from engines import TOKEN, engine_settings, listed, running_engine
from sdk_clients import Browser, Visit

from segtap.core.api.client import Client
from segtap.core.api.models import MessageDetail
from segtap.core.demo.sample_page import find_sdks, page_url, sample_page
from segtap.core.engine.lifecycle import Engine

LOAD = """
import { AnalyticsBrowser } from '@segment/analytics-next'
const analytics = window.analytics = AnalyticsBrowser.load(
  { writeKey: 'WRITE_KEY', cdnURL: '$url' },
  { integrations: { 'Segment.io': { apiHost: '$host/v1', protocol: 'http', $delivery } } })
"""
BATCHING = "deliveryStrategy: { strategy: 'batching', config: { size: 4, timeout: 300 } }"
CALLS = """
window.done = (async () => {
  await analytics.page('Docs', 'Intro')
  await analytics.identify('user-1', { name: 'Zoë 🎉', tags: ['a', 'b'], nul: null })
  await analytics.track('Signed Up', { plan: 'pro', price: 19.95, list: [{ a: 1 }, { b: [2] }] })
  await analytics.group('acme', { seats: 3 })
  await analytics.alias('user-2')
  await analytics.screen('Main')
})()
"""


SAID = "if (!document.getElementById('log').textContent.includes('$words')) throw new Error('not said')"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as running:
        yield running


def load(url: str, delivery: str = "") -> str:
    return Template(LOAD).substitute(url=url, host=url.removeprefix("http://"), delivery=delivery)


def sent_to_segment(visit: Visit, url: str) -> list[dict[str, Any]]:
    """The messages in what the pages posted, in order."""
    return [one for body in visit.bodies(f"{url}/v1/") for one in messages(body)]


def messages(body: bytes | str) -> list[dict[str, Any]]:
    """The messages in what was posted to Segment."""
    document = json.loads(body)
    return document.get("batch", [document])


async def received(viewer: Client, count: int) -> list[dict[str, Any]]:
    """The messages in segtap, oldest first, as their SDK wrote them."""
    return [json.loads((await viewer.detail(line.id)).original) for line in await listed(viewer, count)]


@pytest.mark.parametrize("delivery", ["", BATCHING], ids=["one by one", "batching"])
async def test_cloud_mode_each_call_is_there_whole_and_in_order(
    engine: tuple[Engine, Client], browser: Browser, delivery: str
) -> None:
    running, viewer = engine
    acts = [{"open": load(running.url, delivery) + CALLS}, {"run": "window.done"}, {"idle": True}]
    async with browser.play(acts) as visit:
        got = await received(viewer, 6)
    assert got == sent_to_segment(visit, running.url)
    assert [one["type"] for one in got] == ["page", "identify", "track", "group", "alias", "screen"]
    assert got[1]["traits"] == {"name": "Zoë 🎉", "tags": ["a", "b"], "nul": None}
    assert visit.errors == []


@pytest.mark.parametrize("delivery", ["", BATCHING], ids=["one by one", "batching"])
async def test_cloud_mode_nothing_is_lost_when_a_page_closes_or_is_offline(
    engine: tuple[Engine, Client], browser: Browser, delivery: str
) -> None:
    running, viewer = engine
    track = "void analytics.track('{0}', {{ at: '{0} 🎉', list: [{{ a: 1 }}, null] }})".format
    acts: list[dict[str, Any]] = [
        {"open": load(running.url, delivery)},
        {"run": "analytics.ready(() => 0) && analytics.track('Online').then(() => 0)"},
        {"idle": True},
        {"offline": True},
        {"run": track("Offline 1")},
        {"run": track("Offline 2")},
        {"offline": False},
        {"run": "new Promise((sent) => analytics.once('dispatch_end', sent) && setTimeout(sent, 1500))"},
        {"idle": True},
        {"run": track("Leaving 1") + ";" + track("Leaving 2")},
        {"close": True},
    ]
    async with browser.play(acts) as visit:
        got = await received(viewer, 5)
    # What was posted while offline never left, and is posted again, with another sentAt.
    posted = [
        message
        for url, body, online in visit.posted
        if online and url.startswith(f"{running.url}/v1/")
        for message in messages(body)
    ]
    assert got == posted
    names = ["Online", "Offline 1", "Offline 2", "Leaving 1", "Leaving 2"]
    assert [one["event"] for one in got] == names
    assert [one["properties"] for one in got[1:]] == [
        {"at": f"{name} 🎉", "list": [{"a": 1}, None]} for name in names[1:]
    ]


async def test_the_sample_page_makes_each_call(engine: tuple[Engine, Client], browser: Browser) -> None:
    running, viewer = engine
    sdks = find_sdks([browser.folder])
    assert sdks is not None
    with served(sample_page(sdks, running.url)) as url:
        calls = ("identify", "track", "page", "group", "alias")
        acts: list[dict[str, Any]] = [
            {"visit": url},
            {"run": "new Promise((ready) => analytics.ready(() => ready()))"},
            {"click": "#alias"},
            *({"click": f"#{name}"} for name in (*calls, "reset")),
            {"idle": True},
            {"run": SAID.replace("$words", "analytics.js sent the known user, user-7, in place of user-7-")},
        ]
        async with browser.play(acts) as visit:
            got = await received(viewer, 6)
        assert sorted(one["type"] for one in got) == sorted(["alias", *calls])
        # Once somebody is identified, analytics.js replaces the new id: the page says so.
        known = [one["userId"] == "user-7" for one in got if one["type"] == "alias"]
        assert sorted(known) == [False, True]
        assert visit.errors == []
        assert {urlsplit(sent_to).netloc for _, sent_to, _ in visit.requests} == {
            urlsplit(url).netloc,
            urlsplit(running.url).netloc,
        }


async def test_the_sample_page_makes_each_call_in_device_mode(
    engine: tuple[Engine, Client], browser: Browser
) -> None:
    running, viewer = engine
    sdks = find_sdks([browser.folder])
    assert sdks is not None
    calls = ("alias", "identify", "track", "page", "group", "reset", "mixpanel-reset", "track")
    with served(sample_page(sdks, running.url, token=TOKEN)) as url:
        acts: list[dict[str, Any]] = [
            {"visit": url},
            {"run": "new Promise((ready) => analytics.ready(() => ready()))"},
            {"click": "#cloud"},
            {"click": "#device"},
            *({"click": f"#{name}"} for name in calls),
            {"idle": True},
        ]
        async with browser.play(acts) as visit:
            lines = await listed(viewer, 10)
        assert visit.errors == []
    assert {line.type for line in lines} == {"raw"}
    names = [line.name for line in lines]
    events = [name for name in names if not name.startswith("$set")]
    assert sorted(events) == [
        "$create_alias",
        "$identify",
        "$identify",
        "Loaded a Page",
        *["Order Completed"] * 2,
    ]
    assert sorted(name for name in names if name.startswith("$set")) == [
        "$set",
        "$set",
        "$set_once",
        "$set_once",
    ]
    orders = [line.user for line in lines if line.name == "Order Completed"]
    assert orders[1].startswith("$device:"), "mixpanel.reset begins another visitor"


async def test_the_sample_page_with_both_modes_on_counts_twice_and_segtap_says_so(
    engine: tuple[Engine, Client], browser: Browser
) -> None:
    running, viewer = engine
    sdks = find_sdks([browser.folder])
    assert sdks is not None
    with served(sample_page(sdks, running.url, token=TOKEN)) as url:
        acts: list[dict[str, Any]] = [
            {"visit": url},
            {"run": "new Promise((ready) => analytics.ready(() => ready()))"},
            {"click": "#device"},
            {"run": "if (document.getElementById('both').hidden) throw new Error('no warning')"},
            {"click": "#track"},
        ]
        async with browser.play(acts) as visit:
            lines = await listed(viewer, 2)
        assert visit.errors == []
    details = [await viewer.detail(line.id) for line in lines]
    assert [one.source_kind for one in details] == ["segment", "mixpanel"]
    cloud, device = (json.loads(one.document) for one in details)
    assert cloud["event"] == device["event"] == "Order Completed"
    assert device["properties"]["order_id"] == cloud["properties"]["order_id"]
    rules = {finding.rule for one in details for finding in one.verdict.findings}
    assert "cloud-and-device-mode" in rules


async def test_each_call_with_both_modes_on_is_paired_with_its_own_copy(
    engine: tuple[Engine, Client], browser: Browser
) -> None:
    running, viewer = engine
    sdks = find_sdks([browser.folder])
    assert sdks is not None
    calls = ("page", "track", "track", "identify", "track", "page", "group", "track", "alias")
    with served(sample_page(sdks, running.url, token=TOKEN)) as url:
        acts: list[dict[str, Any]] = [
            {"visit": url},
            {"run": "new Promise((ready) => analytics.ready(() => ready()))"},
            {"click": "#device"},
            *({"click": f"#{name}"} for name in calls),
            {"idle": True},
        ]
        async with browser.play(acts):
            details = [await viewer.detail(line.id) for line in await listed(viewer, 20)]
    by_id = {one.summary.id: one for one in details}
    pairs = [(one, by_id[one.copy.summary.id]) for one in details if one.copy is not None]
    assert all({one.source_kind, other.source_kind} == {"segment", "mixpanel"} for one, other in pairs)
    names = [(one.summary.name, other.summary.name) for one, other in pairs if one.source_kind == "segment"]
    assert sorted(names) == [
        ("Getting started", "Loaded a Page"),
        ("Getting started", "Loaded a Page"),
        *[("Order Completed", "Order Completed")] * 4,
        ("acme", "$set_once"),
        ("zoe@shop.example", "$identify"),
    ]
    orders = [pair for pair in pairs if pair[0].summary.name == "Order Completed"]
    assert len(orders) == 8
    for one, other in orders:
        assert order_id(one) == order_id(other)
    # The SDK sends the referrer by itself, and the user's group beside the group.
    alone = {one.summary.name for one in details if one.copy is None and one.source_kind == "mixpanel"}
    assert alone == {"$set_once", "$set"}


def order_id(detail: MessageDetail) -> str:
    return json.loads(detail.document)["properties"]["order_id"]


@contextlib.contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[str]:
    """The sample page, served in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield page_url(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
