"""The app: it puts the main screen on a viewer, with themes, keys and commands."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from rich.console import RenderableType
from textual import events
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import AwaitMount

from ..core.api.viewer import Viewer
from ..core.settings import Settings
from . import theme_memory
from .keymap import DEFAULT, first, in_force, label, put_in_force, read_keymap
from .keys import KEYS, bindings
from .keys_file import KeysFile
from .layout_memory import beside
from .model.list_source import Reconnect
from .palette import few_colors
from .render.glyphs import ASCII, UNICODE, wants_ascii
from .render.plain import plain as to_ascii
from .screens.main import MainScreen
from .theme_folder import EVERY, ThemeFolder
from .theming import install, variable_defaults
from .widgets.in_order import read

PROBLEMS_SHOWN = 4
"""Problems with keys that one notification names."""


class SegtapApp(App[object], inherit_bindings=False):
    """segtap's screen on a running engine.

    `reconnect` gives a new viewer after the engine was lost (an own engine may have to be started again);
    without it the same viewer is tried again. The theme that is chosen is kept in
    `memory`, and the layout beside it; `themes` is the folder of the user's own. `plain` is for terminals
    without Unicode: None finds out.
    """

    TITLE = "segtap"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        reconnect: Reconnect | None = None,
        plain: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        memory: Path | None = None,
        themes: Path | None = None,
    ) -> None:
        super().__init__(driver_class=_driver())
        if self.console.is_dumb_terminal:
            # Rich takes any such terminal for 80 by 25, and Textual would go to and fro between both sizes.
            self.console.size = shutil.get_terminal_size()
        self.viewer = viewer
        self.settings = settings
        self._reconnect = reconnect
        self._clock = clock
        self.marks = ASCII if (wants_ascii() if plain is None else plain) else UNICODE
        self.main: MainScreen | None = None
        self._memory = memory
        self._problems: list[str] = []
        self._themes = themes
        self.painted = asyncio.Event()
        """Set once the first frame of the main screen is drawn."""
        self._early: list[events.Event] = []
        """What was typed before: the parts of the screen that it is for may not be there yet."""
        self._leaving = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *few_colors(self)]

    def on_load(self) -> None:
        """Put the theme on before a style is read: afterwards, all of them would be read again."""
        self._problems = self._put_on_theme()
        self._use_keys(self.settings.keys)

    def get_default_screen(self) -> Screen[object]:
        """Return the main screen: with no other one below it, none is drawn before it."""
        self.main = MainScreen(
            self.viewer,
            self.settings,
            marks=self.marks,
            clock=self._clock,
            reconnect=self._reconnect,
            memory=beside(self._memory),
        )
        return cast("Screen[object]", self.main)

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed until the first frame is drawn, and handle it then, in order."""
        typed = isinstance(event, events.InputEvent | events.Paste)
        if (typed or isinstance(event, events.AppFocus)) and self.main is not None:
            self.main.first_error.looked()
        if typed and self._leaving:
            return
        if typed and not self.painted.is_set():
            self._early.append(event)
            return
        if typed:
            await self._handle_early()
            if not event.is_forwarded:
                await read(self.focused)
        await super().on_event(event)

    def _painted(self) -> None:
        self.painted.set()
        self.call_later(self._handle_early)

    async def _handle_early(self) -> None:
        while self._early:
            await super().on_event(self._early.pop(0))

    def on_mount(self) -> None:
        if self._problems:
            self._complain_of_themes("\n".join(self._problems))
        self._complain_of_keys(in_force().problems)
        if self.settings.file:
            self.set_interval(EVERY, KeysFile(self.settings, self._put_on_keys, self._complain_of_file).look)
        if self._themes is not None:
            folder = ThemeFolder(self, self._themes, self._complain_of_themes)
            self.set_interval(EVERY, folder.look)
        if self.main is not None:
            self.main.call_after_refresh(self._painted)

    def _put_on_theme(self) -> list[str]:
        """Put on the theme of the command line, else the one chosen last, else that of the settings."""
        wanted, chosen = self.settings.screen.theme, ""
        if self._memory is not None and "theme" not in self.settings.flags.get("screen", {}):
            chosen = theme_memory.read(self._memory)
        problems = install(self, chosen or wanted, self._themes)
        if chosen and self.theme != chosen:
            problems = install(self, wanted, self._themes)  # its file was deleted
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        return problems

    def _use_keys(self, wanted: Mapping[str, str]) -> None:
        """Put commands on the keys of `[keys]`."""
        keymap = read_keymap(wanted) if wanted else DEFAULT
        put_in_force(keymap)
        self.set_keymap(keymap.for_textual())

    def _put_on_keys(self, wanted: Mapping[str, str]) -> None:
        """Use other keys from now on, show them, and say which of them cannot be."""
        self._use_keys(wanted)
        for screen in self.screen_stack:
            screen.refresh(layout=True)
            for widget in screen.query("*"):
                widget.refresh()
        self._complain_of_keys(in_force().problems)

    def _complain_of_keys(self, problems: Sequence[str]) -> None:
        if problems:
            more = len(problems) - PROBLEMS_SHOWN
            rest = f"\n{more} more: segtap help keys" if more > 0 else ""
            title = "[keys] of segtap.toml"
            self.notify(
                "\n".join(problems[:PROBLEMS_SHOWN]) + rest, title=title, severity="warning", timeout=20
            )

    def _complain_of_file(self, problem: str) -> None:
        self.notify(problem, title="The keys stay as they are", severity="warning")

    def _complain_of_themes(self, problems: str) -> None:
        self.notify(problems, title="Themes", severity="warning")

    def _keep_theme(self, theme: Theme) -> None:
        if self._memory is not None and (why := theme_memory.write(self._memory, theme.name)):
            self.notify(why, severity="warning")

    def _fatal_error(self) -> None:
        """End after a fault of segtap itself, and leave a traceback without the values of variables."""
        from .crash import crash_report

        self.bell()
        self._exit_renderables.append(crash_report(self.settings))
        self._close_messages_no_wait()

    def exit(
        self, result: object = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave, as soon as the screens that open have their parts.

        A signal may come at any moment, and an app that leaves mounts its screens without their parts: what
        they do first would fail.
        """
        for screen in self.screen_stack:
            if not screen.is_mounted and screen.call_later(self.exit, result, return_code, message):
                return
        self._leaving = True
        super().exit(result, return_code, message)

    def push_screen(
        self, screen: Any, callback: Any = None, wait_for_dismiss: bool = False, *, mode: str | None = None
    ) -> Any:
        """Open a screen, but none once the app leaves; who waits for its answer is cancelled then."""
        if not self._leaving:
            return super().push_screen(screen, callback, wait_for_dismiss, mode=mode)
        if not wait_for_dismiss:
            return AwaitMount(self.screen, ())
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        answer.cancel()
        return answer

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Say something in a corner, in place of what was said before.

        It is never read as markup, whatever is asked for: the names of messages are in it.
        """
        if self.marks.ascii:
            message, title = to_ascii(message), to_ascii(title)
        self.clear_notifications()
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every command of the key table that makes sense by name."""
        from ..core.copied.formats import EXPORTERS
        from .actions.many import DOING

        main = self.main
        if main is None or screen is not main:
            return
        owners = {"app": self, "screen": main, "list": main.list}
        for key in KEYS:
            if key.palette and key.owner in owners:
                run = partial(self.run_action, key.action, owners[key.owner])
                yield SystemCommand(key.text, f"{key.group} · key {label(key)}", run)
        to_url = partial(main.action_act, "replay_to")
        yield SystemCommand("Replay to another URL…", "Message · to Segment, or another server", to_url)
        answers = partial(main.action_act, "answers")
        yield SystemCommand("Answers on demand…", "segtap · what SDKs get: 429, 503, no answer", answers)
        for exporter in EXPORTERS:
            run = partial(main.action_act, f"copy_as_{exporter.id}")
            yield SystemCommand(f"Copy as {exporter.title}", f"Message · key {first('message.copy-as')}", run)
        for one in DOING:
            run = partial(main.action_act, f"many_{one.id}")
            words = "Record scenario…" if one.id == "record" else f"All marked: {one.words}"
            yield SystemCommand(words, f"Many messages · key {first('many.menu')}", run)

    def action_help(self) -> None:
        """Show all keys."""
        from .screens.help import Help

        self.push_screen(Help())


def _driver() -> type[Driver] | None:
    """Return a driver that ends when the terminal goes away; Textual's own would hang.

    In a browser the variable TEXTUAL_DRIVER names another one.
    """
    if "TEXTUAL_DRIVER" in os.environ:
        return None
    try:
        from .terminal import HangupDriver
    except ImportError:  # not a POSIX system: Textual chooses
        return None
    return HangupDriver
