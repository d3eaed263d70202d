"""One reading for list, panes and forwarder: own subscriptions, what Segment would not send, why it is so."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from engines import engine_settings, listed, newest, post, running_engine, track, until

from segtap.core.api.models import MessageDetail, ReceiptView, Summary
from segtap.core.delivery import DeliveryState
from segtap.core.destinations.actions.faults import subscription_faults
from segtap.core.engine.active import ActiveSettings
from segtap.core.errors import InputError
from segtap.core.pipeline.reading import read_message
from segtap.core.settings import (
    Destination,
    DestinationFilter,
    SegmentSettings,
    Settings,
    Subscription,
)
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import NotSent, Translation, Verdict

EVENT = {"event": {"@template": "Web {{event}}"}, "insert_id": {"@path": "$.messageId"}}
OWN = Subscription('type = "track"', "trackEvent", EVENT, "Own")
UNREADABLE = Subscription("nothing", "trackEvent", EVENT, "Odd")


def own_settings(folder: Path, *subscriptions: Subscription, url: str = "http://127.0.0.1:9") -> Settings:
    settings = engine_settings(folder, mixpanel_url=url)
    return msgspec.structs.replace(settings, subscriptions=subscriptions)


async def test_own_subscriptions_are_shown_and_explained(tmp_path: Path) -> None:
    async with running_engine(own_settings(tmp_path, OWN)) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        detail = await newest(client)
        (operation,) = detail.verdict.translation.operations
        assert operation.subscription == "Own"
        assert operation.request.body[0]["event"] == "Web Signed Up"  # pyright: ignore
        source = detail.explanation.source_at("requests[0].body[0].event")
        assert source is not None
        assert source.source == 'template "Web {{event}}"'
        pasted = await client.inspect(b'{"type":"identify","userId":"u","messageId":"m-2"}')
        assert pasted.explanation.unmatched == (
            "no subscription takes identify calls; closest: 'Own' needs type = \"track\""
        )


async def test_what_segment_would_not_send_is_not_forwarded(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        settings = msgspec.structs.replace(settings, segment=SegmentSettings(blocked_events=("Blocked",)))
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(
                engine.url,
                track("m-off-000001", integrations={"All": False}),
                track("m-blocked-001", event="Blocked"),
                track("m-sent-000001"),
            )
            await until(client, lambda state: state.deliveries.sent == 1)
            off, blocked, sent = await listed(client, 3)
            assert [off.delivery, blocked.delivery] == [DeliveryState.NONE] * 2
            assert sent.delivery is DeliveryState.SENT
            detail = await client.detail(off.id)
            assert detail.verdict.translation.operations == ()
            assert detail.verdict.translation.not_sent == NotSent(
                "$.integrations.All", "integrations.All is false", "integrations"
            )
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-sent-000001"]


async def test_a_subscription_that_can_never_send_is_said(tmp_path: Path) -> None:
    async with running_engine(own_settings(tmp_path, OWN, UNREADABLE)) as (_, client):
        state = await client.state()
        assert "subscription 2 (Odd): The trigger 'nothing' has no condition" in state.fault


def test_faults_are_told_of_trigger_action_and_mapping_and_not_of_what_is_off() -> None:
    def of(*subscriptions: Subscription) -> tuple[str, ...]:
        return subscription_faults(Destination(subscriptions=subscriptions))

    assert of(OWN) == ()
    assert subscription_faults(Destination()) == ()
    assert of(msgspec.structs.replace(UNREADABLE, enabled=False)) == ()
    (action,) = of(Subscription('type = "track"', "trackEvents", EVENT))
    assert action.startswith("subscription 1: There is no action 'trackEvents'")
    (mapping,) = of(Subscription('type = "track"', "trackEvent", {"event": {"@pth": "x"}}, "Bad"))
    assert mapping == "subscription 1 (Bad): /event has an invalid directive: @pth."


def test_other_settings_take_the_place_of_the_first_at_once() -> None:
    message = read_message(b'{"type":"track","event":"A","messageId":"m","userId":"u"}')
    reading = ActiveSettings(Settings())
    assert reading.owed(message).operations[0].subscription == "Track Calls"
    reading.use(Settings(subscriptions=(OWN,)))
    assert reading.owed(message).operations[0].subscription == "Own"
    with pytest.raises(InputError):
        reading.use(Settings(plan="there-is-none.json", filters=(DestinationFilter(condition="event ="),)))
    assert reading.owed(message).operations[0].subscription == "Own"
    assert reading.faults == ()


async def test_a_filter_that_is_not_fql_stops_everything_and_the_engine_says_so(tmp_path: Path) -> None:
    odd = DestinationFilter(condition='userId = oops"', action="drop_properties", name="No mail")
    settings = msgspec.structs.replace(engine_settings(tmp_path), filters=(odd,))
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1"))
        (summary,) = await listed(client, 1)
        detail = await client.detail(summary.id)
        assert summary.errors == 1
        assert detail.verdict.translation.operations == ()
        assert [one.rule for one in detail.verdict.findings if one.severity == "error"] == ["filter-not-fql"]
        fault = (await client.state()).fault
    assert "filter 1 (No mail) stops every message: The condition 'userId = oops\"' is not FQL" in fault


async def test_a_large_message_is_explained_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def explained(self: ActiveSettings, detail: MessageDetail) -> MessageDetail:
        threads.append(threading.get_ident())
        return detail

    monkeypatch.setattr(ActiveSettings, "explained", explained)
    reading = ActiveSettings(Settings())
    summary = Summary(1, 0, "track", "A", "u", "web", 0, 0, 0, DeliveryState.NONE, "m-1")
    for size in (100, 100_000):
        detail = MessageDetail(
            summary=summary,
            document=b"x" * size,
            original=b"",
            verdict=Verdict(Translation()),
            receipt=ReceiptView(method="POST", path="/v1/track"),
        )
        assert await reading.why(detail) is detail
    assert threads[0] == threading.get_ident()
    assert threads[1] != threading.get_ident()
