"""The line of keys at the bottom; it can be clicked."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ..keymap import first, hidden, label
from ..keys import KEYS, Key, Place
from ..pane_keys import PANE_KEYS
from .filter_bar import FilterInput
from .pane import Pane
from .pane_search import SearchInput

PANES = ("pane.segment", "pane.mixpanel", "pane.wire", "pane.warnings", "pane.delivery")


class KeyBar(Widget):
    """The bar of keys, as many as there is room for; the less needed are left out first."""

    place: reactive[Place] = reactive[Place]("list")
    """Which part has the focus; keys that do nothing there are hidden."""
    within: reactive[str] = reactive("")
    """The pane with the focus, as `PLACES` names it, "" for none: what it has itself on a key goes first."""
    searching: reactive[bool] = reactive(False)
    """Whether a search is open in that pane."""
    requests: reactive[int] = reactive(0)
    """Requests of the message: with one there is no other to turn to."""
    routes: reactive[int] = reactive(0)
    """Routes to Mixpanel, as with requests."""

    def keys(self, width: int) -> list[Key]:
        """Return the keys that fit into that many cells, in the order of the key table."""
        others = {"request.next": self.requests, "message.routes": self.routes}
        shown = [
            key
            for key in (*KEYS, *PANE_KEYS["search"])
            if key.bar and self.place in key.places and others.get(key.id, 2) > 1
        ]
        away = hidden(self.within, searching=self.searching) if self.within else ()
        shown = [key for key in shown if key.id not in away and label(key) != "–"]
        while len(shown) > 1 and sum(self._length(key) for key in shown) > width:
            shown.remove(max(shown, key=lambda key: key.bar))
        return shown

    def render(self) -> Content:
        """Return the line."""
        parts: list[Content] = []
        for key in self.keys(self.size.width):
            label = self._label(key)
            parts.append(Content.assemble((f" {label}", "bold $accent"), (f" {key.short} ", "$dim")))
        return Content("").join(parts)

    async def on_click(self, event: events.Click) -> None:
        """Run the command under the pointer."""
        right = 0
        for key in self.keys(self.size.width):
            right += self._length(key)
            if event.x < right:
                if key.owner == "filter":
                    await self.screen.query_one(FilterInput).run_action(key.action)
                elif self.place == "search":
                    await self.screen.query_one("SearchInput:focus", SearchInput).run_action(key.action)
                elif key.owner == "pane":
                    for pane in self.screen.query(Pane):
                        if pane.has_focus_within:
                            await pane.run_action(key.action)
                else:
                    await self.screen.run_action(f"app.{key.action}" if key.owner == "app" else key.action)
                return

    def _label(self, key: Key) -> str:
        if key.id != PANES[0]:
            return label(key)
        labels = [first(id) for id in PANES]
        return "1-5" if "".join(labels) == "12345" else "/".join(labels)

    def _length(self, key: Key) -> int:
        return len(self._label(key)) + len(key.short) + 3
