"""What comes without a message behind it: counted by sender, cut, cleaned, forgotten with a message."""

from __future__ import annotations

import gzip

import pytest
from ingesting import NOW, Sink, ask, ingest_app, post

from segtap.core.api.models import Knock
from segtap.core.ingest.app import IngestApp
from segtap.core.ingest.knocks import MOST, NOT_AN_ORIGIN, Knocks

PAGE = "http://localhost:3000"
SETTINGS = "/v1/projects/WRITE-KEY-1/settings"
TRACK = {"type": "track", "event": "E", "userId": "u"}


class Changes:
    """Counts calls."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def listening(changed: Changes | None = None, wait: float = 0.0) -> IngestApp:
    app = ingest_app(Sink())
    app.endpoint.knocks = Knocks(app.endpoint.now, changed or Changes(), wait=wait)
    return app


async def preflight(app: IngestApp, origin: str = PAGE, path: str = "/v1/t", method: str = "POST") -> None:
    headers = [("origin", origin), ("access-control-request-method", method), ("user-agent", "Mozilla/5.0")]
    assert (await ask(app, "OPTIONS", path, headers=headers)).status == 204


async def test_preflights_are_counted_by_page() -> None:
    app = listening()
    await preflight(app)
    await preflight(app, "https://shop.example")
    await preflight(app, path="/v1/p")
    assert sorted(app.endpoint.knocks.shown(), key=lambda one: one.count) == [
        Knock("preflight", 1, NOW, "https://shop.example", "Mozilla/5.0", "/v1/t"),
        Knock("preflight", 2, NOW, PAGE, "Mozilla/5.0", "/v1/p"),
    ]
    app.endpoint.knocks.close()


async def test_settings_are_counted_by_page_or_agent_and_the_write_key_is_left_out() -> None:
    app = listening()
    await ask(app, "GET", SETTINGS, headers=[("origin", PAGE)])
    for _ in range(2):
        await ask(app, "GET", SETTINGS, headers=[("user-agent", "okhttp/4.12.0")])
    await ask(app, "HEAD", SETTINGS)
    assert {(one.count, one.origin, one.agent) for one in app.endpoint.knocks.shown()} == {
        (1, PAGE, ""),
        (2, "", "okhttp/4.12.0"),
    }
    assert {one.path for one in app.endpoint.knocks.shown()} == {"/v1/projects/…/settings"}
    app.endpoint.knocks.close()


async def test_an_options_that_announces_no_post_is_not_counted() -> None:
    app = listening()
    await ask(app, "OPTIONS", "/v1/t")
    await ask(app, "OPTIONS", "/v1/t", headers=[("origin", PAGE)])
    await preflight(app, method="GET")
    assert app.endpoint.knocks.shown() == ()
    assert not app.endpoint.knocks.any


@pytest.mark.parametrize("body", [TRACK, b"not JSON"])
async def test_a_post_forgets_them(body: object) -> None:
    changed = Changes()
    app = listening(changed)
    await preflight(app)
    await ask(app, "GET", SETTINGS)
    await post(app, "/v1/t", body)
    assert app.endpoint.knocks.shown() == ()
    assert changed.count == 1
    await post(app, "/v1/t", body)
    assert changed.count == 1


async def test_a_pixel_forgets_them() -> None:
    app = listening()
    await ask(app, "GET", SETTINGS)
    await ask(app, "GET", "/v1/pixel/track?writeKey=k&event=E&userId=u")
    assert app.endpoint.knocks.shown() == ()


async def test_a_preflight_that_its_post_follows_is_never_shown() -> None:
    changed = Changes()
    app = listening(changed, wait=60)
    await preflight(app)
    assert app.endpoint.knocks.shown() == ()
    await post(app, "/v1/t", TRACK)
    assert changed.count == 0


@pytest.mark.parametrize(
    "origin",
    [
        "http://user:secret@host",
        "\x1b[31mred",
        "http://a b",
        "http://x/" + "y" * 9,
        "",
        "\x9b",
        "http://ü.example",
    ],
)
async def test_what_no_browser_sends_as_an_origin_is_not_repeated(origin: str) -> None:
    app = listening()
    await preflight(app, origin)
    assert [one.origin for one in app.endpoint.knocks.shown()] == [NOT_AN_ORIGIN]
    app.endpoint.knocks.close()


async def test_texts_are_cut_and_cleaned() -> None:
    app = listening()
    await preflight(app, "http://" + "a" * 10_000, "/\x1b[2J" + "b" * 10_000)
    await ask(app, "GET", SETTINGS, headers=[("user-agent", "\x1b]0;title\x07" + "c" * 10_000)])
    for one in app.endpoint.knocks.shown():
        assert max(len(one.origin), len(one.agent), len(one.path)) <= 60
        assert (one.origin + one.agent + one.path).isprintable()
    app.endpoint.knocks.close()


async def test_many_senders_stay_bounded_and_the_latest_are_kept() -> None:
    times = iter(range(NOW, NOW + 10_000))
    knocks = Knocks(lambda: next(times), wait=0)
    for number in range(500):
        knocks.settings([(b"user-agent", b"agent-%d" % number)], SETTINGS)
    kept = [one.agent for one in knocks.shown()]
    assert kept == [f"agent-{number}" for number in range(499, 499 - MOST, -1)]
    knocks.close()


async def test_what_mixpanels_sdk_asks_beside_its_events_is_a_knock_until_an_event_comes() -> None:
    app = listening()
    origin = [("origin", "https://shop.example")]
    await ask(app, "GET", "/flags/?context=%7B%7D&token=tok", b"", origin)
    await ask(app, "GET", "/settings/?sdk_config=1", b"", origin)
    assert [(one.kind, one.count, one.origin) for one in app.endpoint.knocks.shown()] == [
        ("device", 2, "https://shop.example")
    ]
    await ask(app, "POST", "/track/", b'data={"event":"Seen","properties":{"token":"tok"}}', origin)
    assert app.endpoint.knocks.shown() == ()
    await ask(app, "POST", "/record/?replay_id=r&seq=0", gzip.compress(b"{}"), origin)
    assert [one.count for one in app.endpoint.knocks.shown()] == [1]
    app.endpoint.knocks.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "why", "near"),
    [
        ("GET", "/", 404, "root", ""),
        ("GET", "/v1/batch", 405, "method", ""),
        ("PUT", "/v1/track", 405, "method", ""),
        ("DELETE", "/anything", 405, "method", ""),
        ("GET", "/v1/trak", 404, "path", "/v1/track"),
        ("GET", "/hello", 404, "path", ""),
        ("GET", "/analytics.js/v1/WRITE-KEY-1/analytics.min.js", 404, "script", ""),
    ],
)
async def test_a_request_that_no_event_can_be_read_from_is_counted_with_its_cause(
    method: str, path: str, status: int, why: str, near: str
) -> None:
    app = listening()
    answer = await ask(app, method, path, headers=[("user-agent", "curl/8.1"), ("host", "shop.example:8765")])
    assert answer.status == status
    (one,) = app.endpoint.knocks.shown()
    assert (one.kind, one.method, one.why, one.near) == ("lost", method, why, near)
    assert one.host == "shop.example:8765"
    assert "WRITE-KEY-1" not in one.path
    await post(app, "/v1/t", TRACK)
    assert app.endpoint.knocks.shown() == ()


async def test_a_batch_without_a_message_is_counted() -> None:
    app = listening()
    await preflight(app)
    for _ in range(2):
        answer = await post(app, "/v1/batch", {"writeKey": "WRITE-KEY-1", "batch": []})
        assert answer.status == 200
    (one,) = app.endpoint.knocks.shown()
    assert (one.kind, one.count, one.method, one.path, one.why) == ("lost", 1, "POST", "/v1/batch", "empty")
    await post(app, "/v1/t", TRACK)
    assert app.endpoint.knocks.shown() == ()


@pytest.mark.parametrize("path", ["/favicon.ico", "/.well-known/appspecific/com.chrome.devtools.json"])
async def test_what_a_browser_asks_of_every_server_is_not_counted(path: str) -> None:
    app = listening()
    await ask(app, "GET", path)
    assert not app.endpoint.knocks.any


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8765",
        "shop.localhost",
        "127.0.0.1:8765",
        "[::1]:8765",
        "10.0.2.2",
        "",
        "a b",
        "[::1",
        "\x1b[31m",
        "x@y",
    ],
)
async def test_a_host_is_kept_only_where_it_is_the_name_of_another(host: str) -> None:
    app = listening()
    await ask(app, "GET", "/", headers=[("host", host)])
    assert [one.host for one in app.endpoint.knocks.shown()] == [""]
    app.endpoint.knocks.close()


async def test_texts_of_lost_requests_are_cut_and_cleaned() -> None:
    app = listening()
    await ask(app, "QU\x1b[2JERY" + "Y" * 999, "/\x1b[2J" + "b" * 10_000, headers=[("host", "c" * 10_000)])
    (one,) = app.endpoint.knocks.shown()
    assert max(len(text) for text in (one.method, one.path, one.host, one.near)) <= 60
    assert (one.method + one.path + one.host + one.near).isprintable()
    app.endpoint.knocks.close()
