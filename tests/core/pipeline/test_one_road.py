"""One road, one reader: the same line is the same message, with the same findings, whoever reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from odd_lines import LINES, deep, track

from segtap.core.catalogue import BY_ID
from segtap.core.codec import decode
from segtap.core.commands.check import check_lines
from segtap.core.commands.replay import read_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.engine.active import ActiveSettings
from segtap.core.index.receipts import ReceiptReader
from segtap.core.json_text import json_bytes
from segtap.core.messages import JsonObject, Message, Receipt
from segtap.core.pipeline import compile_settings
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.pipeline.lines import documents
from segtap.core.settings import Settings
from segtap.core.sources.decode import read_json
from segtap.core.verdict import Finding

NOW = 1_795_557_600_000
SETTINGS = Settings()
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
