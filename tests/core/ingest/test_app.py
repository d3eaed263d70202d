"""The endpoint's answers: routes, CORS, settings, pixel, and what happens when the journal fails."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ingesting import NOW, Answer, Sink, ask, ingest_app, post

from segtap.core.errors import JournalError, JournalFull
from segtap.core.messages import Marks, Receipt
from segtap.core.pipeline.intake import parse_receipt

TRACK = {"type": "track", "event": "E", "userId": "u"}
PAGE = ("origin", "https://shop.example")


async def got(method: str, target: str, body: Any = b"", headers: Any = ()) -> tuple[Answer, Sink]:
    sink = Sink()
    app = ingest_app(sink)
    if method == "POST":
        return await post(app, target, body, headers), sink
    return await ask(app, method, target, body, headers), sink


# -- where messages are taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        *(f"/v1/{name}" for name in ("batch", "b", "import")),
        "/batch",
        "/proxy/v1/b",
        "/custom/ingest",
        "/",
        "/a/b/c/d/",
        "/v1/batch/",
        "/import",
        "/track",
        "/v1/m",
        "/x/settings",
    ],
)
async def test_a_batch_is_taken_wherever_a_proxy_posts_it(target: str) -> None:
    answer, sink = await got("POST", target, {"batch": [TRACK, TRACK]})
    assert (answer.status, answer.body) == (200, b'{"success": true}')
    assert answer.headers["content-type"] == "application/json"
    (receipt,) = sink.taken
    assert [message.type for message in parse_receipt(receipt)] == ["track", "track"]


@pytest.mark.parametrize("target", ["/", "/hook", "/v1/batch", "/engage", "/v1/m"])
async def test_a_single_call_of_a_known_type_is_taken_anywhere(target: str) -> None:
    answer, sink = await got("POST", target, TRACK)
    assert answer.status == 200
    assert [message.type for message in parse_receipt(sink.taken[0])] == ["track"]


@pytest.mark.parametrize("target", ["/v1/track", "/v1/t", "/proxy/t", "/t", "/v1/track/"])
async def test_a_call_on_its_own_path_needs_no_type(target: str) -> None:
    answer, sink = await got("POST", target, {"event": "E"})
    assert answer.status == 200
    assert parse_receipt(sink.taken[0])[0].type == "track"


async def test_a_property_called_batch_does_not_make_a_batch() -> None:
    answer, sink = await got("POST", "/v1/track", {"event": "E", "batch": "B-17"})
    assert answer.status == 200
    (message,) = parse_receipt(sink.taken[0])
    assert message.document["batch"] == "B-17"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/", {"hello": 1}),
        ("/", b"hello"),
        ("/webhook", {"type": "invoice.paid"}),
        ("/webhook", {"batch": "7"}),
        ("/webhook", {"event": "invoice.paid", "properties": {"distinct_id": "u"}}),
        ("/webhook", [{"event": "invoice.paid", "properties": {"token": "a"}}]),
        ("/x/settings", {"a": 1}),
    ],
)
async def test_any_other_post_is_404_and_visible(target: str, body: Any) -> None:
    answer, sink = await got("POST", target, body)
    assert answer.status == 404
    assert answer.json["success"] is False
    (receipt,) = sink.refused
    assert (receipt.status, receipt.refused) == (404, answer.json["message"])
    assert parse_receipt(receipt) == []


@pytest.mark.parametrize("target", ["/track/", "/engage", "/groups/"])
async def test_mixpanels_own_paths_take_records_alone(target: str) -> None:
    answer, sink = await got("POST", target, {"a": 1})
    assert (answer.status, answer.body) == (200, b"0")
    assert "one of Mixpanel's endpoints" in str(sink.refused[0].refused)


@pytest.mark.parametrize("target", ["/", "/favicon.ico", "/settings/", "/v1/projects/settings"])
async def test_other_gets_are_404_and_leave_nothing(target: str) -> None:
    answer, sink = await got("GET", target)
    assert answer.status == 404
    assert sink.receipts == []


async def test_get_on_a_posts_path_and_strange_methods_are_405() -> None:
    assert (await got("GET", "/v1/batch"))[0].status == 405
    answer, sink = await got("DELETE", "/v1/batch")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, HEAD, OPTIONS")
    assert sink.receipts == []


async def test_the_metrics_of_analytics_js_are_acknowledged_and_no_message() -> None:
    body = {"series": [{"type": "Counter", "metric": "x", "value": 1, "tags": {}}]}
    for target in ("/v1/m", "/m", "/proxy/m"):
        answer, sink = await got("POST", target, body, [("content-type", "text/plain")])
        if target == "/m":
            assert answer.status == 404
            continue
        assert (answer.status, answer.body) == (200, b'{"success": true}')
        assert sink.receipts == []


async def test_the_receipt_holds_the_request_as_it_came() -> None:
    headers = [("Content-Type", "text/plain"), ("X-Twice", "1"), ("X-Twice", "2")]
    sink = Sink()
    app = ingest_app(sink, wanted=True)
    await ask(
        app, "POST", "/v1/t?a=%20b&tee=1", [b'{"event"', b":", b'"E","userId":"u"}'], headers, peer="8.8.8.8"
    )
    (receipt,) = sink.receipts
    assert receipt == Receipt(
        uid=receipt.uid,
        received_at=NOW,
        method="POST",
        path="/v1/t",
        query="a=%20b&tee=1",
        headers=(("content-type", "text/plain"), ("x-twice", "1"), ("x-twice", "2")),
        peer="8.8.8.8",
        body=b'{"event":"E","userId":"u"}',
        wanted=True,
        origin="tee",
    )
    assert len(receipt.uid) == 32
    assert parse_receipt(receipt)[0].marks == Marks.TEED


@pytest.mark.parametrize(
    ("query", "origin"),
    [
        ("", "sdk"),
        ("tee=1", "tee"),
        ("tee=true", "tee"),
        ("tee=0", "sdk"),
        ("tee", "sdk"),
        ("steel=1", "sdk"),
    ],
)
async def test_a_tee_says_so_in_the_query(query: str, origin: str) -> None:
    _, sink = await got("POST", f"/v1/batch?{query}", {"batch": [TRACK]})
    assert sink.taken[0].origin == origin


# -- the journal fails -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "after"), [(JournalFull("no room is left"), "10"), (JournalError("the disk is gone"), "2")]
)
async def test_a_journal_that_fails_is_503_and_the_client_comes_again(error: Exception, after: str) -> None:
    sink = Sink()
    sink.fails = [error]
    app = ingest_app(sink)
    answer = await post(app, "/v1/batch", {"batch": [TRACK]}, [PAGE])
    assert (answer.status, answer.headers["retry-after"]) == (503, after)
    assert answer.json == {"success": False, "message": str(error)}
    assert answer.headers["access-control-allow-origin"] == PAGE[1]
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert (await post(app, "/v1/batch", {"batch": [TRACK]})).status == 200
    assert len(sink.taken) == 1


async def test_nothing_is_answered_before_the_sink_has_it() -> None:
    order: list[str] = []

    async def sink(receipt: Receipt) -> int:
        order.append("kept")
        return 1

    from segtap.core.ingest.app import IngestApp
    from segtap.core.settings import IngestSettings

    app = IngestApp(sink, IngestSettings(), clock=lambda: NOW, wanted=lambda: False)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(TRACK).encode()}

    async def send(event: Any) -> None:
        order.append(event["type"])

    scope = {"type": "http", "method": "POST", "path": "/v1/t", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert order == ["kept", "http.response.start", "http.response.body"]


async def test_a_refusal_is_the_same_when_the_journal_fails() -> None:
    sink = Sink()
    sink.fails = [JournalError("gone")]
    answer = await post(ingest_app(sink), "/v1/batch", b"{")
    assert answer.status == 400


async def test_a_flood_of_refused_requests_is_not_kept_whole() -> None:
    sink = Sink()
    now = [NOW]
    app = ingest_app(sink)
    app.endpoint.now = lambda: now[0]
    for _ in range(1000):
        assert (await post(app, "/v1/batch", b"rubbish" * 20_000)).status == 400
    assert len(sink.receipts) == 200
    assert {len(receipt.body) for receipt in sink.receipts} == {64 * 1024}
    now[0] += 1000
    await post(app, "/v1/batch", b"rubbish")
    assert str(sink.receipts[-1].refused).endswith("(800 more refused requests were not kept)")
    assert (await post(app, "/v1/batch", {"batch": [TRACK]})).status == 200


# -- CORS --------------------------------------------------------------------------------------------------


async def test_a_preflight_is_granted_what_it_asks_for() -> None:
    asked = "authorization,content-type,x-custom"
    answer, sink = await got(
        "OPTIONS",
        "/v1/t",
        b"",
        [PAGE, ("access-control-request-method", "POST"), ("access-control-request-headers", asked)],
    )
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE[1]
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == asked
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert sink.receipts == []


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", "/v1/t", TRACK, 200),
        ("POST", "/v1/batch", b"{", 400),
        ("POST", "/nowhere", b"{}", 404),
        ("PUT", "/v1/t", b"", 405),
        ("GET", "/v1/projects/KEY/settings", b"", 200),
        ("GET", "/v1/pixel/track?event=E&userId=u", b"", 200),
        ("GET", "/nowhere", b"", 404),
    ],
)
async def test_every_answer_can_be_read_by_the_page(method: str, target: str, body: Any, status: int) -> None:
    answer, _ = await got(method, target, body, [PAGE])
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == PAGE[1]
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    without, _ = await got(method, target, body)
    assert not [name for name in without.headers if name.startswith("access-control")]


async def test_the_control_api_is_passed_on_and_gets_no_cors_from_here() -> None:
    paths: list[str] = []

    async def control(scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sink = Sink()
    app = ingest_app(sink, control=control)
    for target in ("/_segtap", "/_segtap/healthz", "/_segtap/v1/track"):
        answer = await ask(app, "POST", target, json.dumps(TRACK).encode(), [PAGE])
        assert (answer.status, answer.headers) == (401, {})
    assert paths == ["/_segtap", "/_segtap/healthz", "/_segtap/v1/track"]
    assert sink.receipts == []
    assert (await post(app, "/_segtapped", TRACK)).status == 200


# -- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "headers", "host", "protocol"),
    [
        ("/v1/projects/KEY/settings", [("host", "127.0.0.1:9000")], "127.0.0.1:9000/v1", "http"),
        ("/v1/projects/KEY/settings/", [("host", "10.0.2.2:8765")], "10.0.2.2:8765/v1", "http"),
        ("/proxy/v1/projects/KEY/settings", [("host", "h:1")], "h:1/proxy/v1", "http"),
        ("/KEY/settings", [("host", "h:1")], "h:1/v1", "http"),
        ("/projects/KEY/settings", [], "127.0.0.1:8765/v1", "http"),
        (
            "/v1/projects/KEY/settings",
            [("host", "x"), ("x-forwarded-host", "a.ngrok.app"), ("x-forwarded-proto", "https")],
            "a.ngrok.app/v1",
            "https",
        ),
    ],
)
async def test_settings_name_this_endpoint_as_the_client_knows_it(
    target: str, headers: list[tuple[str, str]], host: str, protocol: str
) -> None:
    answer, sink = await got("GET", target, b"", headers)
    assert answer.status == 200
    settings: Any = answer.json
    segment = settings["integrations"]["Segment.io"]
    assert (segment["apiKey"], segment["apiHost"], segment["protocol"]) == ("KEY", host, protocol)
    assert set(settings["integrations"]) == {"Segment.io"}
    assert settings["metrics"]["sampleRate"] == 0
    assert sink.receipts == []


# -- pixel -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["data=%%%", "data=" + base64.b64encode(b"[1]").decode(), "", "data=e"])
async def test_a_pixel_without_a_message_is_an_image_and_a_visible_refusal(query: str) -> None:
    answer, sink = await got("GET", f"/v1/pixel/track?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert sink.taken == []
    assert (sink.refused[0].status, sink.refused[0].origin) == (200, "pixel")
    assert str(sink.refused[0].refused).startswith("the pixel")


async def test_head_on_a_pixel_leaves_no_message() -> None:
    answer, sink = await got("HEAD", "/v1/pixel/track?event=E")
    assert answer.status == 200
    assert sink.receipts == []


async def test_a_pixel_is_not_acknowledged_when_the_journal_fails() -> None:
    sink = Sink()
    sink.fails = [JournalError("gone")]
    answer = await ask(ingest_app(sink), "GET", "/v1/pixel/track?event=E&userId=u")
    assert answer.status == 503


async def test_lifespan_and_websockets_are_answered() -> None:
    app = ingest_app(Sink())
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        sent.append(event["type"])

    await app({"type": "lifespan"}, receive, send)
    await app({"type": "websocket", "path": "/v1/batch"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
