"""Odd messages, as lines of JSON text: each of them is read, and every reader must find the same in it."""

from __future__ import annotations

TAIL = b'"messageId":"m-1","timestamp":"2026-11-24T22:00:00.000Z","userId":"u-1"}'
TRACK = b'{"type":"track","event":"Order Completed",'
LONG = b"x" * 33_000


def track(properties: bytes) -> bytes:
    """A track call with these properties, as JSON text."""
    return TRACK + b'"properties":' + properties + b"," + TAIL


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


LINES: dict[str, bytes] = {
    "plain": track(b'{"total":12.5}'),
    "one invalid UTF-8 byte": track(b'{"name":"caf\xe9"}'),
    "invalid UTF-8 in a key": track(b'{"caf\xe9":1}'),
    "1e400": track(b'{"total":1e400}'),
    "-1e400 in a list": track(b'{"totals":[1,-1e400]}'),
    "an integer beyond a double": track(b'{"total":' + b"9" * 400 + b"}"),
    "an integer of 5,000 digits": track(b'{"total":' + b"9" * 5_000 + b"}"),
    "an integer beyond 2 to the 53rd": track(b'{"total":12345678901234567890}'),
    "lone surrogate, escaped": track(rb'{"name":"\ud83d"}'),
    "lone surrogate in a key": track(rb'{"\ude00":1}'),
    "lone surrogate, raw": track(b'{"name":"\xed\xa0\xbd"}'),
    "surrogate pair, escaped": track(rb'{"name":"\ud83d\ude00"}'),
    "CESU-8": track(b'{"name":"\xed\xa0\xbd\xed\xb8\x80"}'),
    "byte order mark": b"\xef\xbb\xbf" + track(b"{}"),
    "NaN": track(b'{"total":NaN}'),
    "-Infinity": track(b'{"total":-Infinity}'),
    "messageId of 120 characters": track(b"{}").replace(b"m-1", b"m" * 120),
    "messageId that is a number": track(b"{}").replace(b'"m-1"', b"17"),
    "timestamp yesterday": track(b"{}").replace(b"2026-11-24T22:00:00.000Z", b"yesterday"),
    "timestamp in milliseconds": track(b"{}").replace(b'"2026-11-24T22:00:00.000Z"', b"1795557600000"),
    "duplicate keys": track(b'{"total":1,"total":2}').replace(b'"track"', b'"page","type":"track"'),
    "nested deep": track(deep(200)),
    "33 KB": track(b'{"note":"' + LONG + b'"}'),
    "userId is missing": track(b"{}").replace(b',"userId":"u-1"', b""),
    "userId is an object": track(b"{}").replace(b'"u-1"', b'{"id":1}'),
    "userId is a number": track(b"{}").replace(b'"u-1"', b"7"),
    "event is empty": track(b"{}").replace(b"Order Completed", b""),
    "event is a number": track(b"{}").replace(b'"Order Completed"', b"7"),
    "properties are a list": track(b"[1,2]"),
    "properties are a text": track(b'"none"'),
    "no type": track(b"{}").replace(b'"type":"track",', b""),
    "type is unknown": track(b"{}").replace(b'"type":"track"', b'"type":"event"'),
    "context is a text": track(b"{}").replace(b'"messageId"', b'"context":"web","messageId"'),
    "integrations are off": track(b"{}").replace(b'"messageId"', b'"integrations":{"All":false},"messageId"'),
    "a null byte": track(rb'{"name":"a\u0000b"}'),
    "a field named message": track(b"{}").replace(b'"messageId"', b'"message":"hi","messageId"'),
    "spaces around": b"  " + track(b'{ "total" : 1 }') + b" \r\n",
}
