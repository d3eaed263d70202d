"""A line of pane names; the one in use is marked, and each can be clicked."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class PaneTabs(Widget):
    """Names of panes with their keys. `active` is the name of the one in use; `notes` stand behind a name."""

    active: reactive[str] = reactive("")
    notes: reactive[dict[str, str]] = reactive(dict[str, str])

    class Chosen(Message):
        """A pane was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, panes: dict[str, tuple[str, str]], *, id: str | None = None) -> None:
        """Create tabs; `panes` maps a pane's name to its key and title."""
        super().__init__(id=id)
        self.panes = panes

    def labels(self) -> list[tuple[str, str, str]]:
        """Return (name, key, text) of each tab, shortened to fit."""
        full = [
            (name, key, f"{title} {self.notes[name]}" if self.notes.get(name) else title)
            for name, (key, title) in self.panes.items()
        ]
        if sum(len(text) + 4 for _, _, text in full) <= self.size.width:
            return full
        short = [(name, key, text if name == self.active else "") for name, key, text in full]
        if sum(len(text) + (4 if text else 3) for _, _, text in short) <= self.size.width:
            return short
        return [(name, key, "") for name, key, _ in full]

    def render(self) -> Content:
        """Return the line."""
        parts: list[Content] = []
        for name, key, text in self.labels():
            on = name == self.active
            parts.append(
                Content.assemble(
                    (f" {key} ", "bold reverse $accent" if on and not text else "bold $accent"),
                    (text, "bold underline $foreground" if on else "$dim"),
                    " " if text else "",
                )
            )
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Choose the one under the pointer."""
        right = 0
        for name, key, text in self.labels():
            right += len(key) + (len(text) + 3 if text else 2)
            if event.x < right:
                self.post_message(self.Chosen(name))
                return
