"""Lines to paste into an SDK so that it sends to this endpoint, for the screen, tests and core/sources."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from .settings import IngestSettings

_BLANK = re.compile(r"(?<!\$)\{(url|scheme|host|name|port|key)\}")


class Snippet(msgspec.Struct, frozen=True):
    """One SDK's lines, in which these blanks are filled:

    `{url}`: the endpoint; `{scheme}`, `{host}` (with port), `{name}` (without) and `{port}`: its parts;
    `{key}`: a write key.
    """

    sdk: str
    lines: str
    note: str = ""

    def fill(self, url: str, key: str = "WRITE_KEY") -> str:
        """Return the lines for this endpoint."""
        parts = urlsplit(url)
        name, default = parts.hostname or "", 443 if parts.scheme == "https" else 80
        blanks = {
            "url": url,
            "scheme": parts.scheme,
            "host": parts.netloc,
            "name": name,
            "port": str(parts.port or default),
            "key": key,
        }
        # A script has braces of its own, so only these names are blanks.
        return _BLANK.sub(lambda match: blanks[match[1]], self.lines)


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
        """\
analytics.load('{key}', {
  integrations: { 'Segment.io': { apiHost: '{host}/v1', protocol: '{scheme}' } },
})""",
        "settings and device-mode destinations still come from Segment",
    ),
    Snippet(
        "Swift",
        """\
let configuration = Configuration(writeKey: "{key}")
    .apiHost("{host}/v1")
    .cdnHost("{host}/v1")
    .requestFactory { request in
        var request = request
        if let url = request.url, var parts = URLComponents(url: url, resolvingAgainstBaseURL: false) {
            parts.scheme = "{scheme}"
            request.url = parts.url
        }
        return request
    }
let analytics = Analytics(configuration: configuration)""",
    ),
    Snippet(
        "Kotlin",
        """\
val analytics = Analytics("{key}", applicationContext) {
    apiHost = "{host}/v1"
    cdnHost = "{host}/v1"
    requestFactory = object : RequestFactory() {
        override fun openConnection(url: String) =
            super.openConnection(url.replaceFirst("https://", "{scheme}://"))
    }
}""",
        "an emulator reaches this machine as 10.0.2.2, or after adb reverse tcp:{port} tcp:{port}",
    ),
    Snippet(
        "Flutter",
        """\
final analytics = createClient(Configuration('{key}',
    apiHost: '{host}/v1',
    cdnHost: '{host}/v1',
    requestFactory: (request) =>
        http.Request(request.method, request.url.replace(scheme: '{scheme}'))
          ..headers.addAll(request.headers)
          ..bodyBytes = request.bodyBytes));""",
        "an emulator reaches this machine as 10.0.2.2, or after adb reverse tcp:{port} tcp:{port}",
    ),
    Snippet(
        "C#",
        """\
class Tap : DefaultHTTPClient
{
    public Tap(string key, string api, string cdn) : base(key, api, cdn) { }
    public override string SegmentURL(string host, string path) => "{scheme}://" + host + path;
}
class TapProvider : IHTTPClientProvider
{
    public HTTPClient CreateHTTPClient(string key, string api = null, string cdn = null) =>
        new Tap(key, api, cdn);
}
var analytics = new Analytics(new Configuration("{key}",
    apiHost: "{host}/v1", cdnHost: "{host}/v1", httpClientProvider: new TapProvider()));""",
    ),
    Snippet("Go", 'client, err := analytics.NewWithConfig("{key}", analytics.Config{Endpoint: "{url}"})'),
    Snippet("Java", 'Analytics analytics = Analytics.builder("{key}").endpoint("{url}").build();'),
    Snippet(
        "Ruby",
        """\
module PlainHttp
  def initialize(options = {})
    super
    @http.use_ssl = '{scheme}' == 'https' # several versions read ssl: false as true
  end
end
Segment::Analytics::Transport.prepend(PlainHttp)
analytics = Segment::Analytics.new(write_key: '{key}', host: '{name}', port: {port})""",
    ),
    Snippet(
        "PHP",
        """\
class Tap extends Segment\\Consumer\\LibCurl
{
    protected string $protocol = '{scheme}://';
}
Segment\\Segment::init('{key}', ['consumer' => Tap::class, 'host' => '{host}']);""",
    ),
    Snippet("Rust", 'HttpClient::new(reqwest::blocking::Client::new(), "{url}".to_owned())'),
)
"""More lines, in core/sources/README.md only: checked in the source of each SDK; the first one was run."""

DEVICE_SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        "Mixpanel in the page",
        "analytics.ready(() => mixpanel.set_config({ api_host: '{url}' }))",
        "for a page whose Mixpanel destination is in device mode; also without analytics.js",
    ),
    Snippet(
        "Mixpanel, Node",
        "const mixpanel = Mixpanel.init('{key}', { host: '{host}', protocol: '{scheme}' })",
    ),
    Snippet(
        "Mixpanel, Python",
        """\
url = "{url}"
mp = Mixpanel("{key}", Consumer(events_url=url + "/track", people_url=url + "/engage",
                                groups_url=url + "/groups", import_url=url + "/import"))""",
        "api_host alone is always https; mp.alias() goes to api.mixpanel.com whatever is set",
    ),
)
"""Lines that let Mixpanel's own SDKs send here. `{key}` is the project token."""

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


def demo_line(url: str) -> str:
    """Return the command that lets the demo send traffic to the engine at this address."""
    default = f":{IngestSettings().port}"
    return "segtap demo" if url.endswith(default) else f"segtap demo --url {url}"
