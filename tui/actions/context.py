"""What an action works with, so that a key, the command palette and many messages at once can share it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual.app import App
from textual.notifications import SeverityLevel

from ...core.api.models import EngineState, MessageDetail, Summary
from ...core.api.viewer import Viewer
from ...core.copied.formats import Exported

if TYPE_CHECKING:
    from ..model.detail_source import DetailSource
    from ..model.many import Many
    from ..model.marks import Shown
    from ..widgets.header import Header
    from ..widgets.message_list import MessageList

Answer = tuple[str, str, str]
"""An answer to a question: its id, its text and its key."""


class Context(Protocol):
    """The engine, the selected message, and the ways to ask and to report. The main screen is one."""

    @property
    def viewer(self) -> Viewer:
        """The engine."""
        ...

    @property
    def state(self) -> EngineState | None:
        """The engine's state as last reported, None before the first report."""
        ...

    @property
    def pulse(self) -> int:
        """A counter that changes whenever the feed delivered something."""
        ...

    @property
    def search(self) -> str:
        """The filter of the list as the engine reads it, "" if there is none."""
        ...

    @property
    def dimming(self) -> str:
        """The filter whose matches stand out among all messages, "" if the list holds matches alone."""
        ...

    @property
    def summary(self) -> Summary | None:
        """The selected message's line."""
        ...

    @property
    def following(self) -> bool:
        """True while the newest message is selected as messages arrive."""
        ...

    @property
    def seeking(self) -> asyncio.Lock:
        """Held while a message to go to is searched for, so that such actions run one after another."""
        ...

    @property
    def detail(self) -> MessageDetail | None:
        """The selected message's detail, None until it is read."""
        ...

    def show_route(self, route: str) -> None:
        """Show messages as they stand on this one of several routes to Mixpanel; "": on their own first."""
        ...

    @property
    def whole_app(self) -> App[object]:
        """The app, to push screens on."""
        ...

    @property
    def details(self) -> DetailSource:
        """The details that the panes show."""
        ...

    @property
    def header(self) -> Header:
        """The line at the top."""
        ...

    @property
    def many(self) -> Many:
        """The marks, the hidden messages, and what is being done with many."""
        ...

    def shown(self) -> Shown:
        """Return which messages the list shows."""
        ...

    def reload(self) -> None:
        """Read the list again; the selected message stays selected."""
        ...

    @property
    def list(self) -> MessageList:
        """The list of messages."""
        ...

    @property
    def memory(self) -> Path | None:
        """The file of the layout; what else is remembered is in files beside it. None to remember nothing."""
        ...

    def pane_text(self) -> tuple[str, str]:
        """Return the name of the pane in use, and its text."""
        ...

    def exported(self) -> Exported | None:
        """Return the selected message with the request that the panes show, None until it is read."""
        ...

    async def go_to(self, ids: Sequence[int], pane: str = "") -> None:
        """Select the first of these messages that the journal still has, and open that pane."""
        ...

    async def select(self, ids: Sequence[int]) -> bool:
        """Select the first of these messages that the journal still has; the focus stays where it is.

        A filter that hides it is cleared. Returns False, and says so, if the journal has none of them.
        """
        ...

    def filter_by(self, filter: str, action: str = "", row: tuple[str, ...] = ()) -> None:
        """Show only messages that match this filter; Esc then leads back to that row of a screen."""
        ...

    async def run_named(self, name: str) -> None:
        """Run another action."""
        ...

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
    ) -> None:
        """Show a notification."""
        ...


async def ask(on: Context, question: str, *, yes: str, no: str) -> bool:
    """Ask a question; Enter and Esc mean no."""
    from ..screens.confirm import Confirm

    return bool(await on.whole_app.push_screen_wait(Confirm(question, yes, no)))


async def ask_for(
    on: Context, title: str, about: str, text: str, what: str, done: str = "saves"
) -> str | None:
    """Ask for a text such as a file's name, with one to start from; None if the reader gave none."""
    from ..screens.name_box import NameBox

    return await on.whole_app.push_screen_wait(NameBox(title, about, text, what=what, most=1_000, done=done))


async def choose(on: Context, question: str, answers: Sequence[Answer]) -> str:
    """Offer several answers and return the id of the chosen one, "" for none."""
    from ..screens.confirm import Choose, Option

    options = [Option(*answer) for answer in answers]
    return await on.whole_app.push_screen_wait(Choose(question, options)) or ""
