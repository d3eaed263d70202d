"""The timeline of a user: whose messages they are, and what is told of each."""

from __future__ import annotations

from typing import Any

import pytest
from cohort import DEVICE, KIOSK, PHONE, STREAM, call, users_of
from fake_viewer import AT, summary

from segtap.core.identities.model import Cluster, Link
from segtap.core.query import Names, names_of
from segtap.core.settings import IdentityMode
from segtap.core.stories.user import Ids, about, ids_of, moments


def user(id: str, mode: IdentityMode = "original") -> Cluster:
    clusters = users_of(mode=mode).clusters
    return next(one for one in clusters if any(member.id == id for member in one.members))


def of(ids: Ids) -> list[int]:
    """The numbers of the messages that belong to a user."""
    return [
        number
        for number, document in enumerate(STREAM, 1)
        if ids.include(names_of(document, str(document["type"])))
    ]


def test_a_user_has_the_messages_of_all_ids_that_were_joined() -> None:
    assert of(ids_of(user("user-77"), "user-77")) == [1, 2, 3, 4, 5, 12]


def test_of_two_users_on_one_device_each_has_their_own_messages() -> None:
    """The kiosk belongs to the first of them; beside a userId its id says nothing."""
    assert of(ids_of(user("user-80"), "user-80")) == [6, 7]
    assert of(ids_of(user("user-81"), "user-81")) == [8]


def test_a_user_that_nobody_identified_has_the_messages_of_that_id() -> None:
    assert of(ids_of(user("visitor-5f0c"), "visitor-5f0c")) == [11]
    assert of(ids_of(None, "visitor-5f0c")) == [11]


def test_a_device_of_a_simplified_project_is_no_user_of_that_id() -> None:
    ids = ids_of(user("user-77", "simplified"), "user-77")
    assert f"$device:{DEVICE}" in ids.anonymous
    assert {DEVICE, PHONE} <= ids.anonymous
    assert not ids.include(Names(user_id=DEVICE))
    assert of(ids) == [1, 2, 3, 4, 5, 12]
    assert not ids.include(Names(anonymous_id=KIOSK))


def test_the_message_that_joined_two_ids_says_so() -> None:
    ids = ids_of(user("user-77"), "user-77")
    (joined,) = ids.joins.values()
    assert joined == (Link("identify", "user-77", DEVICE),)
    lines = [summary(number) for number in range(1, 4)]
    found = moments(lines, {}, {}, {}, ids)
    assert [one.joins for one in found] == [(), joined, ()]


def test_warnings_stand_beside_errors_first_and_notes_are_left_out() -> None:
    line = summary(1)
    rules = {line.id: {"b-note": "info", "b-warning": "warning", "a-error": "error", "a-warning": "warning"}}
    (found,) = moments([line], {}, rules, {}, ids_of(None, "u"))  # type: ignore[arg-type]
    assert found.rules == (("a-error", "error"), ("a-warning", "warning"), ("b-warning", "warning"))


@pytest.mark.parametrize(
    ("timestamp", "late"),
    [
        ("2026-11-24T10:41:02.870Z", 0),
        ("2026-11-24T10:40:30Z", 0),
        ("2026-11-24T08:41:02.870Z", 7_200_000),
        ("2026-11-24T08:41:02.870", 7_200_000),
        ("2026-11-25T10:41:02.870+00:00", -86_400_000),
        ("yesterday", 0),
        ("9" * 50, 0),
        (1_795_516_862, 0),
        (None, 0),
    ],
)
def test_a_clock_that_is_wrong_is_told_from_a_minute_on(timestamp: Any, late: int) -> None:
    line = summary(1)
    assert line.received_at == AT
    (found,) = moments([line], {}, {}, {line.id: {"timestamp": timestamp}}, ids_of(None, "u"))
    assert found.late == late


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (call("page", properties={"path": "/pricing", "url": "https://x"}), "/pricing"),
        (
            call("page", properties={}, context={"page": {"url": "https://x.example/a"}}),
            "https://x.example/a",
        ),
        (
            call(
                "track",
                properties={
                    "order_id": "order_991",
                    "revenue": 59.8,
                    "currency": "EUR",
                    "products": [{}, {}],
                },
            ),
            "order_991 · 59.8 EUR · 2 products",
        ),
        (call("track", properties={"product_id": 7, "price": 5, "products": "many"}), "7 · 5"),
        (call("track", properties={"price": 10**400, "order_id": True}), ""),
        (call("track", properties=["no object"]), ""),
        (call("identify", traits={"plan": "pro", "email": "ada@example.com"}), "ada@example.com"),
        (call("group", groupId="acme", traits={"name": "Acme"}), "acme · Acme"),
        (call("alias", previousId="anon-1"), "anon-1"),
        ({}, ""),
    ],
)
def test_what_a_message_is_about(document: Any, words: str) -> None:
    assert about(document, str(document.get("type", "track"))) == words


def test_a_giant_value_is_cut() -> None:
    assert len(about(call("track", properties={"order_id": "x" * 100_000}), "track")) == 80
