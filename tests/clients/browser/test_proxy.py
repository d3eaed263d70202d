"""A page in Chromium that sends to Segment and Mixpanel through `segtap proxy`: all passes, and is shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from string import Template
from typing import Any
from urllib.parse import urlsplit

import pytest
from ingesting import NOW, Sink, ingest_app, served
from sdk_clients import Browser, Endpoint

from segtap.core.messages import Marks
from segtap.core.proxy.app import ProxyApp
from segtap.core.proxy.hosts import upstreams_of
from segtap.core.proxy.passing import Passing
from segtap.core.settings import IngestSettings, ProxySettings, Settings

PAGE = """
import { AnalyticsBrowser } from '@segment/analytics-next'
import mixpanel from 'mixpanel-browser'
const analytics = AnalyticsBrowser.load(
  { writeKey: 'WRITE_KEY', cdnURL: '$proxy/cdn' },
  { integrations: { 'Segment.io': { apiHost: '$host/segment/v1', protocol: 'http' } } })
mixpanel.init('tok', { api_host: '$proxy/mixpanel', batch_flush_interval_ms: 100, flags: true })
window.mixpanel = mixpanel
window.analytics = analytics
window.done = (async () => {
  await analytics.identify('user-1', { name: 'Zoë 🎉' })
  await analytics.track('Signed Up', { plan: 'pro' })
  mixpanel.track('Seen', { text: 'ü ✓ 🎉' })
  mixpanel.people.set({ plan: 'pro' })
  mixpanel.identify('user-1')
})()
"""


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Endpoint, Endpoint, Endpoint]]:
    """The proxy, and stand-ins for Segment, which has its settings as well, and Mixpanel."""
    async with AsyncExitStack() as stack:
        sinks = [Sink() for _ in range(3)]
        segment, mixpanel = [
            Endpoint(sink, await stack.enter_async_context(served(ingest_app(sink)))) for sink in sinks[:2]
        ]
        urls = {
            "segment_api_url": segment.url,
            "segment_cdn_url": segment.url,
            "mixpanel_api_url": mixpanel.url,
        }
        settings = Settings(ingest=IngestSettings(port=0), proxy=ProxySettings(**urls))
        passing = Passing(settings.proxy.answer_timeout)
        stack.push_async_callback(passing.close)
        app = ProxyApp(sinks[2], settings.ingest, upstreams_of(settings), passing, clock=lambda: NOW)
        yield Endpoint(sinks[2], await stack.enter_async_context(served(app))), segment, mixpanel


async def arrived(endpoint: Endpoint, event: str) -> None:
    """Wait until an event has been received."""
    while not any(one.document.get("event") == event for one in endpoint.messages()):
        await endpoint.sink.until(len(endpoint.sink.receipts) + 1)


async def test_both_sdks_through_the_proxy(
    servers: tuple[Endpoint, Endpoint, Endpoint], browser: Browser
) -> None:
    proxy, segment, mixpanel = servers
    script = Template(PAGE).substitute(proxy=proxy.url, host=proxy.url.removeprefix("http://"))
    acts: list[dict[str, Any]] = [
        {"open": script},
        {"run": "window.done"},
        {"idle": True},  # the SDK sends what it has queued, $identify as well
        {"run": "analytics.track('Gone')"},  # waits for the answer: closing the page would cut the request
        {"run": "mixpanel.track('Leaving')"},
        {"close": True},
    ]
    async with browser.play(acts) as visit:
        for event in ("Seen", "$identify", "Leaving"):
            await arrived(mixpanel, event)
            await arrived(proxy, event)
        await arrived(segment, "Gone")
        await arrived(proxy, "Gone")
        await proxy.sink.until(len(segment.sink.taken) + len(mixpanel.sink.taken))
    assert visit.errors == []
    assert {urlsplit(url).netloc for _, url, _ in visit.requests} == {proxy.url.removeprefix("http://")}
    # Each server got what the page sent, and the proxy shows the same.
    for server, kind in ((segment, "segment"), (mixpanel, "mixpanel")):
        shown = [one for one in proxy.messages() if one.source_kind == kind]
        assert sorted(one.original for one in shown) == sorted(one.original for one in server.messages())
        assert all(Marks.TEED in one.marks for one in shown)
        assert server.sink.refused == []
    assert proxy.sink.refused == []
    events = [one.document["event"] for one in mixpanel.messages() if "event" in one.document]
    # On a slow machine the SDK sends what is under way once more as the page closes, with its $insert_id.
    assert set(events) == {"$identify", "Leaving", "Seen"}
    calls = [one.document for one in segment.messages()]
    assert [one["type"] for one in calls[:2]] == ["identify", "track"]
    assert json.dumps(calls[0]["traits"], ensure_ascii=False) == '{"name": "Zoë 🎉"}'
