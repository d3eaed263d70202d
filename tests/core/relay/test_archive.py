"""An archive: what was received as gzipped lines by source, day and hour, each line once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from forwarding import FakeClock
from journal_values import AT, a_receipt
from memory_journal import MemoryJournal
from msgspec.structs import replace
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from segtap.core.delivery import Outcome, RouteCounts
from segtap.core.messages import Receipt
from segtap.core.relay.archive import Archive
from segtap.core.relay.archived import RAW, Place, place_of, refused_request
from segtap.core.relay.objects import Folder, NotWritten, Objects, objects_of
from segtap.core.settings import RouteSettings
from segtap.core.stores.base import Stores

HOUR = 3_600_000
DAY_FOLDER = f"{RAW}/wk/{AT // (24 * HOUR) * 24 * HOUR}"


async def lines_of(receipt: Receipt) -> tuple[Place, bytes]:
    return place_of(receipt, "wk", RAW), receipt.body + b"\n"


def archive_of(
    stores: Stores, objects: Objects, clock: FakeClock | None = None, full: int = 1 << 20
) -> Archive:
    return Archive(
        "kept",
        objects,
        lines_of,
        stores.requests,
        stores.receipts,
        clock or FakeClock(),
        every=60,
        rng=Random(1),
        full=full,
    )


@contextlib.asynccontextmanager
async def archiving(archive: Archive) -> AsyncIterator[Archive]:
    task = asyncio.create_task(archive.run())
    try:
        yield archive
    finally:
        await archive.stop()
        await task


async def owe(stores: Stores, *bodies: bytes, at: int = AT) -> list[int]:
    return [
        await stores.receipts.append(replace(a_receipt(uid=f"u{number}", body=body, at=at), routes=("kept",)))
        for number, body in enumerate(bodies)
    ]


def body(number: int) -> bytes:
    return b'{"n": %d}' % number


def numbers_in(folder: Path) -> dict[str, list[int]]:
    return {
        str(path.relative_to(folder)): [
            json.loads(line)["n"] for line in gzip.decompress(path.read_bytes()).splitlines()
        ]
        for path in sorted(folder.rglob("*.json.gz"))
    }


async def settled(stores: Stores) -> RouteCounts:
    async with asyncio.timeout(20):
        while (counts := (await stores.requests.counts())["kept"]).waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return counts


async def test_lines_are_put_into_objects_by_hour(tmp_path: Path) -> None:
    stores = MemoryJournal()
    await owe(stores, *map(body, range(3)))
    (late,) = await owe(stores, body(3), at=AT + HOUR)
    async with archiving(archive_of(stores, Folder(tmp_path))):
        assert await settled(stores) == RouteCounts(sent=4)
    hour = AT // HOUR % 24
    assert numbers_in(tmp_path) == {
        f"{DAY_FOLDER}/{hour:02}-000000001-u0.json.gz": [0, 1, 2],
        f"{DAY_FOLDER}/{hour + 1:02}-000000004-u0.json.gz": [3],
    }
    (handover,) = await stores.requests.handovers(late)
    assert handover.outcome is Outcome.SENT
    assert handover.words == f"{DAY_FOLDER}/{hour + 1:02}-000000004-u0.json.gz"
    assert [path.stat().st_mode & 0o077 for path in tmp_path.rglob("*.gz")] == [0, 0]


async def test_a_stop_writes_what_is_gathered_and_a_full_object_does_not_wait(tmp_path: Path) -> None:
    stores, clock = MemoryJournal(), FakeClock()
    clock.hold()
    await owe(stores, *map(body, range(10)))
    async with archiving(archive_of(stores, Folder(tmp_path), clock)) as archive:
        await archive.wait_idle()
        assert numbers_in(tmp_path) == {}
    assert list(numbers_in(tmp_path).values()) == [list(range(10))]
    await owe(stores, *map(body, range(10, 15)))
    async with archiving(archive_of(stores, Folder(tmp_path), clock, full=1)):
        await settled(stores)
    assert sorted(chain.from_iterable(numbers_in(tmp_path).values())) == list(range(15))


async def test_a_clock_that_is_set_back_puts_nothing_off(tmp_path: Path) -> None:
    stores, clock = MemoryJournal(), FakeClock()
    clock.hold()
    await owe(stores, body(1))
    async with archiving(archive_of(stores, Folder(tmp_path), clock)) as archive:
        await archive.wait_idle()
        clock.ahead = -5 * 24 * HOUR
        clock.release()
        await settled(stores)
    assert sum(clock.slept) <= 120


class Crash(Exception):
    """Ends the process, for a test."""


async def test_what_was_written_before_a_crash_is_written_over(tmp_path: Path) -> None:
    stores = MemoryJournal()
    await owe(stores, *map(body, range(6)))
    record, folder = stores.requests.record, Folder(tmp_path)
    for crashes in range(3):

        async def crash(*_: object) -> None:
            raise Crash

        stores.requests.record = crash  # type: ignore[method-assign]
        with pytest.raises(Crash):
            await archive_of(stores, folder).run()
        assert len(numbers_in(tmp_path)) == 1
        stores.requests.record = record  # type: ignore[method-assign]
        await owe(stores, body(6 + crashes))
    async with archiving(archive_of(stores, folder)):
        await settled(stores)
    assert list(numbers_in(tmp_path).values()) == [list(range(9))]


async def test_what_cannot_be_written_is_tried_again_and_told(tmp_path: Path) -> None:
    stores, clock = MemoryJournal(), FakeClock()
    (tmp_path / RAW).write_text("in the way", encoding="utf-8")
    await owe(stores, body(1))
    said: list[str] = []
    archive = archive_of(stores, Folder(tmp_path), clock)
    archive._report = lambda: said.append(archive.fault)
    async with archiving(archive):
        async with asyncio.timeout(10):
            while not said:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        assert "cannot be written: " in said[0]
        (tmp_path / RAW).unlink()
        await settled(stores)
    assert said[-1] == ""
    assert list(numbers_in(tmp_path).values()) == [[1]]


async def test_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    stores, clock = MemoryJournal(), FakeClock()
    await owe(stores, *map(body, range(3)))
    async with S3Server() as s3:
        route = RouteSettings(
            name="kept", kind="archive", url="s3://logs/a/b", endpoint=s3.url, bucket_region="eu-west-1"
        )
        s3.failing = 2
        async with archiving(archive_of(stores, objects_of(route), clock)):
            assert await settled(stores) == RouteCounts(sent=3)
        assert s3.puts == 3
        ((key, data),) = s3.objects.items()
        assert key.startswith(f"/logs/a/b/{DAY_FOLDER}/")
        assert gzip.decompress(data).splitlines() == [body(number) for number in range(3)]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        with pytest.raises(NotWritten, match=r"s3://logs/a/b cannot be written: .*403"):
            await objects_of(route).put("x", b"data")


def test_a_refused_request_is_kept_with_its_body_and_without_secrets() -> None:
    given = replace(
        a_receipt(body=gzip.compress(b"not json")),
        refused="not JSON",
        status=400,
        headers=(("authorization", "Basic c2VjcmV0"), ("content-encoding", "gzip")),
    )
    line = json.loads(refused_request(given))
    assert (line["refused"], line["status"], line["body"]) == ("not JSON", 400, "not json")
    assert "c2VjcmV0" not in json.dumps(line)
    assert json.loads(refused_request(replace(given, body=b"\xff")))["bodyBase64"] == "/w=="
