"""A search that ends when its time is up, and continues from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from journal_values import a_receipt, an_entry
from msgspec.structs import replace
from queries import holding

from segtap.core import stores
from segtap.core.messages import Receipt, position_of
from segtap.core.stores import Stores
from segtap.core.stores.base import Condition, Found
from segtap.core.stores.sqlite import progress, text_spans, texts

MESSAGES = 40
MATCHING = {3, 4, 5, 17, 30, 31, 38}


@pytest.fixture(params=["memory", "sqlite"])
async def kept(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stores]:
    monkeypatch.setattr(texts, "TOGETHER", 5)
    monkeypatch.setattr(progress, "_TOGETHER", 3)
    for name, value in (("_TEXTS", 2), ("_SAMPLE", 1), ("_MANY", 2)):
        monkeypatch.setattr(text_spans, name, value)
    memory = request.param == "memory"
    opened = await stores.open("memory:" if memory else str(tmp_path / "journal.db"))
    yield opened
    await opened.close()


async def fill(kept: Stores) -> list[int]:
    """Index messages, four in a request, of which some are `Wanted`; returns those."""
    wanted: list[int] = []
    for start in range(0, MESSAGES, 4):
        seq = await kept.receipts.append(a_receipt())
        names = ["Wanted" if start + place in MATCHING else "Other" for place in range(4)]
        entries = [an_entry(seq, place, name=name) for place, name in enumerate(names)]
        await kept.index.add(entries, seq)
        wanted += [entry.summary.id for name, entry in zip(names, entries, strict=True) if name == "Wanted"]
    return wanted


def named(found: Found) -> bool:
    return found.entry.summary.name == "Wanted"


def positions(receipt: Receipt) -> list[int]:
    first = (receipt.seq - 1) * 4
    return [place for place in range(4) if first + place in MATCHING]


CONDITIONS = {
    "columns": Condition("name = ?", ("Wanted",), named),
    "lines": Condition(matches=named),
    "texts": holding("wanted"),
    "texts and columns": replace(holding("wanted"), sql="name = ?", parameters=("Wanted",)),
    "texts and columns of all": replace(holding("wanted"), sql="type = ?", parameters=("track",)),
    "requests": Condition(matches=named, positions=positions),
    "texts and requests": replace(holding("wanted"), positions=positions),
}


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_each_line_is_found_once_however_often_time_is_up(kept: Stores, name: str, limit: int) -> None:
    wanted = await fill(kept)
    condition = replace(CONDITIONS[name], late=lambda: True)
    found: list[int] = []
    before, more, pages, late = None, True, 0, 0
    while more:
        page = await kept.index.page(before=before, limit=limit, condition=condition)
        ids = [line.id for line in page.summaries]
        found[:0] = ids
        assert len(ids) <= limit
        more, pages, late = page.more, pages + 1, late + (page.searched_to > 0)
        next_before = page.searched_to or (ids[0] if ids else 0)
        assert not page.searched_to or not ids or page.searched_to <= ids[0]
        assert not more or before is None or next_before < before
        before = next_before
    assert found == wanted
    assert pages > late >= len(MATCHING) // 2


async def test_a_search_that_is_in_time_is_not_cut(kept: Stores) -> None:
    wanted = await fill(kept)
    for condition in CONDITIONS.values():
        page = await kept.index.page(condition=replace(condition, late=lambda: False))
        assert [line.id for line in page.summaries] == wanted
        assert (page.more, page.searched_to) == (False, 0)
        page = await kept.index.page(condition=replace(condition, late=lambda: False), limit=2)
        assert [line.id for line in page.summaries] == wanted[-2:]
        assert (page.more, page.searched_to) == (True, 0)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_a_search_from_the_oldest_is_continued_as_well(kept: Stores, name: str, limit: int) -> None:
    wanted = await fill(kept)
    condition = replace(CONDITIONS[name], late=lambda: True)
    found: list[int] = []
    after, more, late = 0, True, 0
    while more:
        page = await kept.index.page(after=after, limit=limit, condition=condition)
        ids = [line.id for line in page.summaries]
        found += ids
        assert not page.searched_to or not ids or page.searched_to >= ids[-1]
        more, late = page.more, late + (page.searched_to > 0)
        following = page.searched_to or (ids[-1] if ids else after + 1)
        assert following > after
        after = following
    assert found == wanted
    assert position_of(wanted[0]) == 3
    assert late >= len(MATCHING) // 2
