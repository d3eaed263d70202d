"""What the classic destination makes goes out as Segment sends it: base64, one record a request."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from forwarding import SECRET, TOKEN, Backlog, FakeClock, make_forwarder, run_until_idle, track
from forwarding import settings as settings_at
from mixpanel_faults import DROP_AFTER, ZERO
from vectors import vectors

from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.destinations.kinds import translator
from segtap.core.forward.records import records_of
from segtap.core.forward.wire import QUERY_LIMIT, wire_form
from segtap.core.mapping.dates import read_time
from segtap.core.masks import masked
from segtap.core.segment_names import destination_of
from segtap.core.settings import ClassicSettings, Destination, Secret, Settings
from segtap.core.stand_in.server import MixpanelServer

PATIENCE = 20
CLASSIC = ClassicSettings(people=True, event_increments=("Signed Up",), group_identifier_traits=("company",))


def translation_of(message: dict[str, Any], **options: Any) -> Any:
    destination = Destination("classic-cloud", {"token": TOKEN, "apiKey": SECRET, **options})
    return translator(destination).translate(message, now=FakeClock().now())


async def go(backlog: Backlog, mixpanel: MixpanelServer) -> None:
    import msgspec

    given = msgspec.structs.replace(
        settings_at(mixpanel.url), kind="classic-cloud", api_secret=Secret(SECRET)
    )
    classic = translator(destination_of(Settings(destination=given, classic=CLASSIC)))
    forwarder = make_forwarder(backlog, mixpanel.url, settings=given, translator=classic)
    await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)


def test_every_vector_crosses_the_wire_as_segment_sends_it() -> None:
    seen = 0
    for row in vectors("classic-cloud"):
        destination = Destination("classic-cloud", row["settings"])
        made = translator(destination).translate(row["message"], now=read_time(row["now"]) or 0)
        for operation, want in zip(made.operations, row["requests"], strict=True):
            form = wire_form(operation.request)
            fields = parse_qs((urlsplit(form.url).query or form.body.decode()), keep_blank_values=True)
            assert json.loads(base64.b64decode(fields.pop("data")[0])) == operation.request.body
            assert fields == {name: [str(value)] for name, value in want["query"].items()}
            assert form.shape == "base64"
            assert (form.method, form.url.partition("?")[0]) == (want["method"], want["url"])
            assert json.loads(form.decoded) == operation.request.body
            seen += 1
    assert seen == 245


def test_a_long_event_travels_as_a_form_with_the_same_fields() -> None:
    (operation,) = translation_of(track(properties={"long": "x" * QUERY_LIMIT})).operations
    form = wire_form(operation.request)
    assert (form.method, urlsplit(form.url).query) == ("POST", "")
    assert parse_qs(form.body.decode())["data"] == [operation.request.data]
    assert parse_qs(form.body.decode())["api_key"] == [SECRET]


def test_the_key_is_dots_wherever_a_request_is_shown() -> None:
    (operation,) = translation_of(track()).operations
    shown = masked(operation.request)
    assert SECRET not in wire_form(shown).url + repr(shown)
    assert f"api_key={SECRET}" in wire_form(operation.request).url


def test_what_counts_twice_is_known() -> None:
    """No insert id: an event counts again. So do $add and $append; $set and $union do not."""
    increments = translation_of(track(properties={"revenue": 3}), people=True, eventIncrements=["signed up"])
    records = records_of(1, increments)
    assert [(json.loads(record.text).get("event"), record.repeatable) for record in records] == [
        (None, False),
        (None, True),
        ("Signed Up", False),
        (None, False),
    ]
    assert all(record.alone for record in records)


async def test_every_call_arrives() -> None:
    backlog = Backlog()
    ids = await backlog.add(
        track(),
        {"type": "identify", "userId": "u-1", "traits": {"plan": "x"}},
        {"type": "group", "userId": "u-1", "groupId": "g", "traits": {"company": "acme", "size": 3}},
        {"type": "alias", "userId": "u-1", "previousId": "a-1"},
        {"type": "page", "userId": "u-1", "name": "Start"},
    )
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel)
        assert {request.shape for request in mixpanel.requests} == {"base64"}
        assert [event["event"] for event in mixpanel.events] == [
            "Signed Up",
            "$create_alias",
            "Loaded a Page",
        ]
        assert mixpanel.profiles["u-1"]["plan"] == "x"
        assert mixpanel.profiles["u-1"]["Signed Up"] == 1
        assert mixpanel.groups[("company", "acme")]["size"] == 3
    assert await backlog.states() == [DeliveryState.SENT] * len(ids)


async def test_an_event_from_before_five_days_goes_to_import_with_the_key() -> None:
    backlog = Backlog()
    await backlog.add(track(timestamp="2026-11-10T00:00:00Z"))
    async with MixpanelServer() as mixpanel:
        await go(backlog, mixpanel)
        (request,) = [one for one in mixpanel.requests if one.path == "/import"]
        assert request.query["api_key"] == SECRET
    assert await backlog.states() == [DeliveryState.SENT]


@pytest.mark.parametrize(
    ("fault", "outcome"), [(DROP_AFTER, Outcome.UNCERTAIN), (ZERO, Outcome.REFUSED)], ids=["lost", "refused"]
)
async def test_an_event_without_insert_id_is_not_sent_twice(fault: Any, outcome: Outcome) -> None:
    backlog = Backlog()
    (id,) = await backlog.add(track(event="Seen"))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        await go(backlog, mixpanel)
        assert len(mixpanel.requests) == 1
    assert (await backlog.outcomes(id))[-1] == outcome
