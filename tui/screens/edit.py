"""Edit a message: its text on the left, and on the right what changed and what Mixpanel would get."""

from __future__ import annotations

import json
from typing import NamedTuple

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import TextArea

from ...core.api.models import EngineState, MessageDetail
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.text import clean, shorten
from ..model.compared import SideBySide, of_edit
from ..pane_keys import bindings
from ..render.plain import app_of, is_plain
from ..widgets.json_editor import JsonEditor
from ..widgets.mixpanel_pane import MixpanelPane
from ..widgets.side_by_side import SideBySideView
from ..widgets.text_block import TextBlock
from ..widgets.warnings_pane import WarningsPane
from .confirm import Confirm
from .live_screen import key_words

TWO_COLUMNS = 100
PAUSE = 0.2
"""Seconds without a key after which the text is checked."""


class Edited(NamedTuple):
    """What is to be done with the text: send it, or open it in an editor outside."""

    text: str
    outside: bool = False


def _fault(text: str, error: SegtapError) -> str:
    """Return why the text is not a message, with the line and column if it is not JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        return f"Line {fault.lineno}, column {fault.colno}: {fault.msg[:1].lower()}{fault.msg[1:]}"
    except RecursionError:
        pass  # the engine's own words say so
    return clean(str(error)).rstrip(".")


class EditScreen(Screen["Edited | None"]):
    """The editor on one message.

    It dismisses with the text that is to be sent, or None. While the text is not a message it cannot be sent.
    """

    AUTO_FOCUS = "JsonEditor"
    DEFAULT_CSS = """
    EditScreen {
        & > .banner { height: 1; padding: 0 1; background: $panel; color: $foreground; }
        & > Container { layout: horizontal; height: 1fr; }
        & > Container > Vertical { width: 1fr; }
        & .fault { height: auto; max-height: 4; padding: 0 1; background: $panel; color: $mark-error; }
        & .changes { height: 1; padding: 0 1; color: $dim; }
        & JsonEditor { height: 1fr; }
        & SideBySideView { height: auto; max-height: 8; padding: 0 1; }
        & MixpanelPane { height: 2fr; }
        & WarningsPane { height: 1fr; }
        &.-ascii Pane { border: ascii $border-blurred; }
        &.-ascii Pane:focus-within { border: ascii $border; }
    }
    """
    BINDINGS = bindings("edit")

    def __init__(
        self,
        viewer: Viewer,
        original: MessageDetail,
        name: str,
        text: str,
        *,
        state: EngineState | None = None,
        start: str = "",
        select: tuple[int, int] | None = None,
    ) -> None:
        """Edit `text`, the message `original` as it was sent. `name` is its name, for the banner.

        `state` is the engine's, None before it is known. `start` is an edited text to go on with, "" for
        none. `select` are start and end of the text that is selected at first, so that what is typed
        replaces it.
        """
        super().__init__()
        self.viewer = viewer
        self.original = original
        self.message_name = name
        self.unchanged = text
        self.editor = JsonEditor(start or text)
        if select is not None:
            self.editor.select_text(*select)
        self.fault = TextBlock(classes="fault")
        self.changes = TextBlock(classes="changes")
        self.diff = SideBySideView()
        self.mixpanel = MixpanelPane()
        self.warnings = WarningsPane()
        self.banner = TextBlock(classes="banner")
        self.keys_line = TextBlock(classes="banner")
        self._state = state
        self.checked: str | None = None
        """The text that the right side shows, None while it shows an older one or no message can be read."""
        self._right = False
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.banner
        with Container():
            with Vertical():
                yield self.editor
                yield self.fault
            with Vertical():
                yield self.changes
                yield self.diff
                yield self.mixpanel
                yield self.warnings
        yield self.keys_line

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self.fault.display = False
        if self._state is not None:
            self.mixpanel.follow(self._state)
        self._arrange()
        self._check(self.editor.text)

    def on_resize(self) -> None:
        self._arrange()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.checked = None
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, lambda: self._check(self.editor.text))

    @work(exclusive=True, group="check")
    async def _check(self, text: str) -> None:
        """Ask the engine what the text would become, and show it; a newer text replaces the question."""
        try:
            detail = await self.viewer.inspect(text.encode("utf-8", "surrogatepass"))
            compared = of_edit(self.original, detail)
        except SegtapError as error:
            self._say_fault(f"{_fault(text, error)}. The right side shows the text from before.")
            return
        self._say_fault("")
        self._show(detail, compared)
        self.checked = text

    def _show(self, detail: MessageDetail, compared: SideBySide) -> None:
        self.mixpanel.detail = detail
        self.warnings.detail = detail
        self.diff.show(compared, every=False)
        self.diff.display = bool(self.diff.line_count)
        self.changes.put(Content(f"Against the message as sent: {compared.result}"))

    def _say_fault(self, text: str) -> None:
        self.fault.display = bool(text)
        self.fault.put(Content(text))

    @work(exclusive=True, group="send")
    async def action_send(self) -> None:
        """Send the text, if it is a message."""
        text = self.editor.text
        if self.checked != text:
            await self._check(text).wait()
        if self.checked == text:
            self.dismiss(Edited(text))
        else:
            self.notify("This text cannot be sent: it is not a Segment message.", severity="warning")

    def action_outside(self) -> None:
        """Go on in the editor that $VISUAL or $EDITOR names."""
        self.dismiss(Edited(self.editor.text, outside=True))

    def action_other_side(self) -> None:
        """Go from the text to what becomes of it, and back."""
        self._right = not self._right
        self._arrange()
        (self.mixpanel.json.rows if self._right else self.editor).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Esc to an open search of the request."""
        return not (action == "leave" and self.mixpanel.has_focus_within and self.mixpanel.searching)

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave the text, after a question if it was changed."""
        changed = self.editor.text != self.unchanged
        question = "Drop the changes? The message in the journal stays as it is."
        if not changed or await app_of(self).push_screen_wait(Confirm(question, "Drop them", "Keep editing")):
            self.dismiss(None)

    def _arrange(self) -> None:
        wide = self.size.width >= TWO_COLUMNS
        left, right = self.query("Container > Vertical")
        left.display = wide or not self._right
        right.display = wide or self._right
        width = max(self.size.width - 2, 1)
        about = Content.assemble(
            ("Edit ", "bold $accent"),
            (shorten(clean(self.message_name), 60), "$foreground"),
            ("  the message in the journal stays as it is", "$dim"),
        )
        self.banner.put(about.truncate(width, ellipsis=True))
        keys = [
            ("edit.send", "send"),
            ("edit.other-side", "what it becomes" if not self._right else "the text"),
            ("edit.outside", "in $EDITOR"),
            ("edit.back", "back"),
        ]
        self.keys_line.put(key_words(width, keys))
