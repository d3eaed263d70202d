"""The Delivery pane: what became of the message at Mixpanel, attempt by attempt, in Mixpanel's own words."""

from __future__ import annotations

from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.style import Style

from ... import core
from ...core.api.models import EngineState, MessageDetail, RouteState, Summary
from ...core.delivery import DECIDED, MEANINGS, NOT_AGAIN, Delivery, DeliveryState, Outcome
from ...core.messages import Marks
from ...core.otherwise import OtherDetail
from ...core.text import clean, counted, joined
from ..keymap import first
from ..model.json_search import spans_of
from ..pane_keys import bindings
from ..render import clock
from ..render.attempt import attempt_lines
from ..render.message import DELIVERY_COLOR
from ..render.plain import marks_of
from ..render.routes import along, handover_lines, off_words, standings_line
from .json_rows import AGES_EVERY
from .pane import Pane
from .pane_search import Found, Searching
from .text_block import TextBlock

REPLAYS_SHOWN = 3
_NEVER = "Nothing can be forwarded here: {} says why."
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.SENT: (Outcome.SENT, "$mark-ok"),
    Outcome.REFUSED: (Outcome.REFUSED, "$mark-error"),
    Outcome.RETRY: ("to be tried again", "$mark-waiting"),
    Outcome.UNCERTAIN: (Outcome.UNCERTAIN, "$mark-warning"),
    Outcome.STUCK: (Outcome.STUCK, "$mark-error"),
    Outcome.DROPPED: (Outcome.DROPPED, "$dim"),
    Outcome.DRY_RUN: ("dry run: not sent", "$dim"),
}


REPLAYABLE = frozenset(
    {
        DeliveryState.OFF,
        DeliveryState.REFUSED,
        DeliveryState.UNCERTAIN,
        DeliveryState.FAULT,
    }
)
"""States in which the advice is to replay the message."""
LINK = "message"
"""What a click on a text leads to, in the meta of its style."""

Sending = Literal["", "on", "off", "halted", "never"]
"""What the engine does about the messages that wait; "" while it is not known."""


class DeliveryPane(Pane):
    """The pane of the message's delivery: its state, what to do about it, its replays, and every attempt
    so far.
    """

    TITLE = "Delivery"
    BINDINGS = bindings("delivery")
    DEFAULT_CSS = """
    DeliveryPane > VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; }
    DeliveryPane > VerticalScroll > TextBlock { height: auto; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.text = TextBlock()
        self.sending: Sending = ""
        self._routes: tuple[RouteState, ...] = ()
        self._wanted = ""
        self._hit = 0

    class Linked(Message):
        """The request to go to another message: the one that this one is a replay of, or a replay of it."""

        def __init__(self, id: int) -> None:
            super().__init__()
            self.id = id

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield self.text

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(AGES_EVERY, self._age)

    def _age(self) -> None:
        """Draw the attempts again, so that "4 s ago" stays true."""
        if self.detail is not None and (self.detail.deliveries or self.detail.routes) and self.display:
            self.fill(self.detail)

    def tell(self, state: EngineState) -> None:
        """Show what the engine does about messages that wait."""
        off: Sending = "never" if state.cannot_forward_why else "off"
        sending: Sending = "halted" if state.halted else "on" if state.forwarding else off
        routes = [(route.name, route.write_keys, route.filter) for route in state.routes]
        known = [(route.name, route.write_keys, route.filter) for route in self._routes]
        if sending != self.sending or routes != known:
            self.sending, self._routes = sending, state.routes
            if self.is_mounted:
                self.fill(self.detail)

    def fill(self, detail: MessageDetail | None) -> None:
        """Show state and attempts."""
        if detail is None:
            self.text.put(Content(""))
            self.title()
            return
        self.text.put(self._marked(Content("\n").join(self._lines(detail))))
        no_message = detail.summary.refused and not detail.summary.damaged
        self.title("refused request" if no_message else detail.summary.delivery.value)

    def action_turn(self, by: int) -> None:
        """Go to the newest replay of the message, or back to the message that this one is a replay of."""
        if self.detail is None:
            return
        to = self.detail.replay_of if by < 0 else next(reversed(self.detail.replays), None)
        if to is not None:
            self.post_message(self.Linked(to.id))

    def on_click(self, event: events.Click) -> None:
        """Go to the message whose time was clicked."""
        id = event.style.meta.get(LINK)
        if isinstance(id, int):
            self.post_message(self.Linked(id))

    def search(self, wanted: Searching) -> None:
        """Find a text and mark where it stands."""
        self._wanted, self._hit = wanted.text, 0
        self.fill(self.detail)
        self.turn_hit(0)

    def turn_hit(self, by: int) -> None:
        """Go to the next place, or the one before."""
        text = self.copy_text()
        spans = spans_of(text, self._wanted)
        if spans:
            self._hit = (self._hit + by) % len(spans)
            above = Content(text[: spans[self._hit][0]])
            row = above.get_height({}, max(self.text.size.width, 1)) - 1
            self.query_one(VerticalScroll).scroll_to_region(Region(0, row, 1, 1), animate=False)
        self.post_message(Found(len(spans), self._hit + 1))

    def keep_hit(self) -> None:
        """Stay where the place is that is shown."""

    def _marked(self, words: Content) -> Content:
        for start, end in spans_of(words.plain, self._wanted):
            words = words.stylize("bold $background on $accent", start, end)
        return words

    def copy_text(self) -> str:
        """Return state and attempts as text."""
        return "" if self.detail is None else "\n".join(line.plain for line in self._lines(self.detail))

    def _lines(self, detail: MessageDetail) -> list[Content]:
        if isinstance(detail, OtherDetail):
            words = f"The panes show the message {detail.words}: nothing of that is sent."
            return [
                Content.styled(words, "$foreground"),
                Content.styled(f"{first('message.destinations')} shows the next one.", "$dim"),
            ]
        state = detail.summary.delivery
        if detail.summary.refused and not detail.summary.damaged:
            words = "A refused request holds no message: nothing is sent to Mixpanel."
            handed = handover_lines(detail, clock.now())
            return [Content.styled(words, "$dim"), *attempts_of(detail), *handed]
        mark = marks_of(self).delivery[state]
        if detail.summary.damaged:
            meaning = MEANINGS[state]
            words, advice = f"{meaning[0].upper()}{meaning[1:]}.", ""
        else:
            words, advice = says(detail, self.sending)
            if why := off_words(detail, self._routes):
                words, advice = why, ""
        lines = [
            Content.assemble((f"{mark} ", f"bold {DELIVERY_COLOR[state]}"), (words, DELIVERY_COLOR[state]))
        ]
        if advice:
            lines.append(Content.styled(advice, "$dim"))
        lines += standings_line(detail)
        lines += attempts_of(detail)
        lines += self._links(detail)
        for delivery in detail.deliveries:
            lines += self._attempt(delivery, detail)
        return lines + handover_lines(detail, clock.now())

    def _links(self, detail: MessageDetail) -> list[Content]:
        """Link to the message that this one is a replay of, and to its replays."""
        lines: list[Content] = []
        if detail.replay_of is not None:
            lines.append(self._link("Replay of", detail.replay_of, "["))
        elif detail.summary.marks & Marks.REPLAY:
            lines.append(Content.styled("A replay of a message that is not in this journal.", "$dim"))
        shown = detail.replays[-REPLAYS_SHOWN:]
        if len(shown) < len(detail.replays):
            more = len(detail.replays) - len(shown)
            lines.append(Content.styled(f"Replayed {counted(more, 'time')} before that.", "$dim"))
        for replay in shown:
            lines.append(self._link("Replayed as", replay, "]" if replay is shown[-1] else ""))
        return lines

    def _link(self, words: str, line: Summary, key: str) -> Content:
        state = line.delivery
        there = Content.assemble(
            (f"{words} ", "$foreground"),
            (clock.local(line.received_at, clock.now()), "$accent underline"),
        ).stylize(Style.from_meta({LINK: line.id}))
        mark = marks_of(self).delivery[state]
        how = Content.styled(f"  {mark} {state.value}", DELIVERY_COLOR[state])
        return Content.assemble(there, how, (f"  {key} goes there" if key else "", "$dim"))

    def _attempt(self, delivery: Delivery, detail: MessageDetail) -> list[Content]:
        word, style = OUTCOMES[delivery.outcome]
        if delivery.outcome is Outcome.RETRY and delivery.words.endswith(NOT_AGAIN):
            word = "no verdict"
        answer = "" if delivery.words.endswith(DECIDED) else str(delivery.status or "no answer")
        went = f"{clean(delivery.endpoint)} {answer}".strip()
        to = ": ".join(part for part in (clean(delivery.route), went) if part)
        place = f"  [{delivery.index}] of {delivery.of}" if delivery.of > 1 else ""
        operations = len(detail.verdict.translation.operations)
        what = f"request {delivery.operation + 1} of {operations}, " if operations > 1 else ""
        if delivery.route not in ("", detail.route):  # another number of requests
            what = f"request {delivery.operation + 1}, "
        lines = attempt_lines(delivery, to, (word, style), what=what, place=place, now=clock.now())
        return [Content(""), *lines]


def attempts_of(detail: MessageDetail) -> list[Content]:
    """Return which attempt of its SDK the message or request is, and what each was answered."""
    some = detail.attempts
    if not some:
        return []
    own = next((at for at, one in enumerate(some, 1) if one.at == detail.summary.received_at), 0)
    which = f"Attempt {own} of {len(some)}" if own else counted(len(some), "attempt")
    each = ", ".join(f"{clean(one.answer)} at {clock.local(one.at, one.at)}" for one in some)
    return [Content.styled(f"{which} by the SDK: {each}.", "$mark-warning")]


def says(detail: MessageDetail, sending: Sending = "") -> tuple[str, str]:
    """Describe the message's delivery state, and what to do about it."""
    words, advice = _standing(detail, sending)
    # After a replay, r is not offered again: the replay has its own delivery state.
    second = bool(detail.summary.marks & Marks.SECOND_RECEIPT)
    replayed = detail.replays and (second or detail.summary.delivery in REPLAYABLE)
    return words, "" if replayed else advice


def _standing(detail: MessageDetail, sending: Sending) -> tuple[str, str]:
    summary, translation = detail.summary, detail.verdict.translation
    count = counted(len(translation.operations), "request")
    on = along(detail)
    where = f" along {joined(on)}" if on else ""
    known = on in ((), (detail.route,))  # the requests along other routes are not known here
    made = [one for one in detail.deliveries if not on or one.route in ("", *on)]
    turn, send = first("forwarding.toggle"), first("message.validate")
    edit = first("message.edit")
    match summary.delivery:
        case DeliveryState.OFF if translation.not_sent is not None:
            return (
                f"Not forwarded: {clean(translation.not_sent.reason)}.",
                "segtap sends what Mixpanel's own SDKs send only to the project of its settings.",
            )
        case DeliveryState.OFF if any(one.outcome is Outcome.DROPPED for one in made):
            return (
                f"Dropped{where}: what was not sent of it is not sent any more.",
                "segtap deliveries retry sends it after all.",
            )
        case DeliveryState.OFF if summary.marks & Marks.TEED:
            whom = "Mixpanel" if detail.source_kind == "mixpanel" else "Segment"
            return (
                f"Not forwarded: it is a copy, and {whom} received the original.",
                "To send it from here as well may count it twice.",
            )
        case DeliveryState.OFF:
            now: dict[Sending, str] = {
                "never": _NEVER.format(turn),
                "on": f"Forwarding is on now, for what comes from then on: {send} sends this one.",
            }
            later = f"{send} sends this one now; {turn} turns forwarding on for what comes from then on."
            return ("Not forwarded: forwarding was off when it was received.", now.get(sending, later))
        case DeliveryState.WAITING:
            tried = sum(not one.words.endswith(DECIDED) for one in made)
            so_far = f"Tried {counted(tried, 'time')} so far" if tried else "Not tried yet"
            advice: dict[Sending, str] = {
                "": "",
                "on": f"{so_far}; it is tried again by itself." if tried else "",
                "off": f"{so_far}; forwarding is off: {turn} turns it on, and this goes first.",
                "halted": f"{so_far}; forwarding has halted: the top line says why.",
                "never": f"{so_far}. {_NEVER.format(turn)}",
            }
            return (f"Waiting{where}: {f'{count} ' if known else ''}owed to Mixpanel.", advice[sending])
        case DeliveryState.SENT:
            return (
                f"Mixpanel accepted {count if known else 'all requests'}{where}.",
                "Accepted says nothing about its reports:"
                f" {first('mixpanel.open')} opens Mixpanel's Events view.",
            )
        case DeliveryState.REFUSED:
            refused = max(sum(delivery.outcome == Outcome.REFUSED for delivery in made), 1)
            of = f"{refused} of {count}" if known else counted(refused, "request")
            return (
                f"Mixpanel refused {of}{where}.",
                f"It is not tried again. Fix the call ({edit} edits it); {send} sends it once more as it is.",
            )
        case DeliveryState.UNCERTAIN:
            return (
                f"Uncertain{where}: it cannot be known whether Mixpanel has it.",
                f"Look for it in Mixpanel before {send} sends it again, or it may count twice.",
            )
        case DeliveryState.STUCK:
            return (
                f"Stuck{where}: Mixpanel answers 5xx to this message, and accepts others.",
                "It is tried again every ten minutes while forwarding is on.",
            )
        case DeliveryState.FAULT:
            return (
                "Fault: segtap failed to translate it, so nothing of it was sent.",
                "This is a fault of segtap: report it with the message."
                f" {first('message.replay')} tries again.",
            )
        case DeliveryState.HELD:
            return (
                "Held: [[hold]] of the settings keeps it back until you release it.",
                f"{first('held.open')} lists what is held, and releases or drops it. What follows of the user"
                " is sent without it.",
            )
        case DeliveryState.NONE:
            why = core.why_nothing(translation, summary.type, summary.marks, detail.source_kind)
            words = f"Nothing to send{f': {clean(why)}' if why else ''}.".replace("..", ".")
            if summary.marks & Marks.SECOND_RECEIPT:
                return (words, f"{first('message.replay')} replays it as a new message.")
            stopped = translation.unmatched or translation.rejected or translation.not_sent
            return (words, "The Mixpanel pane says what to do." if stopped else "")
