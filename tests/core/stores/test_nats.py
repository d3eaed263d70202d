"""Streams of NATS that several engines share: what each of them keeps, and what it says where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from engines import PATIENCE
from journal_values import a_receipt, an_attempt, an_entry
from nats_servers import Server, free_ports, new_stream, one_server

from segtap.core import stores
from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.errors import JournalError
from segtap.core.messages import Receipt
from segtap.core.stores import START, Stores
from segtap.core.stores.nats import streams
from segtap.core.stores.nats.address import PARTITIONS, read_address
from segtap.core.stores.nats.connection import Away, Connection
from segtap.core.stores.nats.outbox import NatsOutbox
from segtap.core.stores.nats.partition import Lost
from segtap.core.stores.nats.spool import Spool


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("CREDS", "USER", "PASSWORD", "TOKEN", "CA", "CERT", "KEY"):
        monkeypatch.delenv(f"NATS_{name}", raising=False)


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A server that the test may stop."""
    with one_server(tmp_path / "server") as one:
        yield one


@contextlib.asynccontextmanager
async def opened(*urls: str) -> AsyncIterator[list[Any]]:
    kept = [await stores.open(url) for url in urls]
    try:
        yield kept
    finally:
        for one in kept:
            await one.close()


async def refusal(url: str) -> str:
    with pytest.raises(JournalError) as refused:
        await stores.open(url)
    return str(refused.value)


async def until(true: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 – of the server
            await asyncio.sleep(0.02)


async def uids(kept: Stores) -> list[str]:
    return [one.uid for one in await kept.receipts.read(START, 1_000)]


async def index(kept: Stores, *, state: DeliveryState = DeliveryState.WAITING) -> None:
    """Index what is in the log, one message a receipt."""
    for receipt in await kept.receipts.read(kept.index.position, 1_000):
        await kept.index.add([an_entry(receipt.seq, state=state)], receipt.seq)


# --- what cannot be used ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nats://", "names no server"),
        ("nats://a b/segtap", "names no server"),
        ("nats://host", "names no stream"),
        ("nats://host/a.b", "names no stream"),
        ("nats://host/segtap?replicas=2", "replicas=1, 3 or 5"),
        ("nats://host/segtap?x=1", "in nothing else"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused(url: str, words: str) -> None:
    assert words in await refusal(url)


async def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    words = await refusal("nats://me:hunter2@host/segtap")
    assert "NATS_PASSWORD" in words
    assert "hunter2" not in words


def test_an_address_has_a_port_for_each_host_and_names_its_streams() -> None:
    address = read_address("nats://a,b:5000,[::1]/segtap?replicas=3")
    assert address.hosts == ("a:4222", "b:5000", "[::1]:4222")
    assert (address.receipts, address.outcomes, address.replicas) == ("segtap", "segtap_outcomes", 3)


async def test_without_a_server_it_says_how_to_start_one() -> None:
    words = await refusal(f"nats://127.0.0.1:{free_ports(1)[0]}/segtap")
    assert "nats-server --jetstream" in words


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert "pip install 'segtap[nats]'" in await refusal("nats://127.0.0.1:1/segtap")


async def test_what_is_wrong_at_the_server_is_named(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = new_stream()
    assert "?replicas=1" in await refusal(f"{nats_url}/{name}?replicas=3")
    connection = Connection(read_address(f"{nats_url}/{name}"))
    await connection.open()
    receipts, *_ = streams.configs(connection.address, 1, 1_000_000)
    await connection.api(f"STREAM.CREATE.{name}", {**receipts, "discard": "old", "max_age": 10**12})
    words = await refusal(f"{nats_url}/{name}")
    assert "discard is old and must be new; max_age must not be set" in words
    other = new_stream()
    await connection.api(f"STREAM.CREATE.{other}", {**receipts, "name": other, "subjects": [f"{other}.x"]})
    assert "belongs to another program" in await refusal(f"{nats_url}/{other}")
    await connection.close()


async def test_credentials_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with one_server(tmp_path / "closed", "--user", "me", "--pass", "hunter2") as closed:
        url = f"nats://127.0.0.1:{closed.port}/segtap"
        assert "NATS_USER and NATS_PASSWORD" in await refusal(url)
        monkeypatch.setenv("NATS_USER", "me")
        monkeypatch.setenv("NATS_PASSWORD", "wrong")
        words = await refusal(url)
        assert "refuses these credentials" in words
        assert "wrong" not in words
        monkeypatch.setenv("NATS_PASSWORD", "hunter2")
        async with opened(url) as (kept,):
            assert "hunter2" not in kept.path


async def test_a_server_without_jetstream_is_named(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = Server(tmp_path / "plain", port, jetstream=False)
    server.start()
    try:
        assert "nats-server --jetstream" in await refusal(f"nats://127.0.0.1:{port}/segtap")
    finally:
        server.kill()


# --- what engines share ----------------------------------------------------------------------------


async def test_all_have_the_same_receipts_at_the_same_positions(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    async with opened(url, url) as (one, other):
        await asyncio.gather(*(kept.receipts.append(a_receipt()) for _ in range(20) for kept in (one, other)))

        async def all_there() -> bool:
            return len(await uids(one)) == len(await uids(other)) == 40

        await until(all_there)
        assert await one.receipts.read(START, 100) == await other.receipts.read(START, 100)
    async with opened(url) as (again,):
        assert len(await uids(again)) == 40


async def test_one_that_comes_later_has_what_became_of_messages_too(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    async with opened(url, url) as (one, other):
        seqs = [await one.receipts.append(a_receipt()) for _ in range(3)]
        await index(one)
        ids = [line.id for line in (await one.index.page()).summaries]
        await one.outbox.record([an_attempt(ids[0])], [(ids[0], DeliveryState.SENT)])

        async def arrived() -> bool:
            return len(await uids(other)) == len(seqs)

        await until(arrived)
        await index(other)

        async def sent() -> bool:
            return (await other.index.counts()).deliveries.sent == 1

        await until(sent)
        assert await other.outbox.deliveries(ids[0]) == await one.outbox.deliveries(ids[0])
        await other.clear()

        async def empty() -> bool:
            return not await uids(one) and not (await one.index.page()).summaries

        await until(empty)
        assert await one.receipts.append(a_receipt()) > seqs[-1]


async def test_a_decision_counts_only_while_the_message_is_what_it_was_made_about(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    async with opened(url, url) as (one, other):
        await one.receipts.append(a_receipt())
        for kept in (one, other):
            await until(lambda kept=kept: uids(kept))
            await index(kept)
        (line,) = (await one.index.page()).summaries
        await asyncio.gather(
            one.outbox.record([an_attempt(line.id)], [(line.id, DeliveryState.SENT)]),
            other.outbox.record([an_attempt(line.id)], [(line.id, DeliveryState.OFF)]),
        )
        states = [await kept.index.summary(line.id) for kept in (one, other)]
        assert states[0] == states[1]
        assert len(await one.outbox.deliveries(line.id)) == 1


async def test_who_lost_a_partition_cannot_mark_what_it_would_send(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    async with opened(url, url) as (one, other):
        await one.receipts.append(a_receipt())
        for kept in (one, other):
            await until(lambda kept=kept: uids(kept))
            await index(kept)
        (line,) = (await one.index.page()).summaries
        number = streams.partition_of("u-1")
        outbox: NatsOutbox = one.outbox
        held = await outbox.claim(number)
        mark = an_attempt(line.id, Outcome.UNCERTAIN)
        await held.write((mark,), ())
        await other.outbox.claim(number)
        with pytest.raises(Lost):
            await held.write((mark,), ())
        assert outbox.owner(number) == other.outbox.node != outbox.node


@pytest.mark.kill
async def test_partitions_are_shared_evenly_and_come_back(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"

    @contextlib.asynccontextmanager
    async def rest() -> AsyncIterator[set[int]]:
        yield set()

    async with opened(url, url) as (one, other):

        async def share(kept: Any, count: int) -> None:
            async def has() -> bool:
                return len(kept.outbox.held) == count

            await until(has)

        async with one.outbox.sending(rest):
            await share(one, PARTITIONS)
            async with other.outbox.sending(rest):
                await share(other, PARTITIONS // 2)
                await share(one, PARTITIONS // 2)
                assert not one.outbox.held & other.outbox.held
            await share(one, PARTITIONS)


# --- while NATS is away ----------------------------------------------------------------------------


@pytest.mark.kill
async def test_what_comes_while_nats_is_away_is_kept_and_published_in_order_once(
    server: Server, tmp_path: Path
) -> None:
    url = f"nats://127.0.0.1:{server.port}/segtap"
    said: list[str] = []
    async with opened(url) as (kept,):
        kept.receipts.watch(said.append)
        assert await kept.receipts.append(a_receipt("before")) > START
        server.kill()
        for number in range(20):
            assert await kept.receipts.append(a_receipt(f"away-{number}")) == START
        await kept.receipts.check()
        assert "20 requests are on this machine's disk" in said[-1]
    # What waits survives the engine, which starts without NATS.
    async with opened(url) as (kept,):
        kept.receipts.watch(said.append)
        assert await kept.receipts.append(a_receipt("away-20")) == START
        server.start()

        async def drained() -> bool:
            return not kept.receipts.spool.active

        await until(drained)
        assert await kept.receipts.append(a_receipt("after")) > START
        assert await uids(kept) == ["before", *(f"away-{number}" for number in range(21)), "after"]
        assert said[-1] == ""


@pytest.mark.kill
async def test_reading_waits_longer_than_a_new_consumer_takes_whose_making_gets_no_answer(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that has just started forgets consumers, and drops what it is asked before its JetStream is up.
    ask, dropped = Connection._ask, []

    async def drop_the_first(self: Connection, subject: str, *rest: Any) -> Any:
        if "CONSUMER.CREATE" in subject and not dropped:
            dropped.append(subject)
            await asyncio.sleep(rest[-1])  # as long as an answer may take
            raise Away("no answer")
        return await ask(self, subject, *rest)

    async with opened(f"{nats_url}/{new_stream()}") as (kept,):
        follower = kept.receipts.follower
        await kept.receipts.append(a_receipt("first"))
        assert await uids(kept) == ["first"]
        monkeypatch.setattr(Connection, "_ask", drop_the_first)
        follower._lost = True
        follower._wake.set()

        async def asked() -> bool:
            return bool(dropped)

        await until(asked)
        await kept.receipts.append(a_receipt("second"))
        assert await uids(kept) == ["first", "second"]


async def test_what_comes_while_the_spool_is_emptied_is_published_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    late: list[asyncio.Task[None]] = []

    async def publish(receipt: Receipt) -> None:
        published.append(receipt.uid)

    async def caught_up() -> None:
        pass

    kept = await stores.open(str(tmp_path / "spool.db"))
    spool, clear = Spool(kept, publish, caught_up, lambda: None), kept.clear

    async def clear_while_more_comes() -> None:
        if not late:
            late.append(asyncio.create_task(spool.keep(a_receipt("late"))))
            await asyncio.sleep(0)
        await clear()

    monkeypatch.setattr(kept, "clear", clear_while_more_comes)
    running = asyncio.create_task(spool.run())
    await spool.keep(a_receipt("first"))

    async def idle() -> bool:
        return bool(late) and late[0].done() and not spool.active

    await until(idle)
    assert published == ["first", "late"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await kept.close()


@pytest.mark.kill
async def test_what_another_engine_of_the_machine_left_is_published(server: Server, tmp_path: Path) -> None:
    url = f"nats://127.0.0.1:{server.port}/segtap"
    async with opened(url, url) as (one, other):
        server.kill()
        await one.receipts.append(a_receipt("one"))
        await other.receipts.append(a_receipt("other"))
    server.start()
    async with opened(url) as (kept,):

        async def published() -> bool:
            return sorted(await uids(kept)) == ["one", "other"]

        await until(published)


async def test_streams_that_were_made_again_are_copied_again(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    async with opened(url) as (kept,):
        await kept.receipts.append(a_receipt("old"))
        assert await uids(kept) == ["old"]
    connection = Connection(read_address(url))
    await connection.open()
    await connection.api(f"STREAM.DELETE.{connection.address.receipts}")
    await connection.close()
    async with opened(url) as (kept,):
        assert await uids(kept) == []
        await kept.receipts.append(a_receipt("new"))
        assert await uids(kept) == ["new"]


@pytest.mark.kill
async def test_streams_made_again_under_an_engine_bar_it_from_writing(nats_url: str) -> None:
    url = f"{nats_url}/{new_stream()}"
    said: list[str] = []
    async with opened(url) as (kept,):
        kept.receipts.watch(said.append)
        connection = Connection(read_address(url))
        await connection.open()
        for name in (connection.address.receipts, connection.address.outcomes):
            await connection.api(f"STREAM.DELETE.{name}")
        await streams.open_streams(connection, 1_000_000)
        await connection.close()

        async def told() -> bool:
            return bool(said) and "deleted and made again" in said[-1]

        await until(told)
        assert await kept.receipts.append(a_receipt("kept")) == START
    async with opened(url) as (kept,):

        async def published() -> bool:
            return await uids(kept) == ["kept"]

        await until(published)
