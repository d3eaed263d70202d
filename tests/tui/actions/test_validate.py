"""`v`: the question before one message is sent to Mixpanel, and how the answer is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from fake_viewer import FakeViewer, detail_of, state, summary, until
from textual.pilot import Pilot

from segtap.core.delivery import Delivery, DeliveryState, Outcome, Validated
from segtap.core.messages import Marks, message_number
from segtap.core.verdict import NotSent, Operation, OutgoingRequest, Translation
from segtap.tui.actions.validate import validate_question, why_not
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
ID = message_number(1, 0)


async def ready(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 1)
    assert app.main is not None
    return app.main


def said(pilot: Pilot[object]) -> str:
    return "\n".join(f"{note.title}: {note.message}" for note in pilot.app._notifications)


async def question(pilot: Pilot[object]) -> str:
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "a question")
    return str(pilot.app.screen.query_one(".question").render())


def adding(**facts: Any) -> Any:
    """A detail whose message adds to the profile."""
    body = {"$add": {"total": 5}, "$token": "t", "$distinct_id": "u"}
    request = OutgoingRequest("POST", "https://api.mixpanel.com/engage", "form", body=body)
    detail = detail_of(summary(1, **facts))
    verdict = msgspec.structs.replace(
        detail.verdict, translation=Translation((Operation("Profile", "incrementProperties", request),))
    )
    return msgspec.structs.replace(detail, verdict=verdict)


async def test_it_asks_once_and_shows_the_answer(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, name="[b]Order")], region="eu")
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot)
        await pilot.press("v")
        asked = await question(pilot)
        assert "Send this one message to project a1b2…f9 at the endpoint in the EU now?" in asked
        assert "1 request (/import). Forwarding is off and stays off." in asked
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert ("validate", (ID,)) not in viewer.calls, "the default is no"
        await pilot.press("v")
        await question(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Mixpanel accepted it: “[b]Order”: /import 200 OK" in said(pilot))
        await until(pilot, lambda: main.delivery.has_focus_within, "the Delivery pane")
        await until(pilot, lambda: "accepted 1 request" in main.delivery.copy_text())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"outcome": Outcome.REFUSED, "words": "/import 400 bad", "delivery": DeliveryState.REFUSED},
            "Mixpanel refused it: “Order”: /import 400 bad.",
        ),
        (
            {"outcome": Outcome.RETRY, "words": "/import 429 slow", "retry_after": 17.0},
            "No verdict from Mixpanel: “Order”: /import 429 slow. Mixpanel asks to wait 17 s.",
        ),
        (
            {"outcome": None, "words": "it waits"},
            "Nothing was sent to Mixpanel: “Order”: it waits.",
        ),
    ],
)
async def test_answers_that_are_not_good(app_on: AppOn, changes: dict[str, Any], words: str) -> None:
    viewer = FakeViewer([summary(1, name="Order")])
    viewer.validated = Validated(**{"id": 0, "delivery": DeliveryState.OFF, **changes})
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("v")
        await question(pilot)
        await pilot.press("y")
        await until(pilot, lambda: words in said(pilot))


async def test_refused_credentials_say_where_they_were_set(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1)], credentials=("the project token a1b2…f9, from the variable X",))
    line = Delivery(ID, 0, 0, "/import", Outcome.RETRY, 401, "Mixpanel refuses the credentials: 401")
    viewer.validated = Validated(
        id=0, outcome=Outcome.RETRY, words="401", delivery=DeliveryState.OFF, deliveries=(line,)
    )
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("v")
        assert "a1b2…f9, from the variable X" in await question(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "from the variable X" in said(pilot))


@pytest.mark.parametrize(
    ("facts", "line", "words"),
    [
        ({"can_forward": False, "cannot_forward_why": "No project token is set."}, {}, "No project token"),
        ({}, {"marks": int(Marks.REFUSED)}, "A refused request holds no message"),
        ({}, {"marks": int(Marks.SECOND_RECEIPT)}, "Segment would drop this copy"),
        ({"forwarding": True}, {"delivery": DeliveryState.WAITING}, "It waits for forwarding"),
        ({"forwarding": True, "halted": True}, {"delivery": DeliveryState.WAITING}, ""),
        ({"forwarding": True}, {}, ""),
    ],
)
def test_why_a_message_is_not_sent(facts: dict[str, Any], line: dict[str, Any], words: str) -> None:
    why = why_not(state(**facts), detail_of(summary(1, **line)))
    assert why.startswith(words)
    assert bool(why) is bool(words)


def test_a_record_of_another_project_is_never_sent() -> None:
    detail = adding()
    verdict = detail.verdict
    not_sent = NotSent("$.properties.token", "another project (ab12…)")
    translation = msgspec.structs.replace(verdict.translation, not_sent=not_sent)
    other = msgspec.structs.replace(detail, verdict=msgspec.structs.replace(verdict, translation=translation))
    assert why_not(state(), other) == "segtap never sends it: another project (ab12…)."


def test_the_question_says_what_counts_again() -> None:
    first = validate_question(state(), adding())
    assert "Each time that it is sent, it counts once more: $add of total." in first
    again = validate_question(state(dry_run=True), adding(delivery=DeliveryState.SENT))
    assert "Mixpanel may have it from before." in again
    assert "It counts a second time: $add of total." in again
    assert "dry run" in again
    plain = validate_question(state(strict=False), detail_of(summary(1)))
    assert "count" not in plain
    assert "without validating it" in plain
