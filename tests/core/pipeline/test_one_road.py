"""One road, one reader: the same line is the same message, with the same findings, whoever reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import pytest
from odd_lines import LINES, deep, track

from segtap.core.api import operations as ops
from segtap.core.api.client import body_of_request
from segtap.core.api.models import MessageDetail
from segtap.core.api.operations import Operation
from segtap.core.api.refusal import Refusal
from segtap.core.api.requests import read_request
from segtap.core.catalogue import BY_ID
from segtap.core.codec import decode
from segtap.core.commands.check import check_lines
from segtap.core.commands.replay import read_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.compare import sides_of
from segtap.core.engine.active import ActiveSettings
from segtap.core.errors import InputError
from segtap.core.index.receipts import ReceiptReader
from segtap.core.index.replay import replay_receipts
from segtap.core.messages import JsonObject, Message, Receipt
from segtap.core.pipeline import compile_settings, run
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.pipeline.lines import Given, documents, given_messages
from segtap.core.pipeline.pasted import pasted_messages
from segtap.core.pipeline.reading import read_document
from segtap.core.settings import Destination, Settings
from segtap.core.sources.bounds import DEFAULT_BOUNDS
from segtap.core.sources.decode import BOM
from segtap.core.verdict import Finding

R = TypeVar("R")

NOW = 1_795_557_600_000
SETTINGS = Settings()
TYPED_IF_PASTED = ("no type",)
"""The decoder gives these the type `track`, as a URL or an event's name tells it."""
NOT_REPLAYED = ("its limit is 32", "a byte order mark")
"""Objections that a replay loses: segtap may have made the message larger, and a mark belongs to the body."""
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
    (document,) = documents([line], [])  # `plan infer`, `mappings`
    assert as_stated(received(line)) == document
    (given,) = given_messages([line], destination=Destination())
    assert isinstance(given, Given)
    assert sides_of(given, Destination(), Destination()).message == document  # `compare`
    if name not in TYPED_IF_PASTED:
        assert pasted_line(line).document == document  # `why`
    assert as_stated(replayed(line)) == document
    assert decode(line).value == document
    assert translated(line)["messageId"] == document["messageId"]
    assert read_document(pasted(line).document)["messageId"] == document["messageId"]


@pytest.mark.parametrize("name", LINES)
def test_every_road_finds_the_same_mistakes(name: str) -> None:
    line = LINES[name]
    (checked,) = check_lines([line], compile_settings(SETTINGS), clock=lambda: NOW)
    assert checked.error is None
    expected = of_one_message(checked.findings)
    assert translated(line)["warnings"] == expected
    judge = ActiveSettings(SETTINGS).judge
    assert of_one_message(judge(received(line)).findings) == expected
    assert of_one_message(pasted(line).verdict.findings) == expected
    if name not in TYPED_IF_PASTED:
        verdict = run(pasted_line(line), compile_settings(SETTINGS), NOW)
        assert of_one_message(verdict.findings) == expected
    again = of_one_message(judge(replayed(line)).findings)
    assert again == [one for one in expected if not any(words in one["message"] for words in NOT_REPLAYED)]


@pytest.mark.parametrize("name", LINES)
def test_a_replay_of_a_received_message_finds_the_same_mistakes(name: str) -> None:
    """What was filled in is in the replay, the rest is spelled as it was."""
    first = received(LINES[name])
    again = sent_again(first)
    assert again.objections == tuple(
        one for one in first.objections if not any(words in one.words for words in NOT_REPLAYED)
    )
    assert again.overflows == first.overflows
    changing = ("receivedAt", "originalTimestamp")
    kept = [{k: v for k, v in one.document.items() if k not in changing} for one in (first, again)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("name", NOT_READ)
def test_every_road_refuses_the_same_line(name: str) -> None:
    line = NOT_READ[name]
    settings = compile_settings(SETTINGS)
    (checked,) = check_lines([line], settings, clock=lambda: NOW)
    (made,) = translate_lines([line], settings, clock=lambda: NOW)
    faults: list[str] = []
    assert list(documents([line], faults)) == []
    with pytest.raises(Exception, match=r"not JSON|not a JSON object|nested|Expecting") as not_inspected:
        asyncio.run(READER.pasted(bytes(over_the_api(ops.INSPECT, msgspec.Raw(line)))))
    assert checked.error
    assert json.loads(made.text) == {"error": checked.error}
    assert faults == [f"line 1: {checked.error}"]
    assert isinstance(not_inspected.value, InputError | Refusal)
    with pytest.raises(Exception, match="Line 1: ") as refused:
        list(read_lines([line]))
    assert str(refused.value) == f"Line 1: {checked.error}."


def translated(line: bytes) -> dict[str, Any]:
    (made,) = translate_lines([line], compile_settings(SETTINGS), clock=lambda: NOW)
    return json.loads(made.text)


READER = ReceiptReader(parse_receipt, ActiveSettings(SETTINGS).judge, lambda fault: None)


def pasted(line: bytes) -> MessageDetail:
    """What the panes show of a message in the decode box: decoded, sent to the engine, and read there."""
    text = decode(line).text
    return asyncio.run(READER.pasted(bytes(over_the_api(ops.INSPECT, msgspec.Raw(text)))))


def pasted_line(line: bytes) -> Message:
    """The message as `segtap why` reads it."""
    (given,) = pasted_messages(line, destination=Destination())
    assert isinstance(given, Given)
    return given.message


def replayed(line: bytes) -> Message:
    """The message as the engine reads it after `segtap replay FILE`."""
    texts = tuple(msgspec.Raw(one.original.removeprefix(BOM)) for one in read_lines([line]))
    order = over_the_api(ops.REPLAY, ops.ReplayRequest(messages=texts))
    (message,) = asyncio.run(READER.given([bytes(text) for text in order.messages]))
    return sent_again(message)


def sent_again(message: Message) -> Message:
    """The message as it is read from the request of a replay."""
    (receipt,) = replay_receipts([message], wanted=False)
    (again,) = parse_receipt(receipt)
    return again


def over_the_api(operation: Operation[R, Any], request: R) -> R:
    """The request as the server reads what the client sends."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body_of_request(request)}

    return asyncio.run(read_request(operation, {}, {}, receive, DEFAULT_BOUNDS))
