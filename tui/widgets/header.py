"""The header: where the endpoint listens, what came, and whether anything is sent to Mixpanel.

One line; one more while forwarding is on, which also says what is tried again and when; and lines for each
thing that is wrong. On a narrow terminal what matters least goes first, and
whether forwarding is on never goes.

It is over 350 lines because its parts share one line, and give way to one another.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style

from ...core.api.models import EngineState
from ...core.delivery import DeliveryState
from ...core.text import clean, counted, shorten
from ..keymap import first
from ..model.rate import Rate
from ..render.clock import second
from ..render.glyphs import UNICODE, Glyphs, to_ascii
from ..render.plain import app_of
from ..render.routes import several, short_where, standing_of, to_mixpanel, whole_routes
from .text_block import Measured

DESTINATIONS = {"actions": "Actions", "classic-cloud": "Classic"}
BARS = 12
ALERT_LINES = 3
"""Maximum lines per alert; fewer on short terminals."""
NOT_IMITATED_WIDTH = 96
"""What is not imitated stays there, so it gets one line, two on a narrow terminal."""
LOW = 16
NARROW = 100
HALTED = "try again, read the settings again, or turn off"
GAP = "  "
WHY = 24
"""Characters of the reason why something is tried again that are worth more than sums."""
ALERT = "bold $background on $mark-error"
ON = "bold $background on $mark-warning"

Piece = list[Content]
"""One fact of the header, from its longest form to its shortest; a last empty form lets it go."""

SHRINK = (
    *("rate", "destination", "rate", "counts", "url", "marks", "destination", "forwarding"),
    *("counts", "brand", "demo", "marks", "destination", "forwarding", "counts", "url", "unseen"),
    "forwarding",
)
"""Which fact gives way, step by step, as the line gets shorter; what then fits after all comes back."""


class Header(Measured):
    """The engine's facts in a line. `lost` is why the engine cannot be reached, else "".

    `url` is "" while an engine starts of which the address is not known yet.
    """

    state: reactive[EngineState | None] = reactive(None)
    lost: reactive[str] = reactive("")
    shown_as: reactive[str] = reactive("")
    """The destination that the panes show in place of the configured one, "" for that one."""
    route: reactive[str] = reactive("")
    """The route to Mixpanel on which messages are shown, "" for all of them."""
    shown: reactive[int] = reactive(0)
    unseen: reactive[int] = reactive(0)
    """Messages that came since the list was paused."""

    def __init__(
        self,
        url: str,
        *,
        marks: Glyphs = UNICODE,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.auto_links = False  # what can be clicked keeps its colours
        self.url = url
        self.marks = marks
        self.rate = Rate()
        self._clock = clock

    def on_mount(self) -> None:
        self.set_interval(1, self.refresh)

    def watch_state(self) -> None:
        """Ask for a layout of the screen only when the number of lines changes."""
        if self.is_mounted and self.size.height != self._height(self.size.width):
            self.refresh(layout=True)

    def watch_lost(self) -> None:
        """Draw again, as after a change of the state."""
        self.watch_state()

    def watch_shown_as(self) -> None:
        """Draw again, as after a change of the state."""
        self.watch_state()

    def watch_route(self) -> None:
        """Draw again, as after a change of the state."""
        self.watch_state()

    def arrived(self, count: int) -> None:
        """Count messages that were received."""
        self.rate.add(count, self._clock())

    def render(self) -> Content:
        """Return the line of facts and the lines of alerts."""
        width = max(self.size.width, 1)
        sending = [self._sending(width)] if self._has_sending else []
        return Content("\n").join([self._facts(width), *sending, *self._alert_lines(width)])

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self._height(width)

    def _height(self, width: int) -> int:
        return 1 + self._has_sending + len(self._alert_lines(width))

    @property
    def _has_sending(self) -> bool:
        """True if the delivery line is shown: while forwarding is on, so that nothing moves."""
        on = self.state is not None and self.state.forwarding and not self.lost
        return on and app_of(self).size.height >= LOW

    def _sending(self, width: int) -> Content:
        """Return the delivery line: counts by state, and the next attempt."""
        state, marks = self.state, self.marks
        if state is None:
            return Content("")
        stand, dot = state.deliveries, f" {marks.middot} "
        counts = [
            (stand.sent, DeliveryState.SENT, "$mark-ok"),
            (stand.refused, DeliveryState.REFUSED, "bold $mark-error"),
            (stand.waiting, DeliveryState.WAITING, "$mark-waiting"),
        ]
        more = [
            (stand.stuck, DeliveryState.STUCK, "bold $mark-error"),
            (stand.uncertain, DeliveryState.UNCERTAIN, "$mark-warning"),
            (stand.held, DeliveryState.HELD, "bold $mark-waiting"),
            (stand.fault, DeliveryState.FAULT, "bold $mark-error"),
        ]
        parts = [
            Content.styled(f"{count:,} {word}", style if count else "$dim")
            for count, word, style in (*counts, *(one for one in more if one[0]))
        ]
        name = " Mixpanel  " if width >= NARROW else " "
        others = standing_of(several(state) + whole_routes(state))
        lines = [Content.assemble(" ", Content(dot).join(others))]
        if to_mixpanel(state):
            lines.insert(0, Content.assemble((name, "$dim"), Content(dot).join([*parts, *others])))
        when = f"next try {second(state.next_try)}" if state.next_try else "trying again"
        tail = len(when) + 7 + WHY if state.retrying else 0
        # Where there is no room for the sums, what each of several routes has says more.
        shorter = several(state) and lines[0].cell_length + tail > width
        line = lines[-1] if shorter else lines[0]
        if state.retrying:
            why = self._plain(clean(state.retrying).removeprefix("Mixpanel "))
            room = width - line.cell_length - len(when) - 7
            why = shorten(why, max(room, 8))
            line = Content.assemble(line, (f"  {marks.warning} {why}, {when}", "$mark-warning"))
        return line.truncate(width, ellipsis=not marks.ascii)

    def alerts(self) -> list[tuple[str, str]]:
        """Return the alerts as (text, style)."""
        found: list[tuple[str, str]] = []
        if self.lost:
            keys = f"{first('engine.retry')} tries again, {first('app.quit')} quits"
            found.append((f"{self.marks.error} {self.lost}  {keys}", ALERT))
        state = self.state
        if state is None:
            return found
        if self.shown_as:
            kind = DESTINATIONS.get(state.destination, state.destination)
            words = f"Shown as {self.shown_as}, not the configured {kind}: nothing of it is sent."
            words += f"  {first('message.destinations')} goes on"
            found.append((f"{self.marks.warning} {words}", ON))
        if self.route:
            words = (
                f"List and panes show the route {self.route} alone; counts and filter are about all routes."
            )
            words += f"  {first('message.routes')} goes on"
            found.append((f"{self.marks.warning} {words}", ON))
        if state.lasting_fault:
            found.append((f"{self.marks.error} {clean(state.lasting_fault)}", ALERT))
        if state.halted and not self.lost:
            # A line of its own, so that a long fault does not cut it off.
            found.append((f"  {first('forwarding.toggle')}: {HALTED}", ALERT))
        if state.interrupted and not self.lost:
            key = f"  {first('forwarding.toggle')} resumes, or leaves it off" if state.can_forward else ""
            found.append((f"{self.marks.error} {clean(state.interrupted)}{key}", ALERT))
        if state.stale:
            words = f"The settings changed: {counted(state.stale, 'message')} still to be checked again"
            found.append((f"{self.marks.warning} {words}", "bold $mark-warning"))
        if state.answers:
            words = f"Answers on demand: {clean('; '.join(state.answers))}"
            found.append((f"{self.marks.warning} {words}", "bold $mark-warning"))
        if state.not_imitated:
            words = f"Not imitated: {shorten(clean(state.not_imitated), NOT_IMITATED_WIDTH)}"
            found.append((f"{self.marks.middot} {words}", "$mark-waiting"))
        if state.exposed:
            phone = ", ".join(state.phone_urls) or "this machine's address"
            found.append(
                (
                    f"{self.marks.warning} Anyone on this network can send here. Phones use {phone}",
                    "bold $mark-warning",
                )
            )
        return found

    def _alert_lines(self, width: int) -> list[Content]:
        most = ALERT_LINES if app_of(self).size.height >= LOW else ALERT_LINES - 1
        lines: list[Content] = []
        for text, style in self.alerts():
            rows = textwrap.wrap(self._plain(text), max(width - 2, 1), subsequent_indent="  ") or [""]
            if len(rows) > most:
                rows = [*rows[: most - 1], " ".join(row.strip() for row in rows[most - 1 :])]
            for row in rows:
                line = Content.styled((" " + row).ljust(width), style)
                lines.append(line.truncate(width, ellipsis=True, pad=True))
        return lines

    def _plain(self, text: str) -> str:
        return to_ascii(text.replace("…", "~")) if self.marks.ascii else text

    def _facts(self, width: int) -> Content:
        left, right = self._left(), self._right()
        pieces = {**left, **right}
        one, other = _row(left.values()), _row(right.values())
        gone: list[tuple[str, Content]] = []
        for name in SHRINK:
            if _fits(one, other, width):
                break
            if len(pieces[name]) > 1:
                gone.append((name, pieces[name].pop(0)))
                one, other = _row(left.values()), _row(right.values())
        for name, form in reversed(gone):
            pieces[name].insert(0, form)
            longer, another = _row(left.values()), _row(right.values())
            if _fits(longer, another, width):
                one, other = longer, another
            else:
                pieces[name].pop(0)
        room = width - one.cell_length - other.cell_length - 2
        line = Content.assemble(" ", one, " " * max(room, 1), other, " ")
        return line.truncate(width)

    def _left(self) -> dict[str, Piece]:
        state, marks = self.state, self.marks
        dot = Content.styled(marks.dot, "$mark-error" if self.lost else "$mark-ok" if state else "$dim")
        url = self._plain(state.urls[0] if state and state.urls else self.url)
        port = f":{urlsplit(url).port}" if urlsplit(url).port else url
        where = [Content.assemble(dot, " ", url), Content.assemble(dot, " ", port), dot]
        if not url:
            starting = self._plain("starting …")
            where = [Content.assemble(dot, " ", starting), dot]
        pieces: dict[str, Piece] = {
            "brand": [Content.styled("segtap", "bold $accent"), Content("")],
            "url": where,
            "demo": [Content("")],
            "unseen": [Content("")],
            "counts": [Content("")],
            "marks": [Content("")],
            "rate": [Content("")],
        }
        if state is None:
            return pieces
        if state.demo:
            pieces["demo"] = [Content.styled(" DEMO ", "bold $background on $mark-waiting"), Content("")]
        if self.unseen:
            new = f" {self.unseen:,} new {marks.down} "
            pieces["unseen"] = [
                _opens("follow", Content.styled(new, "bold $background on $mark-waiting")),
                Content(""),
            ]
        dot_ = f" {marks.middot} "
        received = Content(f"{state.received:,} received")
        refused = Content.styled(f"{state.refused:,} refused", "$mark-error")
        shown = Content(f"{self.shown:,} shown")
        waiting = 0 if self._has_sending else state.deliveries.waiting
        waits = Content.styled(f"{waiting:,} waiting", "bold $mark-waiting" if waiting else "")
        held = 0 if self._has_sending else state.deliveries.held
        kept = [Content.styled(f"{held:,} held", "bold $mark-waiting")] if held else []
        nothing = state.deliveries.none
        nowhere = [Content(f"{nothing:,} sent nowhere")] if nothing else []
        parts = [received, *([refused] if state.refused else []), *nowhere, *kept]
        parts += [waits] if waiting else []
        pieces["counts"] = [
            Content(dot_).join(
                [
                    received,
                    *([refused] if state.refused else []),
                    shown,
                    *nowhere,
                    *kept,
                    *([] if self._has_sending else [waits]),
                ]
            ),
            Content(dot_).join(parts),
            Content(dot_).join([waits if waiting else received]),
            Content(""),
        ]
        now = self._clock()
        rate = Content(f"{self.rate.per_second(now):,}/s")
        bars = Content.styled(self.rate.bars(BARS, now, marks.spark), "$accent")
        pieces["rate"] = [Content.assemble(bars, " ", rate), rate, Content("")]
        found = [
            _opens(
                f"act('{button}')",
                Content.styled(
                    f"{mark} {count:,}", f"{'bold ' if count else ''}{style if count else '$dim'}"
                ),
            )
            for mark, count, style, button in (
                (marks.error, state.errors, "$mark-error", "error_button"),
                (marks.warning, state.warnings, "$mark-warning", "warning_button"),
            )
        ]
        counts = (state.errors, state.warnings)
        pieces["marks"] = [
            Content(GAP).join(found),
            Content(" ").join(item for item, count in zip(found, counts, strict=True) if count),
            Content(""),
        ]
        return pieces

    def _right(self) -> dict[str, Piece]:
        state, marks = self.state, self.marks
        if state is None or self.lost:
            # What is not connected may have been turned on or off since.
            away = [Content.styled(f" {text} ", ALERT) for text in ("NOT CONNECTED", "LOST") if self.lost]
            return {"forwarding": away or [Content("")], "destination": [Content("")]}
        region, project = state.region.upper(), self._plain(state.project)
        if state.mixpanel_url:
            region = self._plain(urlsplit(state.mixpanel_url).netloc)
        kind = DESTINATIONS.get(state.destination, state.destination)
        dot = f" {marks.middot} "
        if not state.forwarding:
            forms = [
                dot.join(part for part in parts if part)
                for parts in ((kind, region, project), (kind, region))
            ]
            off = [
                Content.styled(text, "$dim")
                for text in ("FORWARDING OFF", "FORWARDING OFF", "FWD OFF", "off")
            ]
            off = [_opens("act('forwarding')", form) for form in off]
            return {"forwarding": off, "destination": [Content(form) for form in (*forms, kind, "")]}
        on, name = ON, "DRY RUN" if state.dry_run else "FORWARDING ON"
        if state.halted:
            on, name = ALERT, "FORWARDING HALTED"
        where = self._plain(short_where(state, f"{region} {project}".strip()))
        forms = [f"{name} {marks.arrow} {where}", f"{name} {marks.arrow} {where}", name]
        forms.append("FWD HALTED" if state.halted else "DRY RUN" if state.dry_run else "FWD ON")
        return {
            "forwarding": [_opens("act('forwarding')", Content.styled(f" {text} ", on)) for text in forms],
            "destination": [*[Content(kind)] * 3, Content("")],
        }


def _opens(action: str, content: Content) -> Content:
    """Make a click on the content run an action of the screen."""
    return content.stylize(Style.from_meta({"@click": f"screen.{action}"}))


def _fits(left: Content, right: Content, width: int) -> bool:
    return left.cell_length + right.cell_length + len(GAP) + 2 <= width


def _row(pieces: Iterable[Piece]) -> Content:
    forms = [piece[0] for piece in pieces if piece[0].plain]
    return Content(GAP).join(forms)
