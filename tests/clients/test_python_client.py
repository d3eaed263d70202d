"""segment-analytics-python itself, sending to the endpoint."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from ingesting import Sink, ingest_app, served
from sdk_clients import Endpoint
from segment.analytics.client import Client
from segment.analytics.request import APIError

from segtap.core.errors import JournalError
from segtap.core.index.labels import describe, source_label
from segtap.core.messages import Marks


async def send(endpoint: Endpoint, use: Callable[[Client], Any], **options: Any) -> list[Exception]:
    """Let a client do its work in a thread of its own; gives the errors that it reports."""
    errors: list[Exception] = []

    def work() -> None:
        client = Client(
            "PYKEY",
            host=endpoint.url,
            on_error=lambda error, _: errors.append(error),
            upload_interval=0.05,
            **options,
        )
        try:
            use(client)
        finally:
            if not client.sync_mode:
                client.shutdown()

    await asyncio.to_thread(work)
    return errors


def one_of_each(client: Client) -> None:
    client.identify("u-1", {"name": "Zoë 🎉", "total": Decimal("1.5"), "tags": {"a"}})
    client.track("u-1", "Order Completed", {"when": dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "n": 2**70})
    client.page("u-1", "Docs", "Intro", {"url": "https://x/y"})
    client.screen("u-1", None, "Main")
    client.group("u-1", 12, {"plan": "pro"})  # pyright: ignore[reportArgumentType]
    client.alias("a-1", "u-1")


@pytest.mark.parametrize("options", [{}, {"gzip": True}, {"upload_size": 1}])
async def test_each_call_comes_through(endpoint: Endpoint, options: dict[str, Any]) -> None:
    assert await send(endpoint, one_of_each, **options) == []
    got = endpoint.messages()
    assert [message.type for message in got] == ["identify", "track", "page", "screen", "group", "alias"]
    assert [describe(message)[0] for message in got] == [
        "Zoë 🎉",
        "Order Completed",
        "Intro",
        "Main",
        "12",
        "a-1 → u-1",
    ]
    identify, track = got[0].document, got[1].document
    assert identify["traits"] == {"name": "Zoë 🎉", "total": 1.5, "tags": ["a"]}
    assert track["properties"] == {"when": "2026-01-02T00:00:00+00:00", "n": 2**70}
    assert got[4].document["groupId"] == 12
    for message in got:
        assert message.write_key == "PYKEY"
        assert source_label(message.document) == "python"
        assert message.marks == Marks.NONE
        assert message.objections == ()
        assert "$.sentAt" in message.filled
    packed = {receipt.body[:2] == b"\x1f\x8b" for receipt in endpoint.sink.taken}
    assert packed == {bool(options.get("gzip"))}


async def test_nan_is_acknowledged_and_marked(endpoint: Endpoint) -> None:
    errors = await send(endpoint, lambda client: client.track("u", "E", {"v": float("nan")}))
    assert errors == []
    (message,) = endpoint.messages()
    assert message.document["properties"] == {"v": None}
    assert message.marks == Marks.WOULD_REJECT


async def test_a_local_fault_is_retried_until_it_is_mended(endpoint: Endpoint) -> None:
    endpoint.sink.fails = [JournalError("the disk is gone")]
    assert await send(endpoint, lambda client: client.track("u", "Kept", {}, message_id="m-1")) == []
    (message,) = endpoint.messages()
    assert (message.message_id, describe(message)[0]) == ("m-1", "Kept")
    assert endpoint.sink.fails == []


async def test_what_is_refused_reaches_the_callers_error_handler_with_our_words() -> None:
    sink = Sink()
    async with served(ingest_app(sink, max_depth=20)) as port:
        nested = [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]
        endpoint = Endpoint(sink, port)
        (error,) = await send(endpoint, lambda client: client.track("u", "E", {"v": nested}))
    assert isinstance(error, APIError)
    assert error.status == 400
    assert "nested deeper than 20" in str(error)
    assert "nested deeper than 20" in str(sink.refused[0].refused)


async def test_sync_mode_and_a_large_batch(endpoint: Endpoint) -> None:
    assert await send(endpoint, lambda client: client.track("u", "Now"), sync_mode=True) == []

    def many(client: Client) -> None:
        for number in range(40):
            client.track("u", f"B{number}", {"x": "y" * 30_000})

    assert await send(endpoint, many) == []
    names = [describe(message)[0] for message in endpoint.messages()]
    assert names == ["Now", *(f"B{number}" for number in range(40))]
    assert max(len(receipt.body) for receipt in endpoint.sink.taken) > 400_000
