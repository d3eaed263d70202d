"""What the five panes say of a message, and what their keys do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote

import msgspec
import pytest
from check_helpers import verdict_on
from details import MESSAGES, NOW, SECRET, TOKEN, attempts, classic, detail, order, refused
from fake_viewer import state, until
from pane_host import Host, curl_of, screen
from textual.containers import Vertical
from textual.widgets import Static

from segtap.core.api.models import MessageDetail, SentWith
from segtap.core.delivery import DeliveryState
from segtap.core.destinations.explain import explain
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Marks
from segtap.core.settings import Destination
from segtap.core.verdict import Explanation, NotSent, Operation, OutgoingRequest, TakenOut, Translation
from segtap.tui.model.reading_order import in_reading_order
from segtap.tui.render import clock
from segtap.tui.render.glyphs import ASCII
from segtap.tui.widgets.caption import identity
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.pane import Pane
from segtap.tui.widgets.segment_pane import SegmentPane
from segtap.tui.widgets.warnings_pane import JumpTo, WarningsPane
from segtap.tui.widgets.wire_pane import WirePane

pytestmark = pytest.mark.usefixtures("still")

PANES: tuple[type[Pane], ...] = (SegmentPane, MixpanelPane, WirePane, WarningsPane, DeliveryPane)
REJECTED = "Segment would reject this: 40.1 KB, its limit is 32 KB"
A = TypeVar("A", bound=Pane)


async def shown(
    pane: Pane, message: MessageDetail | None, *keys: str, size: tuple[int, int] = (90, 30)
) -> str:
    """The screen with one pane on a message, after some keys."""
    async with Host(pane).run_test(size=size) as pilot:
        pane.detail = message
        await pilot.pause()
        if keys:
            next(widget for widget in pane.query("*") if widget.focusable).focus()
            await pilot.press(*keys)
        await pilot.pause()
        return screen(pilot)


@pytest.mark.parametrize("pane", PANES)
async def test_each_pane_shows_a_message_and_forgets_it(pane: type[Pane]) -> None:
    widget = pane()
    async with Host(widget).run_test(size=(90, 30)) as pilot:
        widget.detail = order()
        await pilot.pause()
        assert widget.TITLE in screen(pilot)
        assert widget.copy_text()
        widget.detail = None
        await pilot.pause()
        assert "Order Completed" not in screen(pilot)
        assert widget.copy_text() == ""


@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize(
    "make", [lambda: order(bad=True), refused, classic], ids=["order", "refused", "classic"]
)
async def test_names_are_never_read_as_markup_nor_act_on_the_terminal(
    pane: type[Pane], make: Callable[[], MessageDetail]
) -> None:
    evil = "[bold]\x1b]0;title\x07 [/] [@click=app.quit]x"
    call = {**MESSAGES["order"], "event": evil, "userId": evil, evil: evil}
    message = make()
    findings = message.verdict.findings
    messages = [
        message,
        detail(call, findings=findings, objections=(evil,), translation=Translation(rejected=evil)),
    ]
    for one in messages:
        text = await shown(pane(), one)
        assert "\x1b" not in text
        assert "\x07" not in text
    if pane in (SegmentPane, MixpanelPane):
        assert "[bold]␛]0;title␇ [/]" in text
    assert identity(messages[-1].summary).startswith("track [bold]␛]0;title␇ [/]")


class TestSegment:
    async def test_shows_the_document_and_what_segment_filled_in(self) -> None:
        text = await shown(SegmentPane(), order(), size=(120, 30))
        assert "Segment ─ as handed on" in text
        received = next(line for line in text.splitlines() if "receivedAt" in line)
        assert received.endswith("10:41:03.711 · 3 s ago  filled in by Segment's rules")
        assert "▸ context" in text

    async def test_a_key_shows_the_text_exactly_as_it_came(self) -> None:
        pane = SegmentPane()
        original = b'{"event":  "a",\t"x": 1.50, "x": NaN}'
        text = await shown(pane, order(original=original), "a")
        assert f"Segment ─ as it came, {len(original)} B" in text
        assert '{"event":  "a",⇥"x": 1.50, "x": NaN}' in text
        assert pane.copy_text() == original.decode()

    async def test_a_path_brings_the_document_back(self) -> None:
        pane = SegmentPane()
        async with Host(pane).run_test(size=(90, 30)) as pilot:
            pane.detail = order()
            pane.action_toggle_original()
            assert pane.show_path("$.context.device.type")
            await pilot.pause()
            assert "→" in next(line for line in screen(pilot).splitlines() if '"android"' in line)
            assert not pane.show_path("requests[0].body")

    async def test_objections_stand_on_top_the_grave_one_marked(self) -> None:
        text = await shown(SegmentPane(), order(objections=(REJECTED, "timestamp 7 is no ISO 8601 time")))
        assert f"✖ {REJECTED}" in text
        assert "i timestamp 7 is no ISO 8601 time" in text

    @pytest.mark.parametrize(
        ("mark", "words"),
        [
            (Marks.SECOND_RECEIPT, "Segment would drop this copy"),
            (Marks.REPLAY, "Replayed"),
            (Marks.TEED, "Segment receives the original"),
        ],
    )
    async def test_marks_are_said_in_words(self, mark: Marks, words: str) -> None:
        assert words in await shown(SegmentPane(), order(marks=mark))

    async def test_a_refused_request_shows_its_reason_and_its_body(self) -> None:
        text = await shown(SegmentPane(), refused())
        assert "✖ Refused with 400: not JSON: byte 34" in text
        assert '{"type": "track", "event": "Half a' in text

    async def test_a_refused_body_that_is_no_text_is_shown_in_hexadecimal(self) -> None:
        text = await shown(SegmentPane(), refused(b"\x1f\x8b" + bytes(70_000)))
        assert "000000  1f 8b 00 00" in text
        assert "68.4 KB, the first 64 KB below" in text


class TestMixpanel:
    async def test_shows_a_request_with_its_secret_masked(self) -> None:
        pane = MixpanelPane()
        text = await shown(pane, order())
        assert "Mixpanel ─ 1 of 3 · ] next: /" in text
        assert "POST https://api.mixpanel.com/import?strict=1" in text
        assert "Authorization  Basic ••••" in text
        assert "trackPurchase · subscription Order Completed Calls" in text
        secret = SECRET.split()[1]
        assert secret not in text + pane.copy_text() + curl_of(pane)
        assert json.loads(pane.copy_text().split("\n\n", 1)[1])[0]["event"] == "Order Completed"

    async def test_brackets_turn_the_pages_round(self) -> None:
        pane = MixpanelPane()
        text = await shown(pane, order(), "right_square_bracket")
        assert "Mixpanel ─ 2 of 3" in text
        assert '"0123…ef"' in text
        assert TOKEN not in text
        assert TOKEN in pane.copy_text()
        assert "3 of 3" in await shown(MixpanelPane(), order(), "left_square_bracket")

    async def test_a_path_turns_to_its_request(self) -> None:
        pane = MixpanelPane()
        async with Host(pane).run_test(size=(90, 30)) as pilot:
            pane.detail = order(bad=True)
            assert pane.show_path("requests[2].body.$set.last_order")
            await pilot.pause()
            assert "Mixpanel ─ 3 of 3" in screen(pilot)
            assert "→" in next(line for line in screen(pilot).splitlines() if "last_order" in line)
            assert not pane.show_path("requests[9].body")
            assert not pane.show_path("$.event")
            pane.detail = order(bad=True, id=9 << 20)
            await pilot.pause()
            assert "Mixpanel ─ 1 of 3" in screen(pilot)
            flagged = next(line for line in screen(pilot).splitlines() if "$insert_id" in line)
            assert flagged.startswith("✖")

    async def test_says_what_segment_would_not_send_and_what_to_do(self) -> None:
        why = "The root value is missing the required field 'event'."
        text = await shown(MixpanelPane(), order(translation=Translation(rejected=why)))
        assert f"✖ Segment would not send this: {why}" in text
        assert "Give the call what is missing" in text
        beside = Translation(operations=order().verdict.translation.operations, rejected=why)
        assert "Its other requests are sent all the same." in await shown(
            MixpanelPane(), order(translation=beside)
        )

    async def test_says_that_no_subscription_takes_it(self) -> None:
        message = detail(
            {"type": "alias", "userId": "u", "previousId": "a"}, translation=Translation(unmatched=True)
        )
        text = await shown(MixpanelPane(), message)
        assert "▲ Segment would not send this: no subscription takes this alias call" in text

    async def test_says_which_setting_of_the_classic_destination_is_off(self) -> None:
        call = {"type": "identify", "userId": "u", "traits": {}}
        destination = Destination("classic-cloud", {"token": TOKEN})
        made = verdict_on(call, destination, NOW, size=100)
        message = detail(call, translation=made.translation, findings=made.findings)
        text = await shown(MixpanelPane(), message)
        assert "▲ Segment would not send this: Use Mixpanel People is off" in text
        assert "To change that: people = true under [classic]" in text

    async def test_says_that_segment_drops_a_second_receipt(self) -> None:
        text = await shown(MixpanelPane(), order(marks=Marks.SECOND_RECEIPT, translation=Translation()))
        assert "Segment would drop this copy" in text
        assert "r replays it" in text

    async def test_a_refused_request_is_not_translated(self) -> None:
        assert "Nothing to translate" in await shown(MixpanelPane(), refused())


class TestWire:
    async def test_json_with_its_sizes_before_and_after_gzip(self) -> None:
        pane = WirePane()
        text = await shown(pane, order())
        assert "Wire ─ JSON, gzip, 472 B → " in text
        assert '[{"event":"Order Completed","properties":{"time":1795516863211' in text
        assert pane.copy_text().startswith('[{"event":"Order Completed"')

    async def test_a_form_is_percent_encoded(self) -> None:
        pane = WirePane()
        text = await shown(pane, order(), "right_square_bracket")
        assert "Wire ─ form, " in text
        assert '"0123…ef"' in text, "the project token below, decoded, is shortened as in the Mixpanel pane"
        assert " · 2 of 3" in text
        assert "data=%7B%22%24token%22%3A%22" in text
        assert "$distinct_id" in text

    async def test_base64_beside_its_json_and_no_secret_in_the_query(self) -> None:
        pane = WirePane()
        text = await shown(pane, classic())
        assert "Wire ─ base64, " in text
        assert "data=eyJldmVudCI6ICJMb2FkZWQgYSBQYWdlIi" in text
        assert "Loaded a Page" in text
        assert "api_key=••••" in pane.copy_text()
        assert "fedcba98" not in text + pane.copy_text()

    async def test_what_the_classic_destination_makes_of_a_call(self) -> None:
        settings: dict[str, Any] = {"token": TOKEN, "apiKey": "fedcba9876543210fedcba9876543210"}
        reader = translator(Destination("classic-cloud", settings))
        message = detail(MESSAGES["order"], translation=reader.translate(MESSAGES["order"], now=NOW))
        pane = WirePane()
        text = await shown(pane, message)
        assert "POST /track  base64 in the field data" in text
        assert " · 1 of 2" in text
        encoded = pane.copy_text().partition("data=")[2].partition("&")[0]
        body: Any = json.loads(base64.b64decode(unquote(encoded)))
        assert body["event"] == "Order Completed"
        assert body["properties"]["token"] == TOKEN
        assert "api_key=••••" in pane.copy_text()
        assert "fedcba98" not in text + pane.copy_text()

    async def test_nothing_sent(self) -> None:
        assert "Nothing is sent." in await shown(WirePane(), refused())


class Listening(Vertical):
    """Keeps the places that a Warnings pane points at."""

    def __init__(self, pane: WarningsPane) -> None:
        super().__init__(pane)
        self.heard: list[tuple[str, bool]] = []

    def on_jump_to(self, event: JumpTo) -> None:
        self.heard.append((event.path, event.go))


class TestWarnings:
    async def test_errors_come_first_with_why_and_how(self) -> None:
        text = await shown(WarningsPane(), order(bad=True))
        assert "Warnings ─ 1 error, 1 warning" in text
        assert text.index("✖ insert-id-charset") < text.index("▲ property-dropped")
        assert "→ send a UUID as messageId" in text
        assert "strict import refuses an event" in " ".join(text.split())

    async def test_walking_marks_a_place_and_enter_goes_there(self) -> None:
        pane = WarningsPane()
        listening = Listening(pane)
        async with Host(listening).run_test(size=(90, 30)) as pilot:
            pane.detail = order(bad=True)
            await pilot.pause()
            assert listening.heard == []
            pane.options.focus()
            await pilot.press("down", "enter")
            await pilot.pause()
        first, second = "requests[0].body[0].properties.$insert_id", "$.properties.products"
        assert listening.heard == [(first, False), (second, False), (second, True)]

    async def test_nothing_found_is_said_plainly(self) -> None:
        assert "No warnings" in await shown(WarningsPane(), order())

    async def test_a_refused_request_is_an_error_here_as_in_the_list(self) -> None:
        text = await shown(WarningsPane(), refused(why="gzip that ends early"))
        assert "Warnings ─ 1 error" in text
        assert "✖ Refused with 400" in text
        assert "gzip that ends early" in text


def test_segment_document_begins_with_what_is_looked_for() -> None:
    sent = {"context": {}, "zeta": 1, "messageId": "m", "userId": "u", "event": "E", "type": "track"}
    shown = in_reading_order(sent)
    assert shown == sent
    assert list(shown) == ["type", "event", "userId", "messageId", "context", "zeta"]  # type: ignore[arg-type]


class TestDelivery:
    async def test_tells_each_attempt_in_mixpanels_words(self) -> None:
        message = order(bad=True, delivery=DeliveryState.REFUSED, deliveries=attempts())
        text = await shown(DeliveryPane(), message)
        assert "Delivery ─ refused" in text
        assert "✖ Mixpanel refused 1 of 3 requests." in text
        assert "/import 503  to be tried again" in text
        assert "10:41:06.411  /import 400  refused" in text
        assert "“'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters”" in text
        assert "request 1 of 3, just now  [3] of 14  attempt 2  187 ms" in text

    @pytest.mark.parametrize("state", DeliveryState)
    async def test_accepted_is_never_called_visible(self, state: DeliveryState) -> None:
        text = await shown(DeliveryPane(), order(delivery=state, deliveries=attempts()))
        assert "visible" not in text.lower()
        assert "Delivery ─ " in text

    async def test_what_waits_is_not_said_to_be_tried_again_when_it_is_not(self) -> None:
        pane = DeliveryPane()
        waiting = order(delivery=DeliveryState.WAITING, deliveries=attempts()[:1])
        async with Host(pane).run_test(size=(80, 20)) as pilot:
            pane.detail = waiting
            await pilot.pause()
            assert "by itself" not in screen(pilot), "it is not known yet whether forwarding is on"
            pane.tell(state(forwarding=True))
            await pilot.pause()
            assert "Tried 1 time so far; it is tried again by itself." in screen(pilot)
            pane.tell(state(forwarding=True, halted=True))
            await pilot.pause()
            assert "forwarding has halted: the top line says why" in screen(pilot)
            pane.tell(state())
            await pilot.pause()
            assert "forwarding is off: f turns it on, and this goes first" in screen(pilot)

    async def test_how_long_ago_it_was_stays_true(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pane = DeliveryPane()
        async with Host(pane).run_test(size=(80, 20)) as pilot:
            pane.detail = order(delivery=DeliveryState.REFUSED, deliveries=attempts())
            await pilot.pause()
            assert "just now" in screen(pilot)
            monkeypatch.setattr(clock, "now", lambda: NOW + 120_000)
            await until(pilot, lambda: "just now" not in screen(pilot))
            assert "2 min ago" in screen(pilot)

    async def test_not_forwarded_says_why_and_which_keys_help(self) -> None:
        text = await shown(DeliveryPane(), order())
        assert "forwarding was off when it was received" in text
        assert "f turns forwarding on" in text
        assert "v sends this one now" in text

    async def test_of_a_copy_nothing_is_proposed_that_would_count_it_twice(self) -> None:
        text = await shown(DeliveryPane(), order(marks=int(Marks.TEED)))
        assert "it is a copy, and Segment received the original" in text
        assert "f turns" not in text

    async def test_keys_are_not_proposed_where_nothing_can_be_forwarded(self) -> None:
        pane = DeliveryPane()
        pane.tell(state(cannot_forward_why="segtap proxy passes every request on already"))
        text = await shown(pane, order())
        assert "Nothing can be forwarded here: f says why." in text
        assert "r then" not in text

    async def test_f_is_not_proposed_while_forwarding_is_on(self) -> None:
        pane = DeliveryPane()
        pane.tell(state(forwarding=True))
        text = await shown(pane, order())
        assert "Forwarding is on now, for what comes from then on: v sends this one." in text
        assert "f turns" not in text

    async def test_replays_stand_in_place_of_the_advice_to_replay(self) -> None:
        line = order().summary
        replays = tuple(
            msgspec.structs.replace(line, id=line.id + at, received_at=line.received_at + at * 1_000)
            for at in range(1, 6)
        )
        message = msgspec.structs.replace(order(), replays=replays)
        text = await shown(DeliveryPane(), message)
        assert "Not forwarded" in text
        assert "r then sends" not in text
        assert "Replayed 2 times before that." in text
        assert text.count("Replayed as") == 3
        assert text.count("] goes there") == 1
        stopped = order(delivery=DeliveryState.NONE, translation=Translation(unmatched=True))
        again = msgspec.structs.replace(stopped, replays=replays[:1])
        assert "The Mixpanel pane says what to do" in await shown(DeliveryPane(), again)

    async def test_a_replay_whose_original_is_gone_says_so(self) -> None:
        text = await shown(DeliveryPane(), order(marks=Marks.REPLAY), "left_square_bracket")
        assert "A replay of a message that is not in this journal." in text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"translation": Translation(unmatched=True)}, "no subscription takes it"),
            ({"translation": Translation(rejected="no")}, "the destination rejects it: no."),
            ({"translation": Translation(), "marks": Marks.SECOND_RECEIPT}, "Segment would drop this copy"),
            ({"translation": Translation()}, "no request is made of it"),
        ],
    )
    async def test_nothing_to_send_says_why(self, changes: Any, words: str) -> None:
        text = await shown(DeliveryPane(), order(delivery=DeliveryState.NONE, **changes))
        assert words in text


@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize("size", [(20, 8), (10, 3), (2, 2), (1, 1)])
async def test_every_size_is_survived(pane: type[Pane], size: tuple[int, int]) -> None:
    widget = pane()
    async with Host(widget).run_test(size=size) as pilot:
        for message in (order(bad=True, deliveries=attempts()), refused(), classic(), None):
            widget.detail = message
            await pilot.pause()
        await pilot.resize_terminal(80, 24)
        widget.detail = order()
        await pilot.pause()
        assert widget.TITLE in screen(pilot)


async def test_a_pane_that_is_filled_before_it_is_shown_shows_it() -> None:
    pane = SegmentPane()
    pane.detail = order()
    text = await shown(pane, pane.detail)
    assert "Order Completed" in text


@pytest.mark.parametrize("pane", [SegmentPane, MixpanelPane])
@pytest.mark.parametrize("between", [refused, lambda: None], ids=["refused", "none"])
async def test_a_value_has_a_line_of_its_own_after_a_pane_without_a_document(
    pane: type[Pane], between: Callable[[], MessageDetail | None]
) -> None:
    size = (70, 60)
    alone = await shown(pane(), order(), size=size)
    widget = pane()
    async with Host(widget).run_test(size=size) as pilot:
        for message in (order(id=9 << 20), between(), order()):
            widget.detail = message
            await pilot.pause()
        assert screen(pilot) == alone
    lines = [line.strip() for line in alone.splitlines()]
    assert f'"{MESSAGES["order"]["messageId"]}"' in lines


async def test_nothing_moves_when_only_the_delivery_of_the_message_moves_on() -> None:
    segment, mixpanel, warnings = SegmentPane(), MixpanelPane(), WarningsPane()
    async with Host(Vertical(segment, mixpanel, warnings)).run_test(size=(100, 60)) as pilot:
        for pane in (segment, mixpanel, warnings):
            pane.detail = order(bad=True)
        await pilot.pause()
        assert segment.show_path("$.properties.products[0].sku") is False
        assert segment.show_path("$.properties.products[0].price")
        assert mixpanel.show_path("requests[1].body.$add")
        warnings.options.highlighted = 1
        await pilot.pause()
        for pane in (segment, mixpanel, warnings):
            pane.detail = order(bad=True, delivery=DeliveryState.REFUSED, deliveries=attempts())
        await pilot.pause()
        text = screen(pilot)
        assert "Mixpanel ─ 2 of 3" in text
        assert sum("→" in line and ("price" in line or "$add" in line) for line in text.splitlines()) == 2
        assert warnings.options.highlighted == 1


@pytest.mark.parametrize("pane", PANES)
async def test_a_terminal_without_unicode_gets_ascii_alone(pane: type[Pane]) -> None:
    widget = pane()
    app = Host(Static())
    app.marks = ASCII  # type: ignore[attr-defined]
    async with app.run_test(size=(100, 40)) as pilot:
        await app.mount(widget)
        widget.styles.border = ("ascii", "white")
        for message in (
            order(bad=True, deliveries=attempts(), objections=("Ünmöglich…",)),
            detail({**MESSAGES["identify"], "é": "日本"}, translation=Translation(rejected="é")),
            refused("né".encode()),
        ):
            widget.detail = message
            for key in ("down", "a", "minus"):
                await pilot.press(key)
            await pilot.pause()
            inside = screen(pilot).translate(
                dict.fromkeys(map(ord, "─▁▂▃▄▅▆▇"))
            )  # Textual's rules, scrollbars
            assert inside.isascii(), [letter for letter in inside if not letter.isascii()]


async def test_mixpanel_pane_says_where_the_value_under_the_cursor_comes_from() -> None:
    message: dict[str, Any] = {
        "type": "track",
        "event": "Signed Up",
        "userId": "u-1",
        "messageId": "m-1",
        "timestamp": "2026-11-24T10:00:00Z",
        "context": {"page": {"url": "https://x.io/"}},
        "properties": {"plan": {"tier": "pro"}},
    }
    destination = Destination(settings={"projectToken": TOKEN})
    translation = translator(destination).translate(message, now=NOW)
    told = msgspec.structs.replace(
        detail(message, translation=translation),
        explanation=explain(message, destination, translation, now=NOW),
    )
    pane = MixpanelPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = told
        await pilot.pause()
        pane.json.rows.focus()
        for path, source in (
            ("requests[0].body[0].event", "source: $.event · field event"),
            ("requests[0].body[0].properties.$current_url", "source: $.context.page.url · field url"),
            ("requests[0].body[0].properties.plan.tier", "source: $.properties.plan.tier · field event_prop"),
            ("requests[0].body[0].properties.$source", "source: Segment writes it"),
        ):
            assert pane.show_path(path)
            await pilot.pause()
            assert source in screen(pilot)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {},
            'no API secret is given. Segment\'s 3.497.0 would send no usable credential here ("undefined:")',
        ),
        ({"apiSecret": ""}, 'empty. Segment\'s 3.497.0 would send no usable credential here (":")'),
        ({"apiSecret": "s"}, ""),
    ],
    ids=["absent", "empty", "set"],
)
async def test_mixpanel_pane_says_where_the_token_takes_the_place_of_a_secret(
    settings: dict[str, Any], words: str
) -> None:
    message = {"type": "track", "event": "Signed Up", "userId": "u-1", "messageId": "m-1"}
    destination = Destination(settings={"projectToken": TOKEN, **settings})
    translation = translator(destination).translate(message, now=NOW)
    told = msgspec.structs.replace(
        detail(message, translation=translation),
        explanation=explain(message, destination, translation, now=NOW),
    )
    pane = MixpanelPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = told
        await pilot.pause()
        for text in (" ".join(screen(pilot).split()), pane.copy_text()):
            assert words in text
            assert ("usable credential" in text) == bool(words)


async def test_mixpanel_pane_says_what_filters_take_out() -> None:
    message: dict[str, Any] = {"type": "track", "event": "A", "userId": "u-1", "messageId": "m-1"}
    translation = translator(Destination(settings={"projectToken": TOKEN})).translate(message, now=NOW)
    paths = tuple(f"$.properties.p{number}" for number in range(12))
    taken = (TakenOut("No mail", ("$.context.traits.email",)), TakenOut("Few", paths))
    told = msgspec.structs.replace(
        detail(message, translation=translation), explanation=Explanation(taken_out=taken)
    )
    text = await shown(MixpanelPane(), told, size=(240, 30))
    assert "left out  $.context.traits.email  by No mail" in text.replace('"', "")
    assert "$.properties.p7, 4 more" in text


async def test_mixpanel_pane_says_which_triggers_came_closest_and_what_segment_would_not_send() -> None:
    message: dict[str, Any] = {"type": "alias", "userId": "u-1", "messageId": "m-1"}
    destination = Destination(settings={"projectToken": TOKEN})
    translation = translator(destination).translate(message, now=NOW)
    told = msgspec.structs.replace(
        detail(message, translation=translation),
        explanation=explain(message, destination, translation, now=NOW),
    )
    text = await shown(MixpanelPane(), told, size=(200, 30))
    assert "no subscription takes alias calls; closest: 'Track Calls' needs type = \"track\"" in text
    stopped = Translation(not_sent=NotSent("$.integrations.All", "integrations.All is false"))
    text = await shown(MixpanelPane(), detail(message, translation=stopped))
    assert "Not sent: integrations.All is false" in text
    assert "by $.integrations.All." in text


class TestServiceAccount:
    """What segtap sends in place of Segment's credentials is shown at the request, as segtap's own."""

    ACCOUNT = SentWith("segtap.1a2b3c", 123, "MY_ACCOUNT", "the project token")

    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_the_mixpanel_pane(self, size: tuple[int, int]) -> None:
        pane = MixpanelPane()
        pane.service_account = self.ACCOUNT
        text = await shown(pane, order(), size=size)
        assert "strict=1&project_id=123" in text
        assert "Basic segtap.1a2b3c:••••" in text
        assert "segtap's own: Segment itself would send the project token" in text
        copied = pane.copy_text()
        assert "Segment itself would send the project token" in copied
        assert "Basic segtap.1a2b3c:••••" in copied
        assert '-u "$MY_ACCOUNT"' in curl_of(pane)
        assert "project_id=123" in curl_of(pane)

    async def test_the_wire_pane(self) -> None:
        pane = WirePane()
        pane.service_account = self.ACCOUNT
        text = await shown(pane, order(), size=(120, 30))
        assert "Basic segtap.1a2b3c:•••• and project_id=123" in text
        assert "Segment itself would send the project token" in text

    async def test_other_endpoints_are_left_alone(self) -> None:
        pane = MixpanelPane()
        pane.service_account = self.ACCOUNT
        text = await shown(pane, order(), "right_square_bracket")
        assert "/engage" in text
        assert "Segment itself" not in text
        assert "project_id" not in curl_of(pane)

    async def test_a_classic_import_loses_its_key(self) -> None:
        request = OutgoingRequest(
            "POST",
            "https://api.mixpanel.com/import",
            query={"verbose": 1, "api_key": "••••"},
            data="e30=",
            body={"event": "Old"},
        )
        pane = MixpanelPane()
        pane.service_account = self.ACCOUNT
        made = Translation((Operation("classic", "track", request),))
        text = await shown(pane, order(translation=made), size=(120, 30))
        assert "/import" in text
        assert "api_key" not in text
        assert "project_id=123" in text
        assert curl_of(pane).count("••••") == 0
        assert '-u "$MY_ACCOUNT"' in curl_of(pane)

    async def test_a_pasted_request_keeps_what_it_was_pasted_with(self) -> None:
        pane = MixpanelPane()
        pane.service_account = self.ACCOUNT
        received = order()
        summary = msgspec.structs.replace(received.summary, id=0)
        pasted = msgspec.structs.replace(received, summary=summary, source_kind="mixpanel")
        assert "Segment itself" not in await shown(pane, pasted)


class TestDevice:
    """A record of Mixpanel's own SDK: what was received, that Segment had no part in it, where it goes."""

    RECORD: ClassVar = {"event": "Seen", "properties": {"token": "ab12cd34", "$insert_id": "i-1"}}

    def detail(self, *, state: DeliveryState = DeliveryState.OFF, **changes: Any) -> MessageDetail:
        text = json.dumps(self.RECORD).encode()
        request = OutgoingRequest(
            "POST",
            "https://api.mixpanel.com/track?ip=1",
            "application/x-www-form-urlencoded",
            body=self.RECORD,
            verbatim=text,
        )
        why = NotSent("$.properties.token", "another project (ab12…)")
        made = Translation((Operation("", "", request),), not_sent=why)
        base = order(translation=made)
        receipt = msgspec.structs.replace(base.receipt, body=b"data=" + base64.b64encode(b"[%s]" % text))
        summary = msgspec.structs.replace(base.summary, type="raw", delivery=state, **changes)
        return msgspec.structs.replace(
            base, summary=summary, receipt=receipt, source_kind="mixpanel", document=text, original=text
        )

    async def test_the_segment_pane(self) -> None:
        text = await shown(SegmentPane(), self.detail(), size=(120, 30))
        assert "This did not pass through Segment: Mixpanel's own SDK sent it (device mode)." in text
        second = self.detail(marks=int(Marks.SECOND_RECEIPT))
        assert "its $insert_id came before" in await shown(SegmentPane(), second, size=(120, 30))

    async def test_the_mixpanel_pane(self) -> None:
        text = await shown(MixpanelPane(), self.detail(), size=(120, 30))
        assert "Not sent: another project (ab12…)" in text
        assert "/track" in text
        assert '"Seen"' in text

    async def test_the_wire_pane(self) -> None:
        pane = WirePane()
        text = await shown(pane, self.detail(), size=(160, 30))
        assert "data=W3si" in text
        assert "below this record decoded" in text
        assert '"Seen"' in text
        assert pane.copy_text().startswith("data=W3si")

    async def test_the_delivery_pane(self) -> None:
        text = await shown(DeliveryPane(), self.detail(), size=(120, 30))
        assert "Not forwarded: another project (ab12…)." in text
        made = self.detail(marks=int(Marks.TEED))
        sent = msgspec.structs.replace(made.verdict.translation, not_sent=None)
        verdict = msgspec.structs.replace(made.verdict, translation=sent)
        text = await shown(DeliveryPane(), msgspec.structs.replace(made, verdict=verdict), size=(120, 30))
        assert "it is a copy, and Mixpanel received the original" in text
