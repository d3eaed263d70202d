"""A redacted request holds the value in none of the forms in which it was sent."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from segtap.core.messages import Receipt, SourceKind
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.redaction.receipts import NOT_KEPT, redacted
from segtap.core.redaction.rules import Rules
from segtap.core.settings import Redaction

EMAIL = "me@example.com"
NOW = 1_795_557_600_000
RULES = Rules(
    [
        Redaction(path="traits.email", action="hash"),
        Redaction(path="$set.$email"),
        Redaction(path="context.ip"),
        Redaction(pattern=r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ]
)
MESSAGE = {"type": "identify", "userId": "u-1", "traits": {"email": EMAIL, "plan": "pro"}, "messageId": "m-1"}
RECORD = {"event": "E", "properties": {"token": "t" * 32, "distinct_id": EMAIL, "mp_lib": "web"}}
UPDATE = {"$token": "t" * 32, "$distinct_id": "u-1", "$set": {"$email": EMAIL}}


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def b64(value: object) -> str:
    return base64.b64encode(text(value)).decode()


def receipt(
    body: bytes = b"", *, path: str = "/v1/batch", query: str = "", kind: SourceKind = "segment",
    headers: tuple[tuple[str, str], ...] = (), refused: str | None = None,
) -> Receipt:  # fmt: skip
    return Receipt(
        uid="ab" * 16, received_at=NOW, method="POST" if body else "GET", path=path, query=query,
        headers=headers, peer="8.8.8.8", body=body, source_kind=kind,
        origin="pixel" if path.startswith("/v1/pixel") else "sdk",
        status=200 if refused is None else 400, refused=refused,
    )  # fmt: skip


def leaks(made: Receipt) -> bool:
    """True if the address can be found in any form."""
    from urllib.parse import unquote_plus

    raw = repr(made)
    forms = [raw, unquote_plus(raw)]
    for form in list(forms):
        for word in form.replace("=", " ").replace("&", " ").replace("'", " ").split():
            try:
                forms.append(base64.b64decode(word + "=" * (-len(word) % 4)).decode("latin-1"))
            except ValueError:
                continue
    return any(EMAIL in form or EMAIL.replace("@", "%40") in form for form in forms)


SENT: dict[str, Receipt] = {
    "message": receipt(text(MESSAGE), path="/v1/identify"),
    "batch": receipt(text({"batch": [MESSAGE, MESSAGE], "context": {"x": EMAIL}, "writeKey": "wk"})),
    "empty shared": receipt(text({"batch": [MESSAGE]})),
    "gzip": receipt(gzip.compress(text({"batch": [MESSAGE]})), headers=(("content-encoding", "gzip"),)),
    "deflate": receipt(zlib.compress(text({"batch": [MESSAGE]})), headers=(("content-encoding", "deflate"),)),
    "duplicate names": receipt(
        b'{"type":"identify","userId":"u","traits":{"email":"%s"},"traits":{}}' % EMAIL.encode()
    ),
    "duplicate batch": receipt(
        b'{"batch":[{"userId":"%s","type":"track"}],"batch":[%s]}' % (EMAIL.encode(), text(MESSAGE))
    ),
    "escaped": receipt(text(MESSAGE).replace(b"@", b"\\u0040"), path="/v1/identify"),
    "not JSON by the letter": receipt(text(MESSAGE).replace(b'"pro"', b"NaN"), path="/v1/identify"),
    "byte order mark": receipt(b"\xef\xbb\xbf" + text(MESSAGE), path="/v1/identify"),
    "pixel": receipt(path="/v1/pixel/identify", query="data=" + b64(MESSAGE)),
    "pixel twice encoded": receipt(path="/v1/pixel/identify", query="data=" + quote(quote(b64(MESSAGE)))),
    "pixel fields": receipt(
        path="/v1/pixel/identify", query=f"userId=u-1&traits.email={quote(EMAIL)}&traits.plan=pro"
    ),
    "form": receipt(
        b"data=" + quote_plus(b64([RECORD])).encode() + b"&ip=1", path="/track/", kind="mixpanel"
    ),
    "form of JSON": receipt(
        b"data=" + quote_plus(json.dumps([UPDATE])).encode(), path="/engage/", kind="mixpanel"
    ),
    "query": receipt(path="/track/", query="data=" + b64(RECORD) + "&ip=1", kind="mixpanel"),
    "records": receipt(text([RECORD, UPDATE]), path="/track", kind="mixpanel"),
    "lines": receipt(text(RECORD) + b"\n" + text(RECORD), path="/import", kind="mixpanel"),
    "gzip in base64": receipt(
        b"data=" + base64.b64encode(gzip.compress(text([RECORD]))), path="/track/", kind="mixpanel"
    ),
    "headers": receipt(
        text(MESSAGE), path="/v1/identify",
        headers=(("referer", f"https://x.example/?e={quote(EMAIL)}"), ("cookie", f"u={EMAIL}")),
    ),
    "path and query": receipt(text(MESSAGE), path=f"/{EMAIL}/v1/identify", query=f"e={quote(EMAIL)}&{EMAIL}"),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_nothing_is_left_of_the_value(name: str) -> None:
    before = SENT[name]
    made = redacted(before, RULES)
    assert not leaks(made)
    assert len(parse_receipt(made)) == len(parse_receipt(before)) > 0
    for was, now in zip(parse_receipt(before), parse_receipt(made), strict=True):
        assert (now.type, now.source_kind, now.write_key) == (was.type, was.source_kind, was.write_key)
        if was.message_id == "m-1":
            assert now.message_id == "m-1"


def test_equal_values_stay_equal_and_others_what_they_are() -> None:
    one, other = (redacted(SENT[name], RULES) for name in ("message", "gzip"))
    (first,), (second,) = parse_receipt(one), parse_receipt(other)
    assert first.document["traits"] == second.document["traits"]
    assert str(first.document["traits"]).startswith("{'email': 'redacted-")
    assert other.header("content-encoding") is None


def test_the_address_is_not_filled_in_where_a_rule_takes_it() -> None:
    headers = (("origin", "https://x.example"), ("x-forwarded-for", "8.8.4.4"))
    seen = receipt(text(MESSAGE), path="/v1/identify", headers=headers)
    assert "ip" in str(parse_receipt(seen)[0].document["context"])
    made = redacted(seen, RULES)
    assert made.peer == ""
    assert "8.8." not in repr(made)
    assert "context" not in parse_receipt(made)[0].document


@pytest.mark.parametrize(
    "body",
    [
        lambda: text(MESSAGE)[:-10],
        lambda: b"\x1f\x8b" + EMAIL.encode(),
        lambda: gzip.compress(text(MESSAGE))[:-12],
        lambda: EMAIL.encode(),
        lambda: b"\x00\xff" + EMAIL.encode("utf-16"),
    ],
)
def test_a_body_that_cannot_be_read_is_not_kept(body: Callable[[], bytes]) -> None:
    made = redacted(receipt(body(), refused=f"the body is no JSON: {EMAIL}"), RULES)
    assert made.body == b""
    assert made.refused == f"the body is no JSON: redacted ({NOT_KEPT})"
    assert not leaks(made)
