"""Viewers whose connections are cut again and again under load: they miss none, and have none twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from engines import engine_settings, isolate, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.api.models import Change, Page, Summary
from segtap.core.errors import EngineError
from segtap.tui.model import list_source
from segtap.tui.model.detail_source import DetailListener, DetailSource
from segtap.tui.model.list_source import ListListener, ListSource
from segtap.tui.model.selection import Selection
from segtap.tui.model.window import Window

CUTS = 50


class Cutting:
    """A TCP proxy to a port, as a tunnel is one. `cut` breaks connections off, with what is on their way."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: list[asyncio.StreamWriter] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Cutting]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far, out = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._open += [writer, out]
        await asyncio.gather(self._pass(reader, out), self._pass(far, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 12):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self, every: int = 1) -> None:
        """Break off each `every`-th connection."""
        for writer in self._open[::every]:
            writer.transport.abort()
        self._open = [writer for writer in self._open if not writer.transport.is_closing()]


class Unlucky(Client):
    """A client whose next pages behind a message are lost on their way."""

    unlucky = 0

    async def page(self, *, after: int | None = None, **options: Any) -> Page:
        if after is not None and self.unlucky:
            self.unlucky -= 1
            raise EngineError("the connection was cut")
        return await super().page(after=after, **options)


class List:
    """A list without a screen. `seen` has the ids in the order in which they came into it."""

    def __init__(self) -> None:
        self.window = Window()
        self.selection = Selection(self.window)
        self.selected = None
        self.seen: list[int] = []
        self.lost = 0
        self._grown = asyncio.Event()

    def extend(self, summaries: Sequence[Summary]) -> None:
        count = self.window.append(summaries)
        self.seen += [row.id for row in self.window.rows[len(self.window.rows) - count :]]
        self._grown.set()

    def reset(self, page: Page, *, keep: int | None = None) -> None:
        self.window.reset(page.summaries)
        self.seen = [row.id for row in page.summaries]
        self._grown.set()

    async def holds(self, count: int) -> None:
        """Wait until so many messages are in the list."""
        async with asyncio.timeout(20):
            while len(self.seen) < count:
                self._grown.clear()
                await self._grown.wait()

    def change(self, changes: Sequence[Change]) -> None:
        self.window.change(changes)

    def note_loss(self, why: str) -> None:
        self.lost += bool(why)

    @contextlib.asynccontextmanager
    async def following(self, client: Client) -> AsyncIterator[None]:
        view: Any = self
        details = DetailSource(
            lambda: client,
            view,
            DetailListener(
                detail=lambda detail, why: None,
                settled=lambda: None,
                trouble=lambda error: None,
                changed=lambda id, values: None,
            ),
        )
        listener = ListListener(
            state=lambda state: None,
            arrived=lambda count: None,
            lost=self.note_loss,
            loaded=lambda: None,
            trouble=lambda error: None,
            renumbered=lambda: None,
        )
        source = ListSource(client, view, details, listener)
        tasks = [asyncio.create_task(work) for work in (source.run(), source.catch_up())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("every", [1, 2], ids=["every connection", "some connections"])
async def test_nothing_is_missed_and_nothing_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(list_source, "PATIENCE", (0.01,))
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        port = int(engine.url.rsplit(":", 1)[1])
        async with Cutting(port).running() as proxy, contextlib.AsyncExitStack() as stack:
            lists = [List(), List()]
            for one in lists:
                distant = Client(f"http://127.0.0.1:{proxy.port}", engine.token)
                await stack.enter_async_context(distant)
                await stack.enter_async_context(one.following(distant))
            sent = 0
            for _ in range(CUTS):
                await post(engine.url, *(track(f"m-{sent + n}") for n in range(20)))
                sent += 20
                before = [one.lost for one in lists]
                proxy.cut(every)
                await asyncio.sleep(0.005)
                async with asyncio.timeout(10):
                    # One that was not connected just now has nothing to lose yet.
                    while every == 1 and any(
                        one.lost == lost for one, lost in zip(lists, before, strict=True)
                    ):
                        proxy.cut()
                        await asyncio.sleep(0.005)
            await until(client, lambda state: state.received == sent)
            page = await client.page(limit=2 * sent)
            stored = [row.id for row in page.summaries]
            assert len(stored) == sent
            for one in lists:
                await one.holds(sent)
    for one in lists:
        assert one.seen == stored
        assert [row.id for row in one.window.rows] == stored
    if every == 1:
        assert all(one.lost >= CUTS for one in lists)


async def test_a_gap_stays_open_until_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missed is read again when only the connection that asked for it was cut."""
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(list_source, "PATIENCE", (0.05,))
    async with contextlib.AsyncExitStack() as stack:
        engine, client = await stack.enter_async_context(running_engine(engine_settings(tmp_path)))
        proxy = await stack.enter_async_context(Cutting(int(engine.url.rsplit(":", 1)[1])).running())
        distant, one = Unlucky(f"http://127.0.0.1:{proxy.port}", engine.token), List()
        await stack.enter_async_context(distant)
        await stack.enter_async_context(one.following(distant))
        await post(engine.url, track("first"))
        await one.holds(1)
        distant.unlucky = 3
        proxy.cut()
        await post(engine.url, track("missed"))
        async with asyncio.timeout(20):
            while distant.unlucky:
                await post(engine.url, track(f"during {distant.unlucky}"))
                await asyncio.sleep(0.01)
        await post(engine.url, track("last"))
        await engine.indexed()
        stored = [row.id for row in (await client.page(limit=1_000)).summaries]
        await one.holds(len(stored))
    assert one.seen == stored
