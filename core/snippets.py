"""The lines to paste into an SDK so that it sends to this endpoint: data for README, screen and tests."""

from __future__ import annotations

import msgspec


class Snippet(msgspec.Struct, frozen=True):
    """One SDK's lines. `{url}` is the endpoint with scheme, `{host}` without, `{key}` a write key."""

    sdk: str
    lines: str
    note: str = ""

    def fill(self, url: str, key: str = "WRITE_KEY") -> str:
        """The lines for this endpoint."""
        scheme, _, host = url.partition("://")
        return (
            self.lines.replace("{url}", url)
            .replace("{host}", host)
            .replace("{scheme}", scheme)
            .replace("{key}", key)
        )


SNIPPETS: tuple[Snippet, ...] = (
    Snippet("Python", 'analytics.write_key = "{key}"; analytics.host = "{url}"'),
    Snippet("Node", "new Analytics({ writeKey: '{key}', host: '{url}' })"),
    Snippet(
        "Browser",
        "AnalyticsBrowser.load(\n"
        "  { writeKey: '{key}', cdnURL: '{url}' },\n"
        "  { integrations: { 'Segment.io': { apiHost: '{host}/v1', protocol: '{scheme}' } } })",
    ),
    Snippet(
        "React Native",
        "createClient({ writeKey: '{key}', proxy: '{url}/v1', useSegmentEndpoints: true,\n"
        "  cdnProxy: '{url}', allowInsecureProxy: true })",
        "an emulator reaches this machine as 10.0.2.2, or after adb reverse tcp:{port} tcp:{port}",
    ),
    Snippet(
        "curl",
        "curl {url}/v1/track -u {key}: \\\n"
        '  -d \'{"event": "Signed Up", "userId": "user-1", "properties": {"plan": "pro"}}\'',
    ),
)


TEE_BROWSER = """\
const segtap = (url = '{url}') => {
  const copy = (ctx) => {
    fetch(`${url}/v1/${ctx.event.type}?tee=1`, {
      method: 'POST',
      keepalive: true,
      body: JSON.stringify({ ...ctx.event, sentAt: new Date() }),
    }).catch(() => {}) // no segtap is running: Segment is served all the same
    return ctx
  }
  return {
    name: 'segtap', type: 'enrichment', version: '1.0.0',
    isLoaded: () => true, load: () => Promise.resolve(),
    track: copy, identify: copy, page: copy, screen: copy, group: copy, alias: copy,
  }
}
analytics.register(segtap())
"""
"""A plugin for analytics-next: it copies each message to segtap, and Segment gets it as before.

The body goes as text/plain and the mark in the query, so the browser asks for no preflight.
"""

TEE_NODE = """\
const segtap = (analytics, url = '{url}') =>
  analytics.on('http_request', ({ body }) => {
    fetch(`${url}/v1/batch?tee=1`, { method: 'POST', body }).catch(() => {})
  })
segtap(analytics)
"""
"""The same for analytics-node, which tells of each request that it makes to Segment: the copy is exact."""
