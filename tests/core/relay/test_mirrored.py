"""What a mirror sends for a receipt, and what Segment's answers mean."""

from __future__ import annotations

import gzip

import pytest

from segtap.core.delivery import Outcome
from segtap.core.messages import Receipt
from segtap.core.proxy.hosts import Upstream
from segtap.core.relay.choosing import key_of
from segtap.core.relay.mirrored import meaning_of, outgoing, segment_path

SEGMENT = Upstream("segment", "https://api.segment.io")
BASIC = "Basic a2V5Og=="


def receipt(
    path: str = "/v1/batch", body: bytes = b'{"batch":[]}', method: str = "POST", **more: object
) -> Receipt:
    return Receipt(uid="u", received_at=1, method=method, path=path, body=body, **more)  # type: ignore[arg-type]


def test_the_body_stays_and_headers_of_the_way_to_segtap_go() -> None:
    headers = (
        ("host", "127.0.0.1:8765"),
        ("connection", "keep-alive"),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("content-length", "1"),
        ("transfer-encoding", "chunked"),
        ("authorization", BASIC),
        ("user-agent", "analytics-python/2.3"),
        ("cookie", "session=1"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-segtap", "1"),
        ("te", "trailers"),
    )
    body = gzip.compress(b'{"batch": []}')
    sent = outgoing(receipt(body=body, headers=headers, query="a=1"))
    assert (sent.method, sent.target, sent.body) == ("POST", b"/v1/batch?a=1", body)
    assert sent.headers == [
        (b"content-type", b"application/json"),
        (b"content-encoding", b"gzip"),
        (b"authorization", BASIC.encode()),
        (b"user-agent", b"analytics-python/2.3"),
        (b"content-length", b"%d" % len(body)),
    ]


def test_a_pixel_stays_a_pixel() -> None:
    sent = outgoing(
        receipt("/v1/pixel/track", b"", "GET", query="data=e30", headers=(("referer", "http://a"),))
    )
    assert (sent.method, sent.target, sent.body) == ("GET", b"/v1/pixel/track?data=e30", b"")
    assert sent.headers == [(b"referer", b"http://a")]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/t", b"{}", "/v1/t"),
        ("/base/of/a/proxy/v1/import/", b"{}", "/v1/import"),
        ("/proxy/identify", b"{}", "/v1/identify"),
        ("/x/v1/pixel/page", b"{}", "/v1/pixel/page"),
        ("/", b'{"batch": [{"type": "track"}]}', "/v1/batch"),
        ("/events", b'{"type": "page"}', "/v1/page"),
        ("/track", b'{"type": "track"}', "/v1/track"),
        ("/events", b"not json", "/v1/batch"),
        ("/events", b'{"type": "../../x"}', "/v1/batch"),
    ],
)
def test_each_request_goes_to_the_path_that_segment_has_for_it(path: str, body: bytes, expected: str) -> None:
    assert segment_path(receipt(path, body)) == expected


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome", "words"),
    [
        (200, {}, b'{"success": true}', Outcome.SENT, ""),
        (200, {b"content-type": b"image/gif"}, b"GIF89a", Outcome.SENT, ""),
        (200, {}, b'{"success": false, "message": "no"}', Outcome.REFUSED, "api.segment.io answered 200: no"),
        (200, {b"content-type": b"text/html"}, b"<p>Log in", Outcome.RETRY, "answered 200 with a web page"),
        (302, {b"location": b"http://x/"}, b"", Outcome.RETRY, "a redirect to http://x/"),
        (400, {}, b'{"success":false,"message":"bad"}', Outcome.REFUSED, "api.segment.io answered 400: bad"),
        (401, {}, b"", Outcome.REFUSED, "answered 401"),
        (413, {}, b"", Outcome.REFUSED, "answered 413"),
        (408, {}, b"", Outcome.RETRY, "answered 408"),
        (429, {b"retry-after": b"7"}, b"", Outcome.RETRY, "answered 429"),
        (500, {}, b"oops", Outcome.RETRY, "answered 500: oops"),
    ],
)
def test_what_an_answer_means(
    status: int, headers: dict[bytes, bytes], body: bytes, outcome: Outcome, words: str
) -> None:
    meaning = meaning_of(SEGMENT, status, headers, body)
    assert meaning.outcome is outcome
    assert words in meaning.words
    assert meaning.after == (7.0 if b"retry-after" in headers else None)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (receipt(body=b'{"writeKey": "body", "batch": []}', headers=(("authorization", BASIC),)), "body"),
        (receipt(headers=(("authorization", BASIC),)), "key"),
        (receipt(body=b'{"batch": [{"writeKey": "item"}]}'), "item"),
        (receipt(body=gzip.compress(b'{"writeKey": "zip", "batch": []}')), "zip"),
        (receipt(body=b"{", headers=(("authorization", BASIC),)), "key"),
        (receipt("/v1/pixel/track", b"", "GET", query="data=eyJ3cml0ZUtleSI6InBpeGVsIn0="), "pixel"),
        (receipt("/v1/pixel/track", b"", "GET", query="data=%&writeKey=q"), "q"),
        (receipt(), ""),
    ],
)
def test_the_write_key_of_a_request(given: Receipt, key: str) -> None:
    assert key_of(given) == key
