"""Batches: every record in exactly one, order kept where it matters, limits kept."""

from __future__ import annotations

from typing import Any

import pytest
from examples import examples
from forwarding import BASIC, TOKEN, engage
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.forward.batch import Batch, Limits, Queue
from segtap.core.forward.records import BatchKey, Record, only_sets, operation_records, would_undo
from segtap.core.verdict import OutgoingRequest

FORM = "application/x-www-form-urlencoded"
HOST = "https://api.mixpanel.com"
LIMITS = Limits(json_records=5, json_bytes=900, form_records=3, form_bytes=400)


def events(
    user: str, count: int = 1, *, strict: int = 1, auth: str = BASIC, **properties: Any
) -> OutgoingRequest:
    body: list[Any] = [
        {"event": "e", "properties": {"distinct_id": user, "$insert_id": f"i-{n}", **properties}}
        for n in range(count)
    ]
    return OutgoingRequest("POST", f"{HOST}/import?strict={strict}", "application/json", auth, body=body)


def link(user: str, anonymous: str) -> OutgoingRequest:
    properties: Any = {"$identified_id": user, "$anon_id": anonymous, "token": TOKEN}
    return OutgoingRequest(
        "POST", f"{HOST}/track", FORM, body={"event": "$identify", "properties": properties}
    )


def group(id: str) -> OutgoingRequest:
    body: Any = {"$token": TOKEN, "$group_key": "company", "$group_id": id, "$set": {"a": 1}}
    return OutgoingRequest("POST", f"{HOST}/groups", FORM, body=body)


def queue_of(*requests: OutgoingRequest, limits: Limits = LIMITS) -> Queue:
    queue = Queue(limits)
    for message, request in enumerate(requests):
        queue.add(operation_records(message, 0, request))
    return queue


def always(route: BatchKey) -> bool:
    return True


def drain(queue: Queue) -> list[Batch]:
    batches: list[Batch] = []
    while (batch := queue.take(frozenset(), always)) is not None:
        batches.append(batch)
    return batches


def ids(batch: Batch | None) -> list[tuple[int, int]]:
    return [(record.message, record.part) for record in batch.records] if batch else []


USERS = st.sampled_from(["u-1", "u-2", "a-1"])
REQUESTS = st.lists(
    st.one_of(
        st.builds(events, USERS, st.integers(1, 7), strict=st.sampled_from([0, 1])),
        st.builds(events, USERS, auth=st.sampled_from([BASIC, "Basic b3RoZXI6"]), text=st.text(max_size=300)),
        st.builds(link, USERS, USERS),
        st.builds(lambda user, n: engage(user, set={"n": "x" * n}), USERS, st.integers(0, 500)),
        st.builds(lambda user: engage(user, add={"n": 1}), USERS),
        st.builds(group, USERS),
    ),
    max_size=30,
)


@given(REQUESTS, st.randoms(use_true_random=False))
@examples(300)
def test_properties_of_batches_in_any_order_of_answers(requests: list[OutgoingRequest], rng: Any) -> None:
    queue = queue_of(*requests)
    put = [record for n, request in enumerate(requests) for record in operation_records(n, 0, request)]
    place = {(record.message, record.part): at for at, record in enumerate(put)}
    flying: list[Batch] = []
    done: list[Record] = []
    while len(queue) or flying:
        held = {key for batch in flying for key in batch.holds}
        opened = {record.route for record in put if rng.random() < 0.8}
        batch = queue.take(held, opened.__contains__)
        if batch is not None:
            assert not (held & frozenset().union(*(record.waits for record in batch.records)))
            flying.append(batch)
            assert len({record.route for record in batch.records}) == 1
            most, most_bytes = LIMITS.of(batch.route)
            assert len(batch) <= most
            size = sum(len(record.text) + 1 for record in batch.records)
            assert size <= most_bytes or len(batch) == 1
            assert len(batch) == 1 or not any(record.alone for record in batch.records)
        if flying and rng.random() < 0.5:
            done += flying.pop(rng.randrange(len(flying))).records
    assert sorted(map(_id, done)) == sorted(map(_id, put))
    # Whoever waits for a key comes after every earlier holder of it.
    for at, later in enumerate(done):
        for overtaken in done[at + 1 :]:
            if place[_id(overtaken)] < place[_id(later)]:
                assert not overtaken.holds & later.waits


def _id(record: Record) -> tuple[int, int]:
    return record.message, record.part


def test_events_share_a_request_up_to_the_limit() -> None:
    batches = drain(queue_of(*(events(f"u-{n}") for n in range(7))))
    assert [len(batch) for batch in batches] == [5, 2]


def test_bytes_bound_a_request_but_one_large_record_still_goes() -> None:
    batches = drain(queue_of(*(events("u", text="x" * 400) for _ in range(3)), events("u", text="x" * 2000)))
    assert [len(batch) for batch in batches] == [1, 1, 1, 1]
    assert [len(b) for b in drain(queue_of(*(events("u", text="x" * 300) for _ in range(3))))] == [2, 1]


def test_the_standard_limits_satisfy_every_reading_of_mixpanels() -> None:
    request = events("u", 3000, text="x" * 1500)
    batches = drain(queue_of(request, limits=Limits()))
    assert sum(map(len, batches)) == 3000
    assert max(map(len, batches)) <= 2000
    assert max(batch.wire().raw_size for batch in batches) < 2_000_000 + 2


def test_another_project_strictness_or_region_is_another_request() -> None:
    batches = drain(
        queue_of(
            events("u"), events("u", strict=0), events("u", auth="Basic b3RoZXI6"),
            OutgoingRequest("POST", "https://api-eu.mixpanel.com/import?strict=1", "application/json", BASIC,
                            body=[{"event": "e", "properties": {"$insert_id": "i"}}]),
            events("u"),
        )
    )  # fmt: skip
    assert [ids(batch) for batch in batches] == [[(0, 0), (4, 0)], [(1, 0)], [(2, 0)], [(3, 0)]]


def test_an_event_waits_for_the_identify_before_it_and_not_the_other_way_round() -> None:
    queue = queue_of(
        events("a-1"), link("u-1", "a-1"), events("u-1"), events("u-2"), engage("u-1", set={"a": 1})
    )
    assert ids(first := queue.take(frozenset(), always)) == [(0, 0), (3, 0)]
    assert first is not None
    assert ids(second := queue.take(first.holds, always)) == [(1, 0)]
    assert second is not None
    assert queue.take(second.holds, always) is None
    assert ids(queue.take(frozenset(), always)) == [(2, 0)]
    assert ids(queue.take(frozenset(), always)) == [(4, 0)]


def by_web_sdk(event: str, **properties: Any) -> OutgoingRequest:
    """An event as Mixpanel's web SDK posts it."""
    known = {"token": TOKEN, "$insert_id": event, "$device_id": "dev-1", **properties}
    return OutgoingRequest("POST", f"{HOST}/track", FORM, body={"event": event, "properties": known})


@pytest.mark.parametrize("former", ["$device:dev-1", "u-0"])
def test_what_follows_waits_for_the_identify_of_the_web_sdk(former: str) -> None:
    known = {"distinct_id": "u-1", "$user_id": "u-1"}
    queue = queue_of(
        by_web_sdk("before", distinct_id=former),
        by_web_sdk("$identify", **known, **{"$anon_distinct_id": former}),
        by_web_sdk("after", **known),
        by_web_sdk("of another tab", distinct_id=former, **{"$device_id": "dev-2"}),
        engage(former, set={"a": 1}),
        engage("u-2", set={"a": 1}),
        limits=Limits(form_records=2),
    )
    sent = queue.take(frozenset(), always)
    assert sent is not None
    assert ids(sent) == [(0, 0), (1, 0)]  # in one request, in order
    assert ids(queue.take(sent.holds, always)) == [(5, 0)]
    assert queue.take(sent.holds, always) is None
    assert [ids(batch) for batch in drain(queue)] == [[(2, 0), (3, 0)], [(4, 0)]]


def test_updates_of_one_profile_keep_their_order_and_others_pass() -> None:
    queue = queue_of(engage("u-1", set={"a": 1}), engage("u-1", add={"n": 1}), engage("u-1", set={"a": 2}),
                     engage("u-2", set={"a": 1}))  # fmt: skip
    first = queue.take(frozenset(), always)
    assert ids(first) == [(0, 0), (3, 0)]
    assert first is not None
    assert queue.take(first.holds, always) is None
    assert [ids(batch) for batch in drain(queue)] == [[(1, 0)], [(2, 0)]]


def test_what_adds_travels_alone() -> None:
    queue = queue_of(*(engage(f"u-{n}", add={"n": 1}) for n in range(3)), engage("x", append={"l": 1}))
    assert [len(batch) for batch in drain(queue)] == [1, 1, 1, 1]


def test_what_may_be_refused_on_a_form_endpoint_travels_alone() -> None:
    for doubtful in [
        engage("", set={"a": 1}), engage("u"), engage("u", set=[1]), engage("u", union={"l": []}),
        engage("u", union={"l": "x"}), link("", "a-1"), link("u", ""), group(""),
        OutgoingRequest("POST", f"{HOST}/engage", FORM, body={"$distinct_id": "u", "$set": {"a": 1}}),
        OutgoingRequest("POST", f"{HOST}/engage", FORM, body=None),
    ]:  # fmt: skip
        (record,) = operation_records(0, 0, doubtful)
        assert record.alone, doubtful.body
    for plain in [
        engage("u", set={"a": None}), engage("u", union={"l": [1]}), engage("u", unset=["a"]),
        engage("u", delete=""), link("u", "a"), group("g"),
    ]:  # fmt: skip
        (record,) = operation_records(0, 0, plain)
        assert not record.alone, plain.body


def test_a_purchase_is_one_operation_of_many_records_and_may_be_divided() -> None:
    batches = drain(queue_of(events("u", 7)))
    assert [ids(batch) for batch in batches] == [
        [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)],
        [(0, 5), (0, 6)],
    ]


def test_halves_and_singles_keep_records_and_order() -> None:
    batch = queue_of(events("u", 5)).take(frozenset(), always)
    assert batch is not None
    assert [len(half) for half in batch.halves()] == [2, 3]
    assert [record for half in batch.halves() for record in half.records] == list(batch.records)
    assert [record for one in batch.singles() for record in one.records] == list(batch.records)


def test_a_closed_route_keeps_its_records_and_lets_others_through() -> None:
    queue = queue_of(engage("u-1", set={"a": 1}), events("u-1"))
    assert ids(queue.take(frozenset(), lambda route: route.path == "/import")) == [(1, 0)]
    assert queue.take(frozenset(), lambda route: False) is None
    assert len(queue) == 1


def test_records_never_print_their_credentials() -> None:
    batch = queue_of(events("u")).take(frozenset(), always)
    assert BASIC.split()[1] not in repr(batch)
    assert BASIC.split()[1] not in repr(batch.route if batch else "")


# --- one record out of its turn ----------------------------------------------------------------------


def route_of(queue: Queue) -> BatchKey:
    picked = queue.take(frozenset(), always)
    assert picked is not None
    for record in reversed(picked.records):
        queue.put_first(record)
    return picked.route


def test_one_record_is_picked_and_put_back() -> None:
    queue = queue_of(events("u-1", 3), link("u-1", "a-1"), events("u-2", 2))
    route = route_of(queue)
    first = queue.pick(route, frozenset(), 0)
    assert first is not None
    assert (first.message, first.part, len(queue)) == (0, 0, 5)
    queue.put_first(first)
    assert [ids(batch) for batch in drain(queue)] == [[(0, 0), (0, 1), (0, 2), (2, 0), (2, 1)], [(1, 0)]]


def test_each_turn_picks_another_record_and_none_that_waits() -> None:
    picked: set[tuple[int, int]] = set()
    for turn in range(4):
        queue = queue_of(events("u-1", 2), link("u-2", "a-2"), events("u-2", 2), events("u-3"))
        record = queue.pick(route_of(queue), {"u-1"}, turn)
        assert record is not None
        picked.add((record.message, record.part))
    # u-1 waits for what is on its way, u-2 for its $identify.
    assert picked == {(3, 0)}


def test_what_must_not_be_sent_twice_is_not_picked() -> None:
    queue = queue_of(engage("u-1", add={"n": 1}), engage("u-2", set={"n": 1}))
    route = route_of(queue)
    record = queue.pick(route, frozenset(), 0)
    assert record is not None
    assert record.message == 1
    assert queue.pick(route, frozenset(), 0) is None


def test_what_waits_for_one_batch_alone() -> None:
    queue = queue_of(
        engage("u-1", set={"n": 1}),
        engage("u-2", set={"n": 1}),
        link("u-1", "a-1"),
        engage("u-1", set={"n": 2}),
    )
    route = operation_records(0, 0, engage("u-1"))[0].route
    waiting = queue.blocked_by(route, {"\0profile u-1", "\0profile u-2"}, {"\0profile u-1"})
    # The last one waits for the $identify as well.
    assert [record.message for record in waiting] == [0]


def update(**operation: Any) -> Record:
    return operation_records(0, 0, engage("u-1", **operation))[0]


def test_only_what_sets_may_go_ahead_of_its_turn() -> None:
    assert only_sets(update(set={"a": 1, "\ud800": "\ud800"}))
    assert not any(only_sets(update(**{name: {"a": 1}})) for name in ("set_once", "add", "append", "remove"))
    assert not only_sets(update(union={"a": [1]}))
    assert not only_sets(update(set={"a": 1}, unset=["b"]))
    assert not only_sets(update(delete=""))
    assert not only_sets(operation_records(0, 0, events("u-1"))[0])


@pytest.mark.parametrize(
    ("older", "newer", "undone"),
    [
        (update(set={"a": 1}), update(set={"a": 2}), True),
        (update(set={"a": 1}), update(set={"b": 2}), False),
        (update(set={"a": 1, "b": 1}), update(set={"b": 2}), True),
        (update(set={"a": [1]}), update(union={"a": [2]}), True),
        (update(set={"a": 1}), update(unset=["a"]), True),
        (update(set={"a": 1}), update(set_once={"a": 2}), True),
        (update(set_once={"a": 1}), update(set={"a": 2}), False),
        (update(union={"a": [1]}), update(union={"a": [2]}), False),
        (update(union={"a": [1]}), update(set={"a": [2]}), True),
        (update(union={"a": [1]}), update(remove={"a": 1}), True),
        (update(unset=["a"]), update(set={"a": 1}), True),
        (update(unset=["a"]), update(set={"b": 1}), False),
        (update(delete=""), update(set={"a": 1}), True),
        (update(set={"a": 1}), update(delete=""), True),
        (operation_records(0, 0, events("u-1"))[0], update(set={"a": 1}), False),
    ],
)
def test_which_older_update_would_undo_a_newer_one(older: Record, newer: Record, undone: bool) -> None:
    assert would_undo(older, newer) is undone
