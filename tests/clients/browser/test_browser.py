"""@segment/analytics-next in a real browser: the lines and the tee of core/sources/README.md."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from sdk_clients import Browser, Endpoint, Visit, nobody_listens

from segtap.core.index.labels import source_label
from segtap.core.messages import Marks
from segtap.core.snippets import SNIPPETS, TEE_BROWSER

LOAD = next(snippet for snippet in SNIPPETS if snippet.sdk == "Browser")
START = "import { AnalyticsBrowser } from '@segment/analytics-next'\nconst analytics = "
CALLS = """
window.done = Promise.all([
  analytics.page('Docs', 'Intro'),
  analytics.identify('user-1', { name: 'Zoë 🎉' }),
  analytics.track('Signed Up', { plan: 'pro', at: new Date(0) }, { integrations: { All: false } }),
  analytics.group('acme', { seats: 3 }),
  analytics.alias('user-2'),
  analytics.screen('Main'),
  analytics.track('Big', { text: 'x'.repeat(70000) }),
])
"""
TYPES = ["alias", "group", "identify", "page", "screen", "track", "track"]
BATCHING = ", deliveryStrategy: { strategy: 'batching', config: { size: 4, timeout: 200 } } } } })"


def types(endpoint: Endpoint) -> list[str]:
    return sorted(message.type for message in endpoint.messages())


def hosts(visit: Visit) -> set[str]:
    """Where the page sent anything, as URLs without a path."""
    return {f"{parts.scheme}://{parts.netloc}" for _, url, _ in visit.requests for parts in [urlsplit(url)]}


def load(segment: Endpoint, batching: bool) -> str:
    line = LOAD.fill(segment.url)
    assert line.endswith(" } } })")
    return line.removesuffix(" } } })") + BATCHING if batching else line


async def test_each_call_comes_through_and_nothing_goes_elsewhere(
    endpoint: Endpoint, browser: Browser
) -> None:
    visit = await browser.visit(START + LOAD.fill(endpoint.url) + CALLS)
    assert visit.errors == []
    assert hosts(visit) == {endpoint.url}
    assert ("GET", f"{endpoint.url}/v1/projects/WRITE_KEY/settings", b"") in visit.requests
    assert types(endpoint) == TYPES
    assert endpoint.sink.refused == []
    for message in endpoint.messages():
        assert message.write_key == "WRITE_KEY"
        assert Marks.TEED not in message.marks
        assert source_label(message.document) == "web"


@pytest.mark.parametrize("batching", [False, True], ids=["one by one", "batching"])
async def test_tee_both_get_every_message_and_segtaps_are_marked(
    endpoint: Endpoint, segment: Endpoint, browser: Browser, batching: bool
) -> None:
    code = START + load(segment, batching) + "\n" + TEE_BROWSER.fill(endpoint.url) + CALLS
    visit = await browser.visit(code)
    assert visit.errors == []
    assert hosts(visit) == {endpoint.url, segment.url}
    assert types(segment) == TYPES
    assert sorted(r.body for r in endpoint.sink.taken) == sorted(r.body for r in segment.sink.taken)
    assert all(Marks.TEED in message.marks for message in endpoint.messages())
    assert not any(Marks.TEED in message.marks for message in segment.messages())
    assert (len(segment.sink.taken) < len(TYPES)) is batching
    for copy in endpoint.sink.taken:
        # A request that the browser sends without a preflight: a page that closes has no time for one.
        assert (copy.header("content-type"), copy.header("authorization")) == (
            "text/plain;charset=UTF-8",
            None,
        )


async def test_tee_without_segtap_segment_gets_all_the_same(segment: Endpoint, browser: Browser) -> None:
    nobody = nobody_listens()
    visit = await browser.visit(START + load(segment, False) + "\n" + TEE_BROWSER.fill(nobody) + CALLS)
    assert types(segment) == TYPES
    assert {error.rpartition(": ")[2] for error in visit.errors} == {"net::ERR_CONNECTION_REFUSED"}
    assert hosts(visit) == {segment.url, nobody}
