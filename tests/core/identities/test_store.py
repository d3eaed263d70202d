"""Ids by their numbers: none is lost or mixed up, whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segtap.core.identities.store import IdStore

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
