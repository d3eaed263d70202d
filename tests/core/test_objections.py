"""An objection is read back from the sentence that it is shown as."""

from __future__ import annotations

import pytest

from segtap.core.objections import Objection, change, first_rejection, read_objection, rejection


@pytest.mark.parametrize(
    "objection", [rejection("40.1 KB, its limit is 32 KB"), change("no ip is filled in")]
)
def test_the_sentence_of_an_objection_is_read_back(objection: Objection) -> None:
    assert read_objection(objection.text) == objection


def test_the_sentence_names_segment_only_where_it_refuses() -> None:
    assert rejection("it has no type").text == "Segment would reject this: it has no type"
    assert change("it has no type").text == "it has no type"


def test_the_first_rejection_is_found_behind_changes() -> None:
    found = [change("a"), rejection("b"), rejection("c")]
    assert first_rejection(found) == rejection("b")
    assert first_rejection(found[:1]) is None
