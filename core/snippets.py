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
"""What the empty screen teaches: few, and short."""

MORE_SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        "Browser, script tag",
        "analytics.load('{key}', {\n"
        "  integrations: { 'Segment.io': { apiHost: '{host}/v1', protocol: '{scheme}' } },\n"
        "})",
        "settings and device-mode destinations still come from Segment",
    ),
)
"""What README has beside them."""

TEE_BROWSER = Snippet(
    "Browser",
    """\
const segtap = (endpoint = '{url}') => ({
  name: 'segtap',
  type: 'utility',
  version: '1.0.0',
  isLoaded: () => true,
  load: async () => {
    const send = window.fetch
    window.fetch = (target, init) => {
      const answer = send(target, init)
      const call = /\\/[abgipst]$/.exec(target)?.[0] // /t is a track, /b a batch, …
      if (call && init?.body?.includes?.('"writeKey"')) {
        const { body } = init
        const keepalive = init.keepalive && body.length < 16000 // leave the browser's 64 KiB to Segment
        send(`${endpoint}/v1${call}?tee=1`, { method: 'POST', body, keepalive }).catch(() => {})
      }
      return answer
    }
  },
})
analytics.register(segtap())
""",
)
"""A plugin for analytics-next that copies whatever goes to Segment, byte by byte, after Segment had it.

It stands where the SDK sends, and not among the enrichments: only there are the user's ids final, because
the SDK fills them in when it sends, after every plugin. The body goes as text/plain and the mark in the
query, so the browser asks for no preflight.
"""

TEE_NODE = Snippet(
    "Node",
    """\
const segtap = (analytics, endpoint = '{url}') =>
  analytics.on('http_request', ({ body }) => {
    const signal = AbortSignal.timeout(5000) // a segtap that hangs keeps no process alive
    fetch(`${endpoint}/v1/batch?tee=1`, { method: 'POST', body, signal }).catch(() => {})
  })
segtap(analytics)
""",
)
"""The same for analytics-node 2 and newer, which tells of each request that it makes to Segment."""
