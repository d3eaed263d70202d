"""The styles that a widget draws its lines with, looked up once for each theme."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


class StyleCache:
    """A widget's component styles by their short names: `ranked--error` is `error` of "ranked".

    The style named `whole` includes the widget's own colours; the others are laid over what is drawn. Call
    `clear` from the widget's `notify_style_update`.
    """

    def __init__(self, widget: Widget, prefix: str, *, whole: str = "") -> None:
        self._widget = widget
        self._prefix = prefix
        self._whole = whole
        self._known: dict[str, Style] = {}
        self._ground: Style | None = None

    def __call__(self, name: str) -> Style:
        """Return the style of that name."""
        style = self._known.get(name)
        if style is None:
            style = self._widget.get_component_rich_style(
                f"{self._prefix}--{name}", partial=name != self._whole
            )
            self._known[name] = style
        return style

    @property
    def ground(self) -> Style:
        """The widget's own style. Textual works it out from all ancestors each time: 0.1 ms a line."""
        if self._ground is None:
            self._ground = self._widget.rich_style
        return self._ground

    def clear(self) -> None:
        """Drop all styles, because the theme or the widget's CSS changed."""
        self._known.clear()
        self._ground = None
