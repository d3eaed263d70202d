"""`segtap stats` on a running engine: lines, JSON, and what a terminal shows."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from command_line import segtap
from fake_viewer import FakeViewer, story

from segtap.core.api.models import EngineState, RouteState
from segtap.core.commands import stats as stats_module
from segtap.core.commands.stats import Stats, stats_of, watch_stats
from segtap.core.delivery import DeliveryCounts
from segtap.core.errors import EngineError
from segtap.tui.cli.stats import head_line, line_of, live_lines, plot, redrawn, route_lines


async def state(**changes: Any) -> EngineState:
    return msgspec.structs.replace(await FakeViewer(story(12)).state(), **changes)


async def test_rates_are_those_since_the_moment_before() -> None:
    first = stats_of(await state(received=100, deliveries=DeliveryCounts(sent=10, waiting=3)), 1_000)
    then = await state(received=150, refused=1, deliveries=DeliveryCounts(sent=30, refused=2, stuck=4))
    second = stats_of(then, 3_000, first)
    assert (first.received_rate, first.sent_rate, first.owed) == (0, 0, 3)
    assert (second.received_rate, second.sent_rate, second.refused, second.owed) == (25, 10, 3, 4)
    assert stats_of(await state(received=0), 4_000, second).received_rate == 0  # cleared
    assert stats_of(then, 3_000, second).received_rate == 0  # at the same moment


async def test_an_engine_is_asked_again_and_again() -> None:
    double, times = FakeViewer(story(12)), iter((10.0, 11.0, 12.0))
    found: list[Stats] = []
    async for moment in watch_stats(double, 0, lambda: next(times)):
        found.append(moment)
        if len(found) == 3:
            break
    assert [moment.at for moment in found] == [10_000, 11_000, 12_000]
    assert {moment.received for moment in found} == {(await double.state()).received}


async def test_an_engine_that_hangs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    double = FakeViewer(story(1))

    async def hangs() -> EngineState:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(double, "state", hangs)
    monkeypatch.setattr(stats_module, "PATIENCE", 0.01)
    with pytest.raises(EngineError, match=r"has not answered for 0\.01 seconds"):
        await anext(watch_stats(double, 1))


async def test_lines_stand_below_their_heads() -> None:
    moment = stats_of(await state(received=1_234_567, deliveries=DeliveryCounts(uncertain=2)), 5_000)
    head, line = head_line(), line_of(moment)
    assert head.index("received") + len("received") == line.index("1,234,567") + len("1,234,567")
    assert head.index("uncertain") + len("uncertain") == line.rindex(" 2  ") + 2
    assert len(line) < 110


@pytest.mark.parametrize("width", [10, 80, 200])
async def test_a_terminal_shows_no_line_beyond_its_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGTAP_ASCII", "1")
    moments = [
        stats_of(await state(received=n * n, fault="The disk is \x1b[31mfull. " * 20), n * 1_000)
        for n in range(300)
    ]
    lines = live_lines("http://127.0.0.1:8765", moments, width)
    assert all(len(line) < width for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert len(lines) == 7
    assert lines[3].startswith("The disk")
    for height in (1, 2, 4, 7):
        low = live_lines("http://127.0.0.1:8765", moments, width, height)
        assert low == lines[: max(1, height - 1)]


async def test_a_large_number_is_written_out() -> None:
    moments = [stats_of(await state(deliveries=DeliveryCounts(waiting=12_345_678)), n) for n in (1, 2)]
    assert live_lines("http://127.0.0.1:8765", moments, 80)[-1].startswith("owed       12,345,678  ")


def test_lines_are_written_over_those_before() -> None:
    assert redrawn(["ab", "c"], [], 80, 24) == "ab\x1b[K\nc\x1b[K\n\x1b[J"
    assert redrawn(["ab"], ["long line", "c"], 80, 24).startswith("\x1b[2Aab")
    # A terminal that has become narrower has wrapped the first line.
    assert redrawn(["ab"], ["long line", "c"], 4, 24).startswith("\x1b[4Aab")
    assert redrawn(["ab"], ["line"] * 7, 80, 4).startswith("\x1b[3Aab")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "0.01", "1e9"])
def test_an_interval_is_a_number_of_seconds(number: str) -> None:
    for arguments in (["stats", "--interval", number], ["demo", "--rate", number.replace("0.01", "0.001")]):
        if arguments[0] == "demo" and number == "1e9":
            continue
        done = segtap(*arguments)
        assert done.returncode == 2
        assert "Invalid value for" in done.stderr


def test_a_plot_is_as_high_as_its_highest_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGTAP_ASCII", "1")
    assert plot([0, 1, 2, 5], 10) == "_.-#"
    assert plot([9, 0, 5], 2) == "_#"
    assert plot([0, 0], 5) == "__"
    assert plot([], 5) == plot([1], 0) == ""
    monkeypatch.setenv("SEGTAP_ASCII", "0")
    assert plot([0, 7], 5) == "▁█"


async def test_each_of_several_routes_has_a_line_below_the_sums() -> None:
    us = RouteState(name="us", kind="mixpanel", sent=50, stuck=2, waiting=1)
    mirror = RouteState(name="mirror", kind="segment", sent=7, waiting=1_234, stuck=2)
    moment = stats_of(await state(received=60, routes=(us, mirror)), 5_000)
    head, line = head_line(), line_of(moment)
    first, other = route_lines(moment)
    for name, values in {"sent": ("50", "7"), "owed": ("3", "1,234"), "stuck": ("2", "2")}.items():
        end = head.index(name) + len(name)
        assert (first[:end].split()[-1], other[:end].split()[-1]) == values
        assert first[end] == other[end] == line[end] == " "
    assert first.index("us") == other.index("mirror") == head.index("forwarding")
    assert route_lines(stats_of(await state(routes=(us,)), 5_000)) == []
