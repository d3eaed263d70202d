"""The forwarder against a stand-in Mixpanel over real HTTP: every fault, and what the journal says of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from forwarding import (
    SECRET,
    TOKEN,
    AsGiven,
    Backlog,
    Direct,
    FakeClock,
    engage,
    given,
    identify,
    make_forwarder,
    run_until_idle,
    running,
    settings,
    track,
    until,
)
from mixpanel_faults import (
    BAD_GATEWAY,
    DROP_AFTER,
    DROP_BEFORE,
    FORBIDDEN,
    HANG,
    PORTAL,
    REDIRECT,
    TOO_MANY,
    UNAVAILABLE,
    ZERO,
)

from segtap.core.delivery import Delivery, DeliveryState, Outcome
from segtap.core.errors import JournalError, SettingsError
from segtap.core.forward.batch import Limits
from segtap.core.forward.outcomes import Answer
from segtap.core.forward.unsent import why_nothing
from segtap.core.forward.wire import WireForm
from segtap.core.messages import Marks
from segtap.core.settings import ForwardSettings
from segtap.core.stand_in.faults import TOO_LARGE, UNAUTHORIZED, Fault
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import NotSent, OutgoingRequest, Translation

TAKEN, REFUSED, WAITING = DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.WAITING
UNCERTAIN, NOTHING = DeliveryState.UNCERTAIN, DeliveryState.NONE
EVENT = OutgoingRequest(
    "POST",
    "https://api.mixpanel.com/import?strict=1",
    "application/json",
    "Basic dG9rZW46",
    body=[{"event": "e", "properties": {"time": 1_700_000_000, "distinct_id": "u", "$insert_id": "i"}}],
)
PATIENCE = 20
"""Seconds of real time after which a test that should have ended has not."""


async def go(backlog: Backlog, mixpanel: MixpanelServer, **more: Any) -> FakeClock:
    clock = more.pop("clock", None) or FakeClock()
    forwarder = make_forwarder(backlog, mixpanel.url, clock=clock, **more)
    await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)
    return clock


def insert_ids(mixpanel: MixpanelServer) -> list[str]:
    return [event["properties"].get("$insert_id") for event in mixpanel.events]


async def test_every_call_arrives_as_segment_sends_it() -> None:
    backlog = Backlog()
    await backlog.add(
        track(messageId="m-1"),
        identify("u-1", "5b9c1a5e-95b4-4a3f-9e0f-0a4a3f6a2b11", email="ann@example.com"),
        {"type": "group", "userId": "u-1", "groupId": "acme", "traits": {"plan": "pro"}},
        {"type": "page", "name": "Pricing", "userId": "u-1", "messageId": "m-2"},
    )
    async with MixpanelServer(secrets=frozenset({SECRET})) as mixpanel:
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN] * 4
    assert sorted(filter(None, insert_ids(mixpanel))) == ["m-1", "m-2"]
    assert mixpanel.profiles == {"u-1": {"$email": "ann@example.com"}}
    assert mixpanel.groups == {("$group_id", "acme"): {"plan": "pro"}}
    paths = {request.path: request for request in mixpanel.requests}
    assert paths["/import"].gzipped
    assert paths["/import"].query == {"strict": "1"}
    assert {paths[p].query["verbose"] for p in ("/track", "/engage", "/groups")} == {"1"}
    assert not any(paths[p].gzipped for p in ("/track", "/engage", "/groups"))


async def test_a_purchase_is_settled_by_its_worst_record() -> None:
    order = track(
        event="Order Completed",
        messageId="ord_1",
        properties={"revenue": 5, "products": [{"product_id": "a"}, {"product_id": "b"}]},
    )
    backlog = Backlog()
    bad, good = await backlog.add(order, order | {"messageId": "ord-2"})
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, limits=Limits(json_records=2))
    assert await backlog.states() == [REFUSED, TAKEN]
    (line,) = await backlog.lines(bad)
    assert line.outcome is Outcome.REFUSED
    assert line.words.startswith("record 1 of 3: '$insert_id' is invalid")
    assert "record 3 of 3: " in line.words
    assert [line.outcome for line in await backlog.lines(good)] == [Outcome.SENT]
    assert len(mixpanel.events) == 3


async def test_a_partial_400_blames_the_record_it_names_and_is_never_retried() -> None:
    backlog = Backlog()
    ids = await backlog.add(*(track(messageId=f"order_{n}" if n == 3 else f"order-{n}") for n in range(6)))
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN, TAKEN, TAKEN, REFUSED, TAKEN, TAKEN]
    assert len(mixpanel.requests) == 1
    (line,) = await backlog.lines(ids[3])
    assert (line.status, line.index, line.of, line.endpoint) == (400, 3, 6, "/import")
    assert line.words == "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters"


@pytest.mark.parametrize("fault", [TOO_MANY, UNAVAILABLE, BAD_GATEWAY, DROP_BEFORE, DROP_AFTER, PORTAL])
@pytest.mark.parametrize("path", ["/import", "/engage"])
async def test_passing_faults_are_tried_again_and_told_once(fault: Fault, path: str) -> None:
    backlog = Backlog()
    ids = await backlog.add(track(), identify(email="a@b.co"))
    told: list[Delivery] = []
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault, fault, fault, path=path)
        clock = await go(backlog, mixpanel, on_delivery=lambda lines, states: told.extend(lines))
    assert await backlog.states() == [TAKEN, TAKEN]
    lines = await backlog.lines(ids[path == "/engage"])
    assert [line.outcome for line in lines] == [Outcome.RETRY, Outcome.SENT]
    assert [line.attempt for line in lines] == [1, 4]
    assert lines[0].words
    assert sorted(told, key=str) == sorted(lines + await backlog.lines(ids[path == "/import"]), key=str)
    waits = clock.slept[:3]
    assert all(bare + 1 <= wait <= bare + 5 for bare, wait in zip([2, 4, 8], waits, strict=True))
    assert len(mixpanel.deduped()) == 1


async def test_retry_after_is_honoured() -> None:
    backlog = Backlog()
    await backlog.add(track())
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(429, TOO_MANY.body, (("retry-after", "120"),)))
        clock = await go(backlog, mixpanel)
    assert clock.slept[0] >= 120


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (UNAUTHORIZED, "Mixpanel refuses the credentials: 401 Invalid credentials"),
        (FORBIDDEN, "Mixpanel refuses the credentials: 403 Forbidden"),
        (REDIRECT, "302 Found to http://login.example.net/"),
        (Fault(404, "<h1>Not here</h1>"), "404 Not here: that answer is not Mixpanel's"),
    ],
)
async def test_faults_that_waiting_does_not_mend_halt_it_and_lose_nothing(fault: Fault, words: str) -> None:
    backlog = Backlog()
    ids = await backlog.add(*(track() for _ in range(30)))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        forwarder = make_forwarder(
            backlog, mixpanel.url, limits=Limits(json_records=5), options=ForwardSettings(max_requests=1)
        )
        async with running(forwarder):
            await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
            assert forwarder.halted
            assert forwarder.fault.startswith(words)
            assert len(mixpanel.requests) == 1
            assert await backlog.states() == [WAITING] * 30
            assert [line.outcome for line in await backlog.lines(ids[0])] == [Outcome.RETRY]
            await backlog.add(track())
            forwarder.wake()
            await asyncio.sleep(0.02)
            assert len(mixpanel.requests) == 1
            forwarder.resume()
            forwarder.wake()
            await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
            assert forwarder.fault == ""
    assert await backlog.states() == [TAKEN] * 31
    assert len(mixpanel.events) == 31


async def test_an_answer_from_before_it_was_resumed_does_not_halt_it_again() -> None:
    """A slow 401 to the old credentials says nothing of the new ones."""
    backlog, late = Backlog(), asyncio.Event()
    await backlog.add(*(track() for _ in range(10)))
    mixpanel = MixpanelServer()

    class Slow(Direct):
        calls = 0

        async def send(self, form: WireForm) -> Answer:
            self.calls += 1
            if self.calls == 1:
                await late.wait()
            if self.calls <= 2:
                return Answer(status=401, body=b'{"code": 401, "error": "Invalid credentials"}')
            return await super().send(form)

    forwarder = make_forwarder(
        backlog,
        "",
        transport=Slow(mixpanel),
        limits=Limits(json_records=5),
        options=ForwardSettings(max_requests=2),
    )
    async with running(forwarder):
        await until(lambda: forwarder.halted)
        forwarder.resume()
        late.set()
        await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
        assert not forwarder.halted
    assert await backlog.states() == [TAKEN] * 10


async def test_wrong_credentials_are_mixpanels_401() -> None:
    backlog = Backlog()
    await backlog.add(track())
    async with MixpanelServer(secrets=frozenset({"another"})) as mixpanel:
        forwarder = make_forwarder(backlog, mixpanel.url)
        await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)
    assert "401 Invalid credentials" in forwarder.fault
    assert SECRET not in forwarder.fault


async def test_a_request_too_large_is_halved_until_the_one_is_found() -> None:
    backlog = Backlog()
    huge = track(messageId="huge", properties={"text": "x" * 700_000, "more": "y" * 700_000})
    await backlog.add(track(), huge, track(), track())
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_LARGE, TOO_LARGE, path="/import")
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN, REFUSED, TAKEN, TAKEN]
    assert [len(request.records) for request in mixpanel.requests][2:] == [1, 1, 2]


async def test_a_single_record_too_large_is_refused() -> None:
    backlog = Backlog()
    (id,) = await backlog.add(track())
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_LARGE)
        await go(backlog, mixpanel)
    (line,) = await backlog.lines(id)
    assert (line.outcome, line.status) == (Outcome.REFUSED, 413)
    assert line.words == "request exceeds max limit of 2097152 bytes"


async def test_a_zero_for_many_is_asked_one_by_one() -> None:
    backlog = Backlog()
    users = ["u-1", "u-2", "u-3"]
    ids = await backlog.add(*(given(engage(user, set={"a": 1})) for user in users))
    async with MixpanelServer(one_means="all", refused_ids=frozenset({"u-2"})) as mixpanel:
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [TAKEN, REFUSED, TAKEN]
    assert [len(request.records) for request in mixpanel.requests] == [3, 1, 1, 1]
    lines = await backlog.lines(ids[1])
    assert [line.outcome for line in lines] == [Outcome.RETRY, Outcome.REFUSED]
    assert lines[1].words == "$distinct_id, refused"
    assert (lines[1].attempt, lines[1].index, lines[1].of) == (2, 0, 1)


async def test_what_lacks_a_required_field_gets_an_answer_of_its_own() -> None:
    backlog = Backlog()
    await backlog.add(*(given(engage(user, set={"a": 1})) for user in ["u-1", "", "u-3", "u-4"]))
    async with MixpanelServer(one_means="any") as mixpanel:
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [TAKEN, REFUSED, TAKEN, TAKEN]
    assert sorted(len(request.records) for request in mixpanel.requests) == [1, 3]


async def test_a_bare_zero_refuses_one() -> None:
    backlog = Backlog()
    (id,) = await backlog.add(identify(email="a@b.co"))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(ZERO, path="/engage")
        await go(backlog, mixpanel)
    (line,) = await backlog.lines(id)
    assert (line.outcome, line.words) == (Outcome.REFUSED, "body 0")


async def test_a_400_that_names_nobody_is_halved() -> None:
    backlog = Backlog()
    await backlog.add(*(track() for _ in range(4)))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(400, {"code": 400, "error": "something", "status": "Bad Request"}))
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN] * 4
    assert len(mixpanel.deduped()) == 4


async def test_without_strict_a_short_count_is_looked_into() -> None:
    backlog = Backlog()
    await backlog.add(track(), track(messageId="bad_id"), track())
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, settings=settings(mixpanel.url, strict=False))
    assert await backlog.states() == [TAKEN, REFUSED, TAKEN]
    assert len(mixpanel.deduped()) == 2


@pytest.mark.parametrize("operation", ["add", "append"])
@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, BAD_GATEWAY, UNAVAILABLE, PORTAL])
async def test_what_adds_is_never_sent_again_when_in_doubt(fault: Fault, operation: str) -> None:
    backlog = Backlog()
    (id,) = await backlog.add(given(engage("u-1", **{operation: {"n": 1}})))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [UNCERTAIN]
    assert len(mixpanel.requests) == 1
    lines = await backlog.lines(id)
    assert [line.outcome for line in lines] == [Outcome.UNCERTAIN, Outcome.UNCERTAIN]
    assert "would count twice" in lines[-1].words


async def test_what_adds_is_sent_again_when_mixpanel_says_it_did_not_take_it() -> None:
    backlog = Backlog()
    (id,) = await backlog.add(given(engage("u-1", add={"n": 1})))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, TOO_MANY)
        await go(backlog, mixpanel, translator=AsGiven())
    assert mixpanel.profiles == {"u-1": {"n": 1}}
    assert await backlog.outcomes(id) == [
        Outcome.UNCERTAIN, Outcome.RETRY, Outcome.UNCERTAIN, Outcome.RETRY, Outcome.UNCERTAIN, Outcome.SENT
    ]  # fmt: skip


async def test_one_refused_operation_does_not_hide_the_others() -> None:
    backlog = Backlog()
    (id,) = await backlog.add(
        given(engage("u-1", set={"a": 1}), engage("", set={"a": 1}), engage("u-2", set={"a": 1}))
    )
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, translator=AsGiven(), limits=Limits(form_records=1))
    assert await backlog.states() == [REFUSED]
    assert {line.operation: line.outcome for line in await backlog.lines(id)} == {
        0: Outcome.SENT, 1: Outcome.REFUSED, 2: Outcome.SENT,
    }  # fmt: skip


async def test_an_uncertain_operation_makes_its_message_uncertain_while_others_wait() -> None:
    """The first word that holds is the message's: uncertain comes before waiting, refused and sent."""
    backlog = Backlog()
    (id,) = await backlog.add(given(engage("u-1", add={"n": 1}), EVENT, engage("", set={"a": 1})))
    seen: list[DeliveryState] = []
    async with MixpanelServer() as mixpanel:
        mixpanel.script(DROP_AFTER, path="/engage")
        mixpanel.script(HANG, path="/import")
        forwarder = make_forwarder(
            backlog,
            mixpanel.url,
            translator=AsGiven(),
            on_delivery=lambda _, states: seen.extend(s for _, s in states),
        )
        task = asyncio.create_task(forwarder.run())
        await until(lambda: UNCERTAIN in seen)
        assert await backlog.states() == [UNCERTAIN]
        assert [line.id for line in await backlog.journal.outbox.owed()] == [id]
        await forwarder.stop(grace=0)
        await task
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [UNCERTAIN]
    assert await backlog.journal.outbox.owed() == []
    outcomes = {line.operation: line.outcome for line in await backlog.lines(id)}
    assert outcomes == {0: Outcome.UNCERTAIN, 1: Outcome.SENT, 2: Outcome.REFUSED}


async def test_the_order_of_one_user_survives_faults() -> None:
    backlog = Backlog()
    await backlog.add(
        *(given(engage("u-1", set={"n": n}), engage(f"x-{n}", add={"n": 1})) for n in range(20))
    )
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, DROP_AFTER, ZERO, TOO_LARGE, UNAVAILABLE, path="/engage")
        await go(backlog, mixpanel, translator=AsGiven(), limits=Limits(form_records=3))
    seen = [record["$set"]["n"] for record in mixpanel.profile_log if "$set" in record]
    assert mixpanel.profiles["u-1"] == {"n": 19}
    # A repeat may come, but never an older value after a newer one.
    assert seen == sorted(seen)


async def test_identify_is_answered_before_later_events_of_that_user_leave() -> None:
    backlog = Backlog()
    await backlog.add(identify("u-1", "a-1", plan="pro"), track("u-1"), track("u-2"))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(UNAVAILABLE, UNAVAILABLE, path="/track")
        await go(backlog, mixpanel)
    order = [(record["event"], record["properties"].get("distinct_id")) for record in mixpanel.events]
    assert order.index(("$identify", None)) < order.index(("Signed Up", "u-1"))
    assert order[0] == ("Signed Up", "u-2")


@pytest.mark.parametrize("fault", [TOO_MANY, DROP_BEFORE, UNAVAILABLE])
async def test_alias_and_identify_are_answered_before_what_follows_and_others_go_on(fault: Fault) -> None:
    form = ("POST", "https://api.mixpanel.com/track", "application/x-www-form-urlencoded")
    alias = {"distinct_id": "u-1", "alias": "old-1", "token": TOKEN}
    link = {"$identified_id": "u-2", "$anon_id": "5b9c1a5e-95b4-4a3f-9e0f-0a4a3f6a2b11", "token": TOKEN}
    backlog = Backlog()
    await backlog.add(
        given(OutgoingRequest(*form, body={"event": "$create_alias", "properties": alias})),
        given(OutgoingRequest(*form, body={"event": "$identify", "properties": link})),
        *(given(event_of(user)) for user in ("u-1", "u-2", "u-3", "u-4")),
    )
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault, fault, path="/track")
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [TAKEN] * 6
    order = [(record["event"], record["properties"].get("distinct_id")) for record in mixpanel.events]
    events = [event for event, _ in order]
    assert {user for _, user in order[:2]} == {"u-3", "u-4"}
    assert events.index("$create_alias") < order.index(("e", "u-1"))
    assert events.index("$identify") < order.index(("e", "u-2"))


def event_of(user: str) -> OutgoingRequest:
    """The request of an event of that user."""
    properties = {"time": 1_700_000_000, "distinct_id": user, "$insert_id": f"i-{user}"}
    return OutgoingRequest(
        EVENT.method, EVENT.url, EVENT.content_type, EVENT.authorization,
        body=[{"event": "e", "properties": properties}],
    )  # fmt: skip


async def test_trouble_on_one_endpoint_leaves_the_others_running() -> None:
    backlog = Backlog()
    await backlog.add(identify("u-1", email="a@b.co"), *(track(f"t-{n}") for n in range(5)))
    clock = FakeClock()
    async with MixpanelServer() as mixpanel:
        mixpanel.script(UNAVAILABLE, path="/engage")
        forwarder = make_forwarder(backlog, mixpanel.url, clock=clock)
        async with running(forwarder):
            clock.hold()
            await until(lambda: len(mixpanel.events) == 5 and bool(forwarder.fault))
            assert forwarder.fault.startswith("Mixpanel /engage: 503 upstream connect error")
            assert forwarder.fault.endswith("(trying again)")
            assert not forwarder.halted
            clock.release()
            await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
            assert forwarder.fault == ""
    assert await backlog.states() == [TAKEN] * 6


async def test_messages_that_make_no_request_are_settled_as_nothing() -> None:
    backlog = Backlog()
    await backlog.add({"type": "bogus"}, track(timestamp="no date at all"))
    await backlog.add(track(), marks=Marks.SECOND_RECEIPT)
    await backlog.add(track(), marks=Marks.SECOND_RECEIPT | Marks.REPLAY)
    await backlog.add(track(), marks=Marks.WOULD_REJECT)
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel)
    assert await backlog.states() == [NOTHING, NOTHING, NOTHING, TAKEN, NOTHING]
    assert len(mixpanel.events) == 1


def test_why_nothing_says_it_in_words() -> None:
    assert why_nothing(Translation(unmatched=True), "track", Marks.NONE) == "no subscription takes it: track"
    assert why_nothing(Translation(rejected="Timestamp …"), "track", Marks.NONE) == (
        "the destination rejects it: Timestamp …"
    )
    assert why_nothing(Translation(), "track", Marks.SECOND_RECEIPT).startswith(
        "Segment would drop this copy"
    )
    assert why_nothing(Translation(), "track", Marks.WOULD_REJECT) == "Segment would reject it"
    refused = NotSent("$", "Segment would reject this: it has no type")
    assert why_nothing(Translation(not_sent=refused), "", Marks.WOULD_REJECT) == refused.reason


async def test_a_rejected_action_does_not_stop_the_message_other_requests() -> None:
    backlog = Backlog()
    await backlog.add(given(engage("u-1", set={"a": 1}), rejected="one action refused"))
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [TAKEN]


class FailsOn:
    """A translator that fails on the messages of one event."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def translate(self, document: dict[str, Any], *, now: int) -> Translation:
        if document["event"] == "fails":
            raise self.error
        return AsGiven().translate(document, now=now)


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("too deep"), UnicodeEncodeError("u", "x", 0, 1, "y")]
)
async def test_a_message_that_cannot_be_translated_is_a_fault_and_stops_no_other(error: Exception) -> None:
    backlog = Backlog()
    await backlog.add(given(EVENT, event="good"), given(EVENT, event="fails"), given(EVENT, event="good"))
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, translator=FailsOn(error))
    assert await backlog.states() == [TAKEN, DeliveryState.FAULT, TAKEN]
    counts = (await backlog.journal.index.counts()).deliveries
    assert (counts.fault, counts.sent, counts.total) == (1, 2, 3)


async def test_a_dry_run_sends_nothing_and_settles_nothing() -> None:
    backlog = Backlog()
    ids = await backlog.add(track(), identify(email="a@b.co"), {"type": "bogus"})
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel, dry_run=True)
        await go(backlog, mixpanel, dry_run=True)
        assert mixpanel.requests == []
        assert mixpanel.connections == 0
        assert await backlog.states() == [WAITING, WAITING, NOTHING]
        assert await backlog.outcomes(ids[0]) == [Outcome.DRY_RUN]
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN, TAKEN, NOTHING]
    assert await backlog.outcomes(ids[0]) == [Outcome.DRY_RUN, Outcome.SENT]


async def test_what_comes_while_it_runs_is_sent_when_woken() -> None:
    backlog = Backlog()
    async with MixpanelServer() as mixpanel:
        forwarder = make_forwarder(backlog, mixpanel.url)
        async with running(forwarder):
            await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
            for n in range(5):
                await backlog.add(track(messageId=f"m-{n}"))
                forwarder.wake()
                await asyncio.wait_for(forwarder.wait_idle(), PATIENCE)
                assert len(mixpanel.events) == n + 1
    assert len(mixpanel.requests) == 5


async def test_it_does_nothing_while_there_is_nothing_to_do() -> None:
    backlog = Backlog()
    turns = 0

    async def owed(after: int = 0, limit: int = 1000) -> list[Any]:
        nonlocal turns
        turns += 1
        return []

    backlog.journal.outbox.owed = owed
    forwarder = make_forwarder(backlog, "http://127.0.0.1:1")
    async with running(forwarder):
        await forwarder.wait_idle()
        await asyncio.sleep(0.05)
        assert turns == 1


async def test_a_backlog_goes_in_full_batches_a_few_at_a_time() -> None:
    backlog = Backlog()
    await backlog.add(*(track(f"u-{n}") for n in range(3000)))
    mixpanel = MixpanelServer()
    transport = Direct(mixpanel)
    await go(backlog, mixpanel, transport=transport, limits=Limits(json_records=500), window=5000)
    assert len(mixpanel.deduped()) == 3000
    assert transport.most <= 4
    assert max(len(request.records) for request in mixpanel.requests) == 500
    assert len(mixpanel.requests) <= 12


async def test_more_than_the_window_is_read_piece_by_piece() -> None:
    backlog = Backlog()
    await backlog.add(*(track(f"u-{n}") for n in range(1500)))
    mixpanel = MixpanelServer()
    await go(backlog, mixpanel, transport=Direct(mixpanel), window=100)
    assert await backlog.states() == [TAKEN] * 1500
    assert len(mixpanel.events) == 1500


async def test_stop_waits_for_answers_under_way() -> None:
    backlog = Backlog()
    await backlog.add(track())
    mixpanel = MixpanelServer()
    opened = asyncio.Event()
    clock = FakeClock()
    clock.hold()
    transport = Direct(mixpanel, opened.wait)
    forwarder = make_forwarder(backlog, "http://127.0.0.1:1", transport=transport, clock=clock)
    task = asyncio.create_task(forwarder.run())
    await until(lambda: transport.flying == 1)
    stopping = asyncio.create_task(forwarder.stop(grace=5))
    await until(lambda: clock.slept == [5])
    assert not stopping.done()
    opened.set()
    await asyncio.wait_for(stopping, PATIENCE)
    await task
    assert await backlog.states() == [TAKEN]
    assert clock.slept == [5]


async def test_stop_does_not_wait_longer_than_its_grace() -> None:
    backlog = Backlog()
    event, adding = await backlog.add(given(EVENT), given(engage("u-1", add={"n": 1})))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(HANG, HANG)
        forwarder = make_forwarder(backlog, mixpanel.url, translator=AsGiven())
        task = asyncio.create_task(forwarder.run())
        await until(lambda: len(mixpanel.requests) == 2)
        await asyncio.wait_for(forwarder.stop(grace=5), PATIENCE)
        await task
        assert await backlog.states() == [WAITING, UNCERTAIN]
        assert "stopped before Mixpanel answered" in (await backlog.lines(adding))[-1].words
        assert await backlog.lines(event) == []
        await go(backlog, mixpanel, translator=AsGiven())
    assert await backlog.states() == [TAKEN, UNCERTAIN]
    assert mixpanel.profiles == {"u-1": {"n": 1}}
    assert len(mixpanel.deduped()) == 1


async def test_stop_cuts_a_wait_for_the_next_try() -> None:
    backlog = Backlog()
    await backlog.add(track())
    clock = FakeClock()
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY)
        forwarder = make_forwarder(backlog, mixpanel.url, clock=clock)
        task = asyncio.create_task(forwarder.run())
        clock.hold()
        await until(lambda: bool(forwarder.fault))
        await asyncio.wait_for(forwarder.stop(), PATIENCE)
        await task
    assert await backlog.states() == [WAITING]
    assert len(mixpanel.requests) == 1


async def test_a_journal_that_cannot_write_stops_it() -> None:
    backlog = Backlog()
    await backlog.add(track())
    async with MixpanelServer() as mixpanel:
        backlog.journal.failing = "the disk is full"
        with pytest.raises(JournalError, match="the disk is full"):
            await go(backlog, mixpanel)
        backlog.journal.failing = ""
        await go(backlog, mixpanel)
    assert await backlog.states() == [TAKEN]
    assert len(mixpanel.deduped()) == 1


async def test_a_message_that_cannot_be_read_is_said_and_stays_owed() -> None:
    backlog = Backlog()
    lost, _ = await backlog.add(track(), track())
    del backlog.messages[lost]
    async with MixpanelServer() as mixpanel:
        forwarder = make_forwarder(backlog, mixpanel.url)
        await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)
    assert await backlog.states() == [WAITING, TAKEN]
    assert forwarder.fault == "1 message owed to Mixpanel cannot be read from the journal"


async def test_a_secret_that_a_proxy_repeats_is_not_kept() -> None:
    backlog = Backlog()
    (id,) = await backlog.add(track())
    async with MixpanelServer() as mixpanel:
        forwarder = make_forwarder(backlog, mixpanel.url)
        await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)
        sent = mixpanel.requests[0].headers["authorization"]
        mixpanel.script(Fault(502, f"upstream said: Authorization: {sent}"))
        (again,) = await backlog.add(track())
        await asyncio.wait_for(run_until_idle(make_forwarder(backlog, mixpanel.url)), PATIENCE)
    words = [line.words for line in await backlog.lines(again)]
    assert words[0] == "upstream said: Authorization: Basic ••••"
    assert sent.split()[1] not in repr(await backlog.lines(id) + await backlog.lines(again))


async def test_a_url_that_cannot_be_used_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="mixpanel_url"):
        make_forwarder(Backlog(), "localhost:9000")
