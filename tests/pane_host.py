"""A small app that holds one widget, for tests of panes and dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.widget import Widget

from segtap.core.copied.formats import EXPORTERS_BY_ID
from segtap.tui.palette import few_colors
from segtap.tui.theming import DEFAULT, install, variable_defaults
from segtap.tui.widgets.request_pane import RequestPane


class Host(App[None]):
    """Shows one widget under one of segtap's themes."""

    AUTO_FOCUS = None

    def __init__(self, widget: Widget, theme: str = DEFAULT) -> None:
        super().__init__()
        self.widget = widget
        self.wanted = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *few_colors(self)]

    def on_mount(self) -> None:
        install(self, self.wanted)

    def compose(self) -> ComposeResult:
        yield self.widget


def screen(pilot: Pilot[Any]) -> str:
    """Everything on the screen, without frames and blanks at the ends of lines."""
    return "\n".join(line.strip("│ \n").rstrip() for line in lines(pilot))


def lines(pilot: Pilot[Any]) -> list[str]:
    """The lines of the screen as they are drawn."""
    compositor = pilot.app.screen._compositor
    return ["".join(segment.text for segment in line) for line in compositor.render_strips()]


def curl_of(pane: RequestPane) -> str:
    """The shown request as the curl command that the copy menu gives."""
    exported = pane.exported("http://127.0.0.1:8765")
    return "" if exported is None else EXPORTERS_BY_ID["mixpanel-curl"].make(exported)
