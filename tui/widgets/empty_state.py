"""What the screen says while nothing has come: the exact lines that make an SDK send here."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static
from textual.containers import VerticalScroll
from textual.app import ComposeResult

from ...core.snippets import SNIPPETS
from ...core.views import EngineState
from ..marks import UNICODE, Marks, to_ascii

LABEL = 14
"""Cells for the SDK's name, where name and lines stand side by side."""
SIDE_BY_SIDE = 72


class EmptyState(VerticalScroll):
    """Teaches: a line for each SDK with this very port, the demo, the tee, and where the settings came from."""

    state: reactive[EngineState | None] = reactive(None)

    def __init__(self, url: str, origin: str, *, marks: Marks = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.url = url
        self.origin = origin
        self.marks = marks

    def compose(self) -> ComposeResult:
        yield Static(id="empty-text")

    def watch_state(self) -> None:
        self._draw()

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted:
            self.query_one(Static).update(self.content(self.size.width))

    def content(self, width: int) -> Content:
        """The whole text for that many cells."""
        state = self.state
        url = state.urls[0] if state and state.urls else self.url
        lines: list[Content] = [
            Content.assemble(("Listening on ", ""), (url, "bold $accent"), (", nothing has come yet.", "")),
            Content("Point an SDK here; any write key will do."),
            Content(""),
        ]
        port = url.rsplit(":", 1)[-1]
        for snippet in SNIPPETS:
            code = snippet.fill(url).split("\n")
            note = snippet.note.replace("{port}", port)
            lines.extend(self._snippet(snippet.sdk, code, note, width))
        lines.append(Content(""))
        lines.extend(self._hints(url, state, width))
        text = Content("\n").join(lines)
        return Content(to_ascii(text.plain)) if self.marks.error.isascii() else text

    def _snippet(self, sdk: str, code: list[str], note: str, width: int) -> list[Content]:
        beside = width >= SIDE_BY_SIDE
        indent = " " * LABEL if beside else "  "
        lines: list[Content] = []
        for at, line in enumerate(code):
            if at == 0 and beside:
                lines.append(Content.assemble((sdk.ljust(LABEL), "bold $accent"), (line, "$foreground")))
                continue
            if at == 0:
                lines.append(Content.styled(sdk, "bold $accent"))
            lines.append(Content.assemble(indent, (line, "$foreground")))
        if note:
            lines.append(Content.assemble(indent, (note, "$dim")))
        return lines

    def _hints(self, url: str, state: EngineState | None, width: int) -> list[Content]:
        port = url.rsplit(":", 1)[-1]
        demo = "segtap demo" if port == "8765" else f"segtap demo --url {url}"
        hints = [
            ("No app at hand", f"run  {demo}  in another terminal"),
            (
                "Keep Segment",
                "the tee plugin in the README copies each message here; Segment receives as before",
            ),
            ("Anything pasted", "x decodes base64, a form, a URL or a curl line"),
            (
                "Settings",
                self.origin if self.origin != "defaults" else "defaults: there is no segtap.toml here",
            ),
        ]
        if state and state.journal:
            hints.append(("Journal", state.journal))
        pad = max(len(name) for name, _ in hints) + 2
        if width < SIDE_BY_SIDE:
            return [Content.assemble((f"{name}: ", "$dim"), text) for name, text in hints]
        return [Content.assemble((name.ljust(pad), "$dim"), text) for name, text in hints]
