"""What the screen says while nothing has come: the exact lines that make an SDK send here."""

from __future__ import annotations

import textwrap

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive

from ...core.api.models import EngineState
from ...core.snippets import SNIPPETS, demo_line
from ..keymap import first
from ..render.glyphs import UNICODE, Glyphs, to_ascii
from ..render.knocks import knock_lines, nothing_arrives
from .text_block import Measured

LABEL = 14
"""Cells for the SDK's name, where name and lines stand side by side."""
SIDE_BY_SIDE = 72


class EmptyState(VerticalScroll):
    """The list while it is empty: lines for each SDK with this very port, the demo, the tee, where the
    settings came from.
    """

    state: reactive[EngineState | None] = reactive(None)

    def __init__(self, url: str, origin: str, *, marks: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = EmptyText(url, origin, marks)

    def compose(self) -> ComposeResult:
        yield self.text.data_bind(EmptyState.state)


class EmptyText(Measured):
    """The text of the empty list, made for the width that the layout gives it.

    Requests that no event came with stand before the lines to paste, with the likely cause; behind them stand
    causes that keep a request from leaving the app.
    """

    state: reactive[EngineState | None] = reactive(None, repaint=False)

    def __init__(self, url: str, origin: str, marks: Glyphs = UNICODE) -> None:
        super().__init__()
        self.url = url
        self.origin = origin
        self.marks = marks
        self._drawn = Content("")

    def watch_state(self) -> None:
        if self.is_on_screen and self.content(self.size.width) != self._drawn:
            self.refresh(layout=True)

    # The lines depend on the width: a text made for the size that is known would need a second layout.
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.content(width).plain.count("\n") + 1 if width else 0

    def render(self) -> Content:
        self._drawn = self.content(self.size.width)
        return self._drawn

    def content(self, width: int) -> Content:
        """Return the whole text for that many cells."""
        state = self.state
        url = state.urls[0] if state and state.urls else self.url
        knocks = knock_lines(state.knocks, url) if state else []
        nothing = ", no event has come yet." if knocks else ", nothing has come yet."
        lines: list[Content] = [Content.assemble("Listening on ", (url, "bold $accent"), nothing)]
        for knock in knocks:
            folded = fold(f"{self.marks.warning} {knock}", max(width - 1, 10))
            lines += [Content.styled(line, "$mark-warning") for line in folded]
        lines.append(Content("Point an SDK here; any write key will do."))
        port = url.rsplit(":", 1)[-1]
        demo = demo_line(url)
        start, end = "No app yet? Run  ", "  in another shell."
        if len(start + demo + end) < width:
            lines.append(Content.assemble(start, (demo, "bold $accent"), end))
        else:
            lines += [
                Content.styled(line, "$foreground") for line in fold(start + demo + end, max(width - 1, 10))
            ]
        lines.append(Content(""))
        for snippet in SNIPPETS:
            code = snippet.fill(url).split("\n")
            note = snippet.note.replace("{port}", port)
            lines.extend(self._snippet(snippet.sdk, code, note, width))
        lines.append(Content(""))
        lines.extend(self._hints(state, url, width))
        text = Content("\n").join(lines)
        return Content(to_ascii(text.plain)) if self.marks.ascii else text

    def _snippet(self, sdk: str, code: list[str], note: str, width: int) -> list[Content]:
        beside = width >= SIDE_BY_SIDE
        indent = " " * LABEL if beside else "  "
        lines: list[Content] = []
        room = max(width - len(indent) - 1, 10)
        if not beside:
            lines.append(Content.styled(sdk, "bold $accent"))
        folded = [piece for line in code for piece in fold_code(line, room)]
        for at, line in enumerate(folded):
            if at == 0 and beside:
                lines.append(Content.assemble((sdk.ljust(LABEL), "bold $accent"), line))
            else:
                lines.append(Content.assemble(indent, line))
        lines.extend(Content.assemble(indent, (line, "$dim")) for line in fold(note, room))
        return lines

    def _hints(self, state: EngineState | None, url: str, width: int) -> list[Content]:
        # The screen may be on an engine that was started elsewhere, by other settings than those here.
        origin = state.settings_from if state and state.settings_from else self.origin
        hints = [
            (
                "Keep Segment",
                "core/sources/README.md has a tee that copies each message here; Segment receives as before",
            ),
            (
                "Device mode",
                f"mixpanel.set_config({{ api_host: '{url}' }}) in a page; segtap help modes has all ways",
            ),
            (
                "Decode",
                f"{first('decode.open')} opens whatever you paste: base64, a form, a URL, a curl line",
            ),
            (
                "Settings",
                origin if origin != "defaults" else "defaults: no segtap.toml was there",
            ),
        ]
        if state and state.journal:
            hints.append(("Journal", state.journal))
        causes = nothing_arrives(state.urls if state else (), url)
        hints += [("" if at else "No events?", text) for at, text in enumerate(causes)]
        lines: list[Content] = []
        for name, text in hints:
            if width < SIDE_BY_SIDE:
                if name:
                    lines.append(Content.styled(name, "$dim"))
                lines.extend(Content("  " + line) for line in fold(text, max(width - 3, 10)))
                continue
            pad = " " * LABEL
            for at, line in enumerate(fold(text, width - LABEL - 1)):
                lines.append(Content.assemble((name.ljust(LABEL) if at == 0 else pad, "$dim"), line))
        return lines


def fold(line: str, width: int) -> list[str]:
    """Break a line at blanks into pieces of at most `width` characters, indented after the first."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )


def fold_code(line: str, width: int) -> list[str]:
    """Break a line of code into pieces of at most `width` characters that mean the same when pasted.

    It is broken behind a comma, brace or semicolon where there is one, else at a blank. What stands behind a
    semicolon is a statement of its own, which must not be indented in Python.
    """
    indent = line[: len(line) - len(line.lstrip())]
    further = indent + "  "
    if len(further) > width // 2:
        indent = further = ""
        line = line.lstrip()
    pieces: list[str] = []
    while len(line) > width:
        start = len(line) - len(line.lstrip())
        ends = [max(line.rfind(mark, start, width), 0) for mark in ("; ", ", ", "{ ", " ")]
        statement, comma, brace, blank = (end if end > start else 0 for end in ends)
        clause = max(comma, brace)
        if statement:
            at, more = statement + 1, indent
        else:
            at, more = (clause + 1 if clause else blank or width), further
        pieces.append(line[:at].rstrip())
        line = more + line[at:].lstrip()
    return [*pieces, line]
