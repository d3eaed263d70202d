"""Paste anything from a debugger, a browser or a log: its layers come off, and what is inside opens."""

from __future__ import annotations

import asyncio

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import TextArea

from ...core import CheckSettings
from ...core.api.models import MessageDetail
from ...core.api.viewer import Viewer
from ...core.codec import Decoded, decode
from ...core.codec.kinds import Kind, kind_of
from ...core.codec.pasted import NOUNS, mixpanel_detail, records_in, without_secrets
from ...core.errors import EngineError, InputError, SegtapError
from ...core.messages import Json
from ...core.settings import Settings
from ...core.text import clean, counted, shorten, size
from ..dialog_keys import bindings
from ..keymap import first
from ..render import clock
from ..render.plain import app_of, is_plain, marks_of
from ..widgets.json_view import JsonView
from ..widgets.text_block import TextBlock
from ..widgets.text_box import TextBox
from .pasted import Inspect

BIG_PASTE = 8 * 1024
"""Characters from which a pasted text is kept aside: an editor has no use for a megabyte of base64."""
KINDS: dict[Kind, str] = {
    "segment message": "a Segment message",
    "segment batch": "a Segment batch",
    "mixpanel events": "Mixpanel events",
    "mixpanel profiles": "Mixpanel profile updates",
    "mixpanel groups": "Mixpanel group updates",
    "json": "JSON",
}
HINT = (
    "JSON, base64, a form body (data=…), a URL, an HTTP request or a curl command: its layers come off by"
    " themselves."
)


class PasteBox(TextBox):
    """A place to type or paste into. A long paste replaces what is there, and only its start is shown."""

    class Text(Message):
        """A message: there is another text to decode."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self._stand_in: str | None = None

    async def _on_paste(self, event: events.Paste) -> None:
        if len(event.text) < BIG_PASTE:
            return  # Textual goes on to the editor's own handler by itself
        event.stop()
        event.prevent_default()
        start = shorten(clean(event.text[:300]), 200)
        self._stand_in = f"{start}\n({size(len(event.text))} pasted)"
        self.load_text(self._stand_in)
        self.post_message(self.Text(event.text))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self.text == self._stand_in:
            return
        self._stand_in = None
        self.post_message(self.Text(self.text))


class DecodeBox(ModalScreen[None]):
    """Decodes while you type. F2 opens what is in it in the panes: Segment messages, or a Mixpanel body."""

    AUTO_FOCUS = "PasteBox"
    DEFAULT_CSS = """
    DecodeBox {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 110;
            max-width: 96%;
            height: 90%;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
        }
        &.-ascii > Vertical { border: ascii $border; }
        & PasteBox {
            height: 1fr;
            min-height: 3;
            max-height: 8;
            border: none;
            padding: 0 1;
            background: $panel;
            color: $foreground;
        }
        & PasteBox:focus { border: none; background-tint: transparent 0%; }
        & PasteBox .text-area--cursor-line { background: $panel; }
        & PasteBox .text-area--cursor, & PasteBox:light .text-area--cursor {
            background: $foreground;
            color: $background;
        }
        & .verdict { height: auto; max-height: 6; padding: 0 1; }
        & JsonView { height: 3fr; border-top: solid $border-blurred; }
    }
    """
    BINDINGS = bindings("decode")

    def __init__(self, text: str = "", *, viewer: Viewer | None = None) -> None:
        """Use `viewer`, by default the app's, to check Segment messages."""
        super().__init__()
        self._viewer = viewer
        self.box = PasteBox()
        self.verdict = TextBlock(classes="verdict")
        self.json = JsonView()
        self.decoded: Decoded | None = None
        self._text = ""
        """What `decoded` was made of."""
        self._start = text

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Decode"
            box.border_subtitle = (
                f"Tab: result, {first('decode.panes')}: panes, {first('decode.close')}: close"
            )
            yield self.box
            yield self.verdict
            yield self.json

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self._show(None, Content.styled(HINT, "$dim"))
        if self._start:
            self.box.load_text(self._start)

    def on_paste_box_text(self, event: PasteBox.Text) -> None:
        event.stop()
        self._decode(event.text)

    @work(exclusive=True, group="decode")
    async def _decode(self, text: str) -> None:
        if not text.strip():
            self._show(None, Content.styled(HINT, "$dim"))
            return
        try:
            decoded = await asyncio.to_thread(decode, text)
        except InputError as error:
            words = clean(str(error))
            self._show(None, Content.styled(words[:1].upper() + words[1:], "$mark-error"))
            return
        self._text = text
        self._show(decoded, self._about(decoded))

    def _show(self, decoded: Decoded | None, words: Content) -> None:
        self.decoded = decoded
        self.verdict.put(words)
        self.json.display = decoded is not None
        if decoded is not None:
            self.json.show(decoded.value)

    def _about(self, decoded: Decoded) -> Content:
        marks = marks_of(self)
        way = f" {marks.arrow} ".join((*map(clean, decoded.layers), KINDS[decoded.kind]))
        lines = [Content.styled(way, "bold $mark-ok")]
        if decoded.url:
            lines.append(Content.styled(shorten(clean(without_secrets(decoded.url)), 100), "$dim"))
        lines += [
            Content.styled(f"{marks.warning} {clean(note)}", "$mark-warning") for note in decoded.notes[:3]
        ]
        messages, records = len(decoded.messages), records_in(decoded)
        if messages or records:
            what = counted(messages, "message") if messages else counted(records, NOUNS[decoded.kind])
            if records > 1:
                what += " as one request"
            lines.append(
                Content.assemble((first("decode.panes"), "bold $accent"), f" opens {what} in the panes")
            )
        return Content("\n").join(lines)

    def action_open(self) -> None:
        """Open the Segment messages, or the Mixpanel body, in the panes."""
        if self.decoded is not None and (self.decoded.messages or records_in(self.decoded)):
            self._open(self._text, self.decoded)
        else:
            self.notify(
                "There is no Segment message and no Mixpanel body here to open."
                if self.decoded is None
                else _unopened(self.decoded.value),
                severity="warning",
            )

    @work(exclusive=True, group="open")
    async def _open(self, text: str, decoded: Decoded) -> None:
        app = app_of(self)
        viewer: Viewer | None = self._viewer or getattr(app, "viewer", None)
        if viewer is None:
            return
        messages, state = decoded.message_texts, None
        try:
            if messages:
                first = await viewer.inspect(messages[0])
                state = await viewer.state()
            else:
                settings = await self._settings(viewer)
                first = await asyncio.to_thread(_mixpanel, text, decoded, settings)
        except SegtapError as error:
            self.notify(clean(str(error)), title=error.title, severity="error", timeout=10)
            return
        await app.push_screen(Inspect(viewer, messages, first, state=state))

    async def _settings(self, viewer: Viewer) -> Settings:
        """Return the engine's settings; without an engine, those that the screen started with."""
        try:
            return await viewer.settings()
        except EngineError:
            return getattr(app_of(self), "settings", None) or Settings()


def _mixpanel(text: str, decoded: Decoded, settings: Settings) -> MessageDetail:
    """Check a Mixpanel body with the rules on requests and the engine's settings."""
    return mixpanel_detail(
        text,
        decoded,
        region=settings.destination.region,
        now=clock.now(),
        settings=CheckSettings(identity=settings.identity, rules=settings.rules),
    )


def _unopened(value: Json) -> str:
    """Explain why JSON cannot be opened in the panes."""
    kinds = {kind_of(item) for item in value} if isinstance(value, list) else set[Kind]()
    mixed = [KINDS[kind] for kind in KINDS if kind in kinds and kind != "json"]
    if len(mixed) > 1:
        return f"This list holds {' and '.join(mixed)}: paste them apart, for each goes its own way."
    return (
        "This JSON is no Segment message (type, event) and no Mixpanel body (event and properties, $set, …)."
    )
