"""The styles that a widget draws its lines with, looked up once for each theme."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


class StyleCache:
    """A widget's component styles by their short names: `ranked--error` is `error` of "ranked".

    The one that is called `whole` has the widget's own colours below it; the others lie on what is drawn.
    Call `clear` when the widget is told that styles changed.
    """

    def __init__(self, widget: Widget, prefix: str, *, whole: str = "") -> None:
        self._widget = widget
        self._prefix = prefix
        self._whole = whole
        self._known: dict[str, Style] = {}

    def __call__(self, name: str) -> Style:
        """The style of that name."""
        style = self._known.get(name)
        if style is None:
            style = self._widget.get_component_rich_style(
                f"{self._prefix}--{name}", partial=name != self._whole
            )
            self._known[name] = style
        return style

    def clear(self) -> None:
        """Forget them all."""
        self._known.clear()
