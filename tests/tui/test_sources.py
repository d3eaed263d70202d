"""Sources by their names: in the list with their colors, in the caption, in `tail`, in the whole program."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest
from fake_viewer import FakeViewer, story, until
from processes import running

from segtap.core.api.models import SourceState, Summary
from segtap.tui.app import SegtapApp
from segtap.tui.cli.tail import _table_line, _write_json  # pyright: ignore[reportPrivateUsage]
from segtap.tui.model.sources import SourceNames
from segtap.tui.render.message import SOURCE_STYLE

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]
SOURCES = (
    SourceState(name="web shop", color="cyan", write_keys=("wk_web", "wk_staging")),
    SourceState(name="phone", color="pink", write_keys=("wk_ios",)),
    SourceState(name="注文サーバー", color="orange", write_keys=("wk_server",)),
)
KEYS = ("wk_web", "wk_ios", "wk_server", "wk_staging", "0f8a3c5e9b7d41e6a2c4", "")


def lines(count: int = 12) -> list[Summary]:
    """Lines of the story, of several sources."""
    return [
        msgspec.structs.replace(line, write_key="" if line.refused else KEYS[at % len(KEYS)])
        for at, line in enumerate(story(count))
    ]


def viewer(*sources: SourceState) -> FakeViewer:
    return FakeViewer(lines(), sources=sources)


def test_a_source_is_called_by_its_name_else_by_its_key_else_by_its_library() -> None:
    names, (web, phone, server, staging, other, without, *_) = SourceNames(SOURCES), lines()
    assert [names.word(one) for one in (web, phone, server, staging, other)] == [
        "web shop",
        "phone",
        "注文サーバー",
        "web shop",
        "0f8a3c5e9b7…",
    ]
    assert names.word(without) == without.source
    assert [names.color(one) for one in (web, other, without)] == ["cyan", None, None]
    assert [SourceNames().word(one) for one in (web, other)] == [web.source, other.source]


def test_lines_of_tail_are_aligned_behind_the_longest_name() -> None:
    sources = SourceNames(
        (*SOURCES, SourceState(name="Marketing website", color="red", write_keys=("wk_m",)))
    )
    long = msgspec.structs.replace(lines(1)[0], write_key="wk_m")
    behind = {_table_line(line, sources).index(f"  {line.mode}  ") for line in (long, *lines(2))}
    assert len(behind) == 1


def test_every_color_is_one_of_the_themes() -> None:
    assert len(set(SOURCE_STYLE.values())) == len(SOURCE_STYLE)


def test_tail_names_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    web, *_, other, _ = lines(6)
    assert "  web shop  " in _table_line(web, SourceNames(SOURCES))
    for line in (web, other):
        _write_json(line, SourceNames(SOURCES))
    one, two = map(json.loads, capsys.readouterr().out.splitlines())
    assert (one["source"], one["source_name"], one["write_key"]) == ("web", "web shop", "wk_web")
    assert two["source_name"] == ""


async def test_the_list_follows_the_names(app_on: Callable[..., SegtapApp]) -> None:
    shown = viewer(*SOURCES)
    app = app_on(shown)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 12)
        main = app.main
        assert main is not None
        await until(pilot, lambda: bool(main.list.sources.sources))
        text = "\n".join(main.list.paint_line(at, 118).text for at in range(12))
        assert all(word in text for word in ("web shop", "phone", "注文サーバー", "0f8a3c5e9b7…"))
        main.list.put_sources(())
        assert "web shop" not in "\n".join(main.list.paint_line(at, 118).text for at in range(12))


@pytest.mark.picture
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: str(size[0]))
async def test_list_with_sources(
    size: tuple[int, int], app_on: Callable[..., SegtapApp], same_grid: Any, still: None
) -> None:
    app = app_on(viewer(*SOURCES))

    async def act(pilot: Any) -> None:
        await until(pilot, lambda: app.main is not None and bool(app.main.list.sources.sources))
        await pilot.pause()

    await same_grid(app, size, act)


@pytest.mark.picture
@pytest.mark.parametrize("size", [(80, 24), (120, 24), (200, 24)], ids=lambda size: str(size[0]))
async def test_list_with_a_long_name(
    size: tuple[int, int], app_on: Callable[..., SegtapApp], same_grid: Any, still: None
) -> None:
    long = msgspec.structs.replace(SOURCES[0], name="Checkout and payments - production in EU")
    app = app_on(viewer(long, *SOURCES[1:]))

    async def act(pilot: Any) -> None:
        await until(pilot, lambda: app.main is not None and bool(app.main.list.sources.sources))
        await pilot.pause()

    await same_grid(app, size, act)


@pytest.mark.picture
async def test_list_with_sources_in_ascii(
    app_on: Callable[..., SegtapApp], same_grid: Any, still: None
) -> None:
    app = app_on(viewer(*SOURCES), plain=True)

    async def act(pilot: Any) -> None:
        await until(pilot, lambda: app.main is not None and bool(app.main.list.sources.sources))
        await pilot.pause()

    await same_grid(app, (100, 24), act)


def test_two_sources_through_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segment.analytics.client import Client

    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    file = tmp_path / "segtap.toml"
    file.write_text(
        "[[sources]]\nname = 'shop'\nwrite_keys = ['wk_shop']\nsource_name = 'Shop'\n"
        "[[sources]]\nname = 'till'\nwrite_keys = ['wk_till']\nblocked_events = ['Debug']\n"
    )
    start = ["--port", "0", "--host", "127.0.0.1", "--dry-run", "--config", str(file)]
    with running([*SEGTAP, "forward", *start]) as engine:
        assert engine.stdout is not None
        started = (json.loads(line) for line in engine.stdout)
        url = next(one["urls"][0] for one in started if one["message"] == "listening")
        clients = [Client(key, host=url, sync_mode=True) for key in ("wk_shop", "wk_till", "wk_other")]
        with running([*SEGTAP, "tail", "--url", url, "--format", "json", "source:shop,till"]) as tail:
            assert tail.stdout is not None
            found: list[dict[str, Any]] = []

            def read(stream: IO[str]) -> None:
                found.extend(map(json.loads, stream))

            reading = threading.Thread(target=read, args=(tail.stdout,))
            reading.start()
            ends = time.monotonic() + 60
            while not found and time.monotonic() < ends:  # it may not be listening yet
                clients[0].track("u-1", "Begun")
                time.sleep(0.1)
            for client in clients:
                client.track("u-1", "Ordered")
                client.track("u-1", "Debug")
            while len([one for one in found if one["name"] != "Begun"]) < 4 and time.monotonic() < ends:
                time.sleep(0.05)
            tail.terminate()
            reading.join(30)
    assert [
        (one["source_name"], one["name"], one["delivery"]) for one in found if one["name"] != "Begun"
    ] == [
        ("shop", "Ordered", "waiting"),
        ("shop", "Debug", "waiting"),
        ("till", "Ordered", "waiting"),
        ("till", "Debug", "none"),
    ]
