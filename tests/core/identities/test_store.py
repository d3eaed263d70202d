"""Ids by their numbers: none is lost or mixed up, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.identities.named import Named, NamedIds
from segtap.core.identities.sparse import SparseColumn
from segtap.core.identities.store import IdStore
from segtap.core.identities.table import Identities

MOST_BYTES = 56
"""Of a user without links and notes, beside the text of its only id; 48.5 when this was written."""

ids = st.text(st.characters(codec=None), min_size=1, max_size=12)


@given(st.lists(ids, max_size=60))
def test_each_id_has_one_number_and_comes_back_as_it_was(given_ids: list[str]) -> None:
    store = IdStore()
    numbers = [store.number(id) for id in given_ids]
    distinct = list(dict.fromkeys(given_ids))
    assert len(store) == len(distinct)
    assert [store.text(number) for number in numbers] == given_ids
    assert [store.find(id) for id in distinct] == list(range(1, len(distinct) + 1))


def test_thousands_of_ids_over_several_chunks() -> None:
    store = IdStore()
    long = "x" * 70_000
    for number in range(1, 5_001):
        assert store.number(f"user-{number}") == number
    for number in range(40):
        store.number(f"{long}{number}")
    store.recent.clear()
    assert [store.find(f"user-{number}") for number in (1, 2_500, 5_000)] == [1, 2_500, 5_000]
    assert store.text(store.find(f"{long}39")) == f"{long}39"
    assert store.find("user-5001") == 0
    assert store.find("User-1") == 0


def test_ids_beyond_what_narrow_places_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.identities.store._NARROW", 1)
    store = IdStore()
    given_ids = [f"{number}{'x' * 70_000}" for number in range(40)]
    for id in given_ids:
        store.number(id)
    kept = {name: bytes(memoryview(column).cast("B")) for name, column in store.columns().items() if column}
    again = IdStore.restored({"alike": b"", **kept})
    for one in (store, again):
        one.recent.clear()
        assert [one.text(one.find(id)) for id in given_ids] == given_ids
    assert again.number("new") == len(given_ids) + 1
    assert again.text(len(given_ids) + 1) == "new"


@given(st.dictionaries(st.integers(0, 3_000), st.integers(1, 2**32 - 1), max_size=30))
def test_a_sparse_column_has_what_was_set(values: dict[int, int]) -> None:
    column = SparseColumn()
    for place, value in values.items():
        column[place] = value
    kept = {name: part.tobytes() for name, part in column.columns("one").items()}
    for one in (column, SparseColumn.restored("one", kept)):
        assert [one[place] for place in range(3_001)] == [values.get(place, 0) for place in range(3_001)]


def test_a_sparse_column_that_is_cut_is_refused() -> None:
    column = SparseColumn()
    column[7] = 1
    kept = {name: part.tobytes() for name, part in column.columns("one").items()}
    with pytest.raises(ValueError, match="column one is cut"):
        SparseColumn.restored("one", {**kept, "one": kept["one"][:-4]})


def test_a_user_takes_little_beside_the_text_of_its_id() -> None:
    """Nothing is kept of links and notes of a user that has none."""
    table, texts = Identities("original"), 0
    for number in range(50_000):
        id = f"user-{number:012}"
        texts += len(id)
        table.add(Named((NamedIds("event", id=id, user=id),), id), number)
    kept = sum(memoryview(column).nbytes for column in table.ids.columns().values())
    assert (kept - texts) / 50_000 < MOST_BYTES


def test_twins_differ_by_case_alone() -> None:
    store = IdStore()
    for id in ("Ann@x.com", "ann@x.com", "anna@x.com", "ANN@X.COM"):
        store.number(id)
    assert sorted(store.twins(2)) == [1, 4]
    assert list(store.twins(3)) == []


def test_ids_that_contain_a_text_are_found_whatever_its_case() -> None:
    store = IdStore()
    for id in ("Ann@x.com", "bob", "annann", "ÄNNE", "b", "ob"):
        store.number(id)
    assert list(store.containing("ANN")) == [1, 3]
    assert list(store.containing("änn")) == [4]
    assert list(store.containing("bob")) == [2], "and none across two ids"
    assert list(store.containing("bb")) == []
