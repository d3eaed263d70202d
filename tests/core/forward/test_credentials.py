"""Which credentials go out: Segment's own, or a service account on /import; and no secret is ever shown."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec
import pytest
from forwarding import SECRET, TOKEN, Backlog, make_forwarder, run_until_idle, track
from forwarding import settings as settings_at
from vectors import vectors

from segtap.core.delivery import DeliveryState
from segtap.core.destinations.kinds import translator
from segtap.core.forward.credentials import (
    aim_of,
    credentials_in_words,
    sent_with,
    service_account_fault,
    service_account_of,
    shown_with,
)
from segtap.core.forward.records import operation_records
from segtap.core.forward.wire import wire_form
from segtap.core.mapping.dates import read_time
from segtap.core.masks import MASK, masked
from segtap.core.segment_names import destination_of
from segtap.core.settings import (
    ClassicSettings,
    Destination,
    DestinationSettings,
    Secret,
    SettingPlace,
    Settings,
)
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import OutgoingRequest

PATIENCE = 20
ACCOUNT = "segtap.1a2b3c:qL9vWc3nT7xR5zK1mB8dY4sF6gH2jP0a"
PASSWORD = ACCOUNT.partition(":")[2]
BASIC = "Basic " + base64.b64encode(ACCOUNT.encode()).decode()


def with_account(url: str = "", *, account: str = ACCOUNT, project: int = 123, **more: Any) -> Any:
    return msgspec.structs.replace(
        settings_at(url), service_account=Secret(account), project_id=project, **more
    )


async def go(mixpanel: MixpanelServer, given: DestinationSettings, *messages: dict[str, Any]) -> Any:
    """Send messages with these settings; the forwarder, once nothing more is to be done, and the states."""
    backlog = Backlog()
    await backlog.add(*messages)
    settings = Settings(destination=given, classic=ClassicSettings(people=True))
    forwarder = make_forwarder(
        backlog, mixpanel.url, settings=given, translator=translator(destination_of(settings))
    )
    await asyncio.wait_for(run_until_idle(forwarder), PATIENCE)
    return forwarder, await backlog.states()


async def test_import_goes_with_the_account_and_the_records_are_the_same() -> None:
    message = track(messageId="m-1", properties={"total": 12})
    async with MixpanelServer(secrets=frozenset({SECRET})) as plain:
        await go(plain, settings_at(plain.url), dict(message))
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        _, states = await go(mixpanel, with_account(mixpanel.url), dict(message))
    assert states == [DeliveryState.SENT]
    (request,) = mixpanel.requests
    assert request.headers["authorization"] == BASIC
    assert request.query == {"strict": "1", "project_id": "123"}
    assert request.records == plain.requests[0].records


async def test_profiles_go_with_the_token_as_before() -> None:
    message = {"type": "identify", "userId": "u-1", "traits": {"plan": "pro"}, "messageId": "m-1"}
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        _, states = await go(mixpanel, with_account(mixpanel.url), message)
    assert states == [DeliveryState.SENT]
    assert {request.path for request in mixpanel.requests} == {"/engage"}
    assert all("authorization" not in request.headers for request in mixpanel.requests)
    assert all("project_id" not in request.query for request in mixpanel.requests)


@pytest.mark.parametrize(
    ("account", "project", "status"),
    [("segtap.1a2b3c:another-secret", 123, 401), (ACCOUNT, 124, 403)],
    ids=["secret", "project"],
)
async def test_credentials_that_mixpanel_refuses_halt_it(account: str, project: int, status: int) -> None:
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        given = with_account(mixpanel.url, account=account, project=project)
        forwarder, states = await go(mixpanel, given, track())
    assert forwarder.halted
    assert states == [DeliveryState.WAITING]
    assert f"refuses the credentials: {status}" in forwarder.halt_words
    assert "Check project_id, and that the service account is owner or admin" in forwarder.halt_words
    assert account.partition(":")[2] not in forwarder.halt_words


async def test_the_order_is_account_then_secret_then_token() -> None:
    def user(request: Any) -> str:
        return base64.b64decode(request.headers["authorization"].partition(" ")[2]).decode()

    async with MixpanelServer(accounts={ACCOUNT: 123}, secrets=frozenset({SECRET, TOKEN})) as mixpanel:
        for given in (
            with_account(mixpanel.url),
            settings_at(mixpanel.url),
            settings_at(mixpanel.url, secret=""),
        ):
            await go(mixpanel, given, track())
    assert [user(request) for request in mixpanel.requests] == [ACCOUNT, f"{SECRET}:", f"{TOKEN}:"]


async def test_classic_sends_old_events_with_the_account_in_place_of_the_key() -> None:
    old = track(messageId="m-1", timestamp="2026-11-01T00:00:00Z")
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        given = with_account(mixpanel.url, kind="classic-cloud")
        _, states = await go(mixpanel, given, dict(old), track(messageId="m-2"))
    assert states == [DeliveryState.SENT] * 2
    sent = {request.path: request for request in mixpanel.requests}
    assert sent["/import"].headers["authorization"] == BASIC
    assert sent["/import"].query["project_id"] == "123"
    assert "api_key" not in sent["/import"].query
    # /track knows no credentials but the token in the event: it stays as Segment sends it.
    assert "authorization" not in sent["/track"].headers
    assert sent["/track"].query["api_key"] == SECRET


def test_classic_still_refuses_what_segment_refuses_without_a_key() -> None:
    given = with_account(kind="classic-cloud", api_secret=Secret(""))
    classic = translator(destination_of(Settings(destination=given)))
    old = track(timestamp="2026-11-01T00:00:00Z")
    assert classic.translate(old, now=1_795_557_600_000).rejected


def test_no_record_of_the_vectors_is_changed_and_only_import_gets_the_account() -> None:
    account = service_account_of(with_account())
    assert account is not None
    seen = 0
    for kind in ("actions", "classic-cloud"):
        for row in vectors(kind):
            destination = Destination(kind, row["settings"])  # pyright: ignore[reportArgumentType]
            made = translator(destination).translate(row["message"], now=read_time(row["now"]) or 0)
            for before, after in zip(made.operations, account.on_all(made).operations, strict=True):
                texts = [
                    [record.text for record in operation_records(1, 0, one.request)]
                    for one in (before, after)
                ]
                assert texts[0] == texts[1]
                if "/import" in before.request.url:
                    assert after.request.authorization == BASIC
                    assert "project_id=123" in wire_form(after.request).url
                    seen += 1
                else:
                    assert after == before
    assert seen > 100


@pytest.mark.parametrize(
    ("account", "project", "words"),
    [
        ("", 0, ""),
        (ACCOUNT, 123, ""),
        ("user:with:colons", 1, ""),
        (PASSWORD, 123, "as user:secret, with a colon between them; what it holds has no colon"),
        (f":{PASSWORD}", 123, "has nothing before the colon"),
        ("segtap.1a2b3c:", 123, "ends at it"),
        (ACCOUNT, 0, "project_id = 123 under [destination], or --project-id 123"),
    ],
)
def test_what_cannot_be_used_says_what_to_do(account: str, project: int, words: str) -> None:
    given = with_account(account=account, project=project, service_account_env="MY_ACCOUNT")
    fault = service_account_fault(given)
    assert words in fault
    assert bool(fault) is bool(words)
    assert (service_account_of(given) is None) is (bool(words) or not account)
    if words:
        assert "MY_ACCOUNT" in fault
        assert PASSWORD not in fault


def test_it_is_said_where_it_was_given_and_the_secret_is_never_said() -> None:
    settings = Settings(
        destination=with_account(),
        places={
            "destination.service_account": SettingPlace("environment", "MIXPANEL_SERVICE_ACCOUNT"),
            "destination.project_id": SettingPlace("flag", "--project-id"),
        },
    )
    _, line = credentials_in_words(settings)
    assert line == (
        "on /import the service account segtap.1a2b3c, from the variable MIXPANEL_SERVICE_ACCOUNT (read once,"
        " when segtap started), with project_id 123, from --project-id"
    )
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in repr(service_account_of(settings.destination))
    assert PASSWORD not in repr(sent_with(settings.destination))


def test_other_credentials_are_another_aim() -> None:
    aims = [
        aim_of(Settings(destination=given))
        for given in (settings_at(""), with_account(), with_account(project=124), with_account(account="a:b"))
    ]
    assert len(set(aims)) == 4


def test_a_request_is_shown_as_it_is_sent_with_the_secret_as_dots() -> None:
    request = OutgoingRequest(
        "POST", "https://api.mixpanel.com/import?strict=1", "application/json", "Basic x", body=[]
    )
    shown = shown_with(masked(request), sent_with(with_account()))
    assert shown.authorization == f"Basic segtap.1a2b3c:{MASK}"
    assert shown.url == "https://api.mixpanel.com/import?strict=1&project_id=123"
    assert shown_with(masked(request), None) == masked(request)


async def test_an_answer_that_repeats_the_secret_is_masked() -> None:
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        from segtap.core.stand_in.faults import Fault

        mixpanel.script(Fault(401, {"error": f"nobody is {ACCOUNT} ({PASSWORD}) ({BASIC})"}))
        forwarder, _ = await go(mixpanel, with_account(mixpanel.url), track())
    assert MASK in forwarder.halt_words
    assert PASSWORD not in forwarder.halt_words
    assert BASIC not in forwarder.halt_words
