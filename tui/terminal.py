"""A terminal that may go away: the app then ends, where Textual's own driver would hang.

Textual writes from a thread through a queue of bounded length: when writing fails the thread dies, the
queue fills up, and the app waits in its next write for ever. And it reads an end of input in a busy loop.
So writing never fails here, and a look at the terminal each half second ends the app once it is gone.
"""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import termios
from typing import IO, TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver

from .render.plain import marks_of_app, plain_cells

if TYPE_CHECKING:
    from textual.app import App

LOOK = 0.5
"""Seconds between two looks at the terminal."""


class Output(io.TextIOBase):
    """The terminal to write to; once writing has failed, what is written goes nowhere.

    With `ascii_only`, whatever Textual itself draws of frames and scrollbars gets through as ASCII, too.
    """

    def __init__(self, file: IO[str], *, ascii_only: bool = False) -> None:
        super().__init__()
        self._file = file
        self._ascii_only = ascii_only
        self.gone = False

    def write(self, text: str, /) -> int:
        """Write, or note that the terminal is gone."""
        if not self.gone:
            try:
                self._file.write(plain_cells(text) if self._ascii_only else text)
            except (OSError, ValueError):  # hung up; closed
                self.gone = True
        return len(text)

    def flush(self) -> None:
        """Flush, or note that the terminal is gone."""
        if not self.gone:
            try:
                self._file.flush()
            except (OSError, ValueError):
                self.gone = True

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Return True if it is a terminal."""
        return self._file.isatty()


class HangupDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, which ends the app when the terminal is gone."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType]
        assert sys.__stderr__ is not None
        self.output = Output(sys.__stderr__, ascii_only=marks_of_app(app).ascii)
        self._file = self.output
        self._look: asyncio.TimerHandle | None = None

    def start_application_mode(self) -> None:
        """Take the terminal over, and keep an eye on it; from now on a signal gives it back."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._app.exit)
        super().start_application_mode()
        if self.input_tty:
            self._watch()

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal over again, if it was given back for a pause.

        A hang-up brings this signal, too: Textual would then start its threads again, also in an app that has
        ended, and they would never end.
        """
        if self._must_signal_resume:
            super()._sigcont_application()  # pyright: ignore[reportUnknownMemberType]

    def close(self) -> None:
        """Let go of the terminal: from now on Ctrl-C interrupts what is still to be done."""
        if self._look is not None:
            self._look.cancel()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        super().close()

    def _watch(self) -> None:
        if self.output.gone or not self._there():
            self.output.gone = True
            self._app.exit()
            return
        self._look = asyncio.get_running_loop().call_later(LOOK, self._watch)

    def _there(self) -> bool:
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            return False
        return True
