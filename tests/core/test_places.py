"""Places are read from their paths, and written as them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.places import Place, in_body, read_place

STEPS = st.lists(st.one_of(st.integers(0, 99), st.text(min_size=1, max_size=20)), max_size=4).map(tuple)


@given(STEPS)
def test_a_place_in_the_message_is_read_from_its_path(steps: tuple[str | int, ...]) -> None:
    place = Place("message", steps=steps)
    assert read_place(place.text) == place


@given(st.integers(0, 99), STEPS)
def test_a_place_in_a_request_is_read_from_its_path(request: int, steps: tuple[str | int, ...]) -> None:
    place = Place("request", request, steps)
    assert read_place(place.text) == place
    assert read_place(in_body(request, *steps)) == Place("request", request, ("body", *steps))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("$", Place("message")),
        ("$.products[0]['odd.key']", Place("message", steps=("products", 0, "odd.key"))),
        ("requests[12].url", Place("request", 12, ("url",))),
        ('requests[1].body["it\\"s"].x', Place("request", 1, ("body", 'it"s', "x"))),
        ("requests", Place("message")),
        ("", Place("message")),
        ("$.a..b", Place("message", steps=("a",))),
    ],
)
def test_paths_that_people_meet(path: str, place: Place) -> None:
    assert read_place(path) == place


def test_the_first_steps_are_compared_whole() -> None:
    place = read_place("$.integrations.All")
    assert place.starts_with("integrations")
    assert not read_place("$.integrationsX").starts_with("integrations")
