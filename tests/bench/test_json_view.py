"""How long a large document takes to be on the screen, beside reading it at all and beside a small one."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

from pane_host import Host

from segtap.tui.render.json import parse
from segtap.tui.widgets.json_view import JsonView

ROUNDS = 7


def products(count: int) -> bytes:
    """A message with so many products, as JSON text: about 94 bytes each."""
    items: Any = [
        {
            "id": f"sku-{number}",
            "name": f"product {number}",
            "price": number * 1.5,
            "tags": ["a", "b"],
            "at": None,
        }
        for number in range(count)
    ]
    return json.dumps({"event": "Order Completed", "properties": {"products": items}}).encode()


def best(work: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


async def test_first_paint_of_755_kb_costs_little_more_than_reading_it() -> None:
    large, small = products(8200), products(108)
    assert 740_000 < len(large) < 770_000
    assert 9_000 < len(small) < 11_000
    view = JsonView()
    async with Host(view).run_test(size=(120, 50)) as pilot:
        await pilot.pause()

        def paint(text: bytes) -> None:
            view.show(parse(text))
            for y in range(50):
                view.rows.render_line(y)

        def paint_all(text: bytes) -> None:
            paint(text)
            view.rows.document.open_all()
            for line in range(len(view.rows.document) - 50, len(view.rows.document)):
                view.rows.document.row(line)

        reading = best(lambda: json.loads(large))
        first, little, unfolded = (
            best(lambda: paint(large)),
            best(lambda: paint(small)),
            best(lambda: paint_all(large)),
        )
        rows = len(view.rows.document)
    print(
        f"\n755 KB: json.loads {reading * 1e3:.1f} ms, parsed and painted {first * 1e3:.1f} ms "
        f"({first / reading:.1f} of it; 10 KB: {little * 1e3:.1f} ms), "
        f"all {rows:,} rows unfolded {unfolded * 1e3:.1f} ms"
    )
    assert rows == 804, "a long list shows its first hundred items, however much is unfolded"
    assert first < 4 * reading
    assert unfolded < 40 * reading
