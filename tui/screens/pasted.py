"""What was pasted in the panes, as if it had come; nothing of it is kept or forwarded."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen

from ...core.api.models import EngineState, MessageDetail
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.places import read_place
from ...core.text import clean
from ..clipboard import copy
from ..dialog_keys import bindings
from ..keymap import first
from ..render.plain import app_of, is_plain
from ..widgets.caption import identity
from ..widgets.mixpanel_pane import MixpanelPane
from ..widgets.pane import Pane
from ..widgets.segment_pane import SegmentPane
from ..widgets.text_block import TextBlock
from ..widgets.warnings_pane import JumpTo, WarningsPane
from ..widgets.wire_pane import WirePane

TWO_COLUMNS = 100


class Inspect(Screen[None]):
    """Four panes on one Segment message (J and K go through a batch), or on one Mixpanel body."""

    AUTO_FOCUS = "SegmentPane JsonRows"
    DEFAULT_CSS = """
    Inspect {
        & > .banner { height: 1; padding: 0 1; background: $panel; color: $foreground; }
        & > Container { layout: horizontal; height: 1fr; }
        & > Container > Vertical { width: 1fr; }
        & Pane { height: 1fr; }
        &.-ascii Pane { border-top: ascii $border-blurred; }
        &.-ascii Pane:focus-within { border-top: ascii $border; }
    }
    """
    BINDINGS = bindings("pasted")

    def __init__(
        self,
        viewer: Viewer,
        messages: Sequence[bytes],
        first: MessageDetail,
        *,
        state: EngineState | None = None,
    ) -> None:
        """Show pasted messages, `first` first; `messages` are their texts, none for a Mixpanel body.

        `state` is the engine's, None where none would send them.
        """
        super().__init__()
        self.viewer = viewer
        self.messages = messages
        self.number = 0
        self.banner = TextBlock(classes="banner")
        self.segment, self.mixpanel = SegmentPane(), MixpanelPane()
        self.wire, self.warnings = WirePane(), WarningsPane()
        self.panes: tuple[Pane, ...] = (self.segment, self.mixpanel, self.wire, self.warnings)
        self.active = 0
        self._first = first
        self._state = state

    def compose(self) -> ComposeResult:
        yield self.banner
        with Container():
            with Vertical():
                yield self.segment
                yield self.wire
            with Vertical():
                yield self.mixpanel
                yield self.warnings

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        if self._state is not None:
            self.mixpanel.follow(self._state)
            self.wire.follow(self._state)
        self._show(self._first)
        if self._first.source_kind == "mixpanel":
            self.action_pane(1)  # the Segment pane has nothing to read

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def action_turn(self, by: int) -> None:
        """Go to the next message of a batch, or the one before."""
        number = self.number + by
        if 0 <= number < len(self.messages):
            self._read(number)

    def action_turn_request(self, by: int) -> None:
        """Show another request of the message, wherever the keys go."""
        if not self.mixpanel.display:
            self.action_pane(1)
        self.mixpanel.action_turn(by)

    @work(exclusive=True, group="read")
    async def _read(self, number: int) -> None:
        try:
            detail = await self.viewer.inspect(self.messages[number])
        except SegtapError as error:
            self.notify(clean(str(error)), title=error.title, severity="error", timeout=10)
            return
        self.number = number
        self._show(detail)

    def action_pane(self, number: int) -> None:
        """Show a pane and give it the keys."""
        self.active = number
        self._arrange()
        target = next((widget for widget in self.panes[number].query("*") if widget.focusable), None)
        if target is not None:
            self.call_after_refresh(target.focus)

    def action_copy(self) -> None:
        """Copy the pane that has the keys."""
        pane = next((pane for pane in self.panes if pane.has_focus_within), self.panes[self.active])
        text = pane.copy_text()
        if text:
            self.notify(f"Copied the {pane.TITLE} pane: {copy(app_of(self), text)}")

    def action_leave(self) -> None:
        """Go back to where the text was pasted."""
        self.dismiss()

    @on(JumpTo)
    def _jump(self, event: JumpTo) -> None:
        event.stop()
        self.segment.show_path(event.path)
        self.mixpanel.show_path(event.path)
        if event.go:
            self.action_pane(1 if read_place(event.path).side == "request" else 0)

    def _show(self, detail: MessageDetail) -> None:
        for pane in self.panes:
            pane.detail = detail
        turn = f"{first('pasted.next')}, {first('pasted.previous')}"
        of = f" {self.number + 1} of {len(self.messages)} ({turn})" if len(self.messages) > 1 else ""
        what = "Mixpanel body" if detail.source_kind == "mixpanel" else "message"
        about = Content.assemble(
            (f"Pasted {what}{of}", "bold $accent"),
            (f"  {identity(detail.summary)}", "$foreground"),
            (f"  not kept, not forwarded · 1–4 panes · {first('pasted.back')} back", "$dim"),
        )
        self.banner.put(about)

    def _arrange(self) -> None:
        wide = self.size.width >= TWO_COLUMNS
        for number, pane in enumerate(self.panes):
            pane.display = wide or number == self.active
        left, right = self.query("Container > Vertical")
        left.display = wide or self.active in (0, 2)
        right.display = wide or self.active in (1, 3)
