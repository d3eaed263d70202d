"""One road, one reader: the same line is the same message, with the same findings, whoever reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from segtap.core.catalogue import BY_ID
from segtap.core.codec import decode
from segtap.core.commands.check import check_lines
from segtap.core.commands.replay import read_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.engine.active import ActiveSettings
from segtap.core.index.receipts import ReceiptReader
from segtap.core.ingest.decode import read_json
from segtap.core.json_text import json_bytes
from segtap.core.messages import JsonObject, Message, Receipt
from segtap.core.pipeline import compile_settings
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.pipeline.lines import documents
from segtap.core.settings import Settings
from segtap.core.verdict import Finding

NOW = 1_795_557_600_000
SETTINGS = Settings()
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
NOT_READ: dict[str, bytes] = {
    "not JSON": b'{"type":"track",}',
    "a list": b"[1]",
    "nested too deep": track(deep(600)),
    "cut off": track(b"{}")[:-9],
}


def received(line: bytes, **how: Any) -> Message:
    """The message as an engine reads it."""
    body = line.strip() if line.startswith(b"\xef\xbb\xbf") else b'{"batch":[' + line.strip() + b"]}"
    receipt = Receipt(uid="r", received_at=NOW, method="POST", path="/v1/batch", body=body, **how)
    (message,) = parse_receipt(receipt)
    return message


def as_stated(message: Message) -> JsonObject:
    """The document without what ingest filled in."""
    document = dict(message.document)
    for path in message.filled:
        document.pop(path.removeprefix("$."), None)
    if "$.timestamp" in message.filled and "originalTimestamp" in message.document:
        document["timestamp"] = message.document["originalTimestamp"]
    return document


def of_one_message(findings: Sequence[Finding]) -> list[Any]:
    """The findings without those of rules over several messages, as JSON holds them."""
    return [msgspec.to_builtins(one) for one in findings if BY_ID[one.rule].kind != "stream"]


@pytest.mark.parametrize("name", LINES)
def test_every_road_finds_the_same_message(name: str) -> None:
    line = LINES[name]
    (document,) = documents([line], [])
    assert as_stated(received(line)) == document
    (replayed,) = read_lines([line])
    assert replayed == document
    assert as_stated(received(json_bytes(replayed), origin="replay")) == document
    assert decode(line).value == document
    assert translated(line)["messageId"] == document["messageId"]


@pytest.mark.parametrize("name", LINES)
def test_every_road_finds_the_same_mistakes(name: str) -> None:
    line = LINES[name]
    (checked,) = check_lines([line], compile_settings(SETTINGS), clock=lambda: NOW)
    assert checked.error is None
    expected = of_one_message(checked.findings)
    assert translated(line)["warnings"] == expected
    verdict = ActiveSettings(SETTINGS).judge(received(line))
    assert of_one_message(verdict.findings) == expected
    if not read_json(line)[1]:
        # What had to be repaired to read a text, a viewer that sends the value cannot say.
        assert of_one_message(pasted(line)) == expected


@pytest.mark.parametrize("name", NOT_READ)
def test_every_road_refuses_the_same_line(name: str) -> None:
    line = NOT_READ[name]
    settings = compile_settings(SETTINGS)
    (checked,) = check_lines([line], settings, clock=lambda: NOW)
    (made,) = translate_lines([line], settings, clock=lambda: NOW)
    faults: list[str] = []
    assert list(documents([line], faults)) == []
    assert checked.error
    assert json.loads(made.text) == {"error": checked.error}
    assert faults == [f"line 1: {checked.error}"]
    with pytest.raises(Exception, match="Line 1: ") as refused:
        list(read_lines([line]))
    assert str(refused.value) == f"Line 1: {checked.error}."


def translated(line: bytes) -> dict[str, Any]:
    (made,) = translate_lines([line], compile_settings(SETTINGS), clock=lambda: NOW)
    return json.loads(made.text)


def pasted(line: bytes) -> tuple[Finding, ...]:
    """What the decode box shows of a pasted message."""
    reader = ReceiptReader(parse_receipt, ActiveSettings(SETTINGS).judge, lambda fault: None)
    return asyncio.run(reader.pasted(decode(line).value)).verdict.findings
