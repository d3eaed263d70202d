"""Text for terminals without Unicode: sign by sign, so that columns and styles stay where they are."""

from __future__ import annotations

from functools import cache
from typing import cast

from rich.cells import cell_len
from textual.app import App
from textual.content import Content
from textual.widget import Widget

from .glyphs import UNICODE, Marks

_TWINS = str.maketrans("…·•─–“”’→←↑↓▾▸✖▲≠‹›", '~-*--""\'><^v-+x!#<>')

_FRAMES = str.maketrans(
    {**dict.fromkeys("─━═▔▁", "-"), **dict.fromkeys("│┃║▎▏▕▌▐▊", "|"), **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+")}
    | dict.fromkeys("▂▃▄▅▆▇█▀▖▗▘▝", " ")  # parts of a scrollbar, which colours show alone
)


def plain(text: str) -> str:
    """The text in ASCII; what has no twin is a question mark."""
    return text if text.isascii() else text.translate(_TWINS).encode("ascii", "replace").decode("ascii")


def plain_cells(drawn: str) -> str:
    """What was laid out with Unicode in ASCII, cell by cell: frames, scrollbars and whatever is left."""
    return drawn if drawn.isascii() else "".join(map(_cell, drawn))


@cache
def _cell(char: str) -> str:
    if char.isascii():
        return char
    if (twin := char.translate(_FRAMES)) != char:
        return twin
    return plain(char) if char.translate(_TWINS) != char else "?" * cell_len(char)


def app_of(widget: Widget) -> App[object]:
    """The app, whatever it returns in the end."""
    return cast("App[object]", widget.app)  # pyright: ignore[reportUnknownMemberType]


def marks_of(widget: Widget) -> Marks:
    """The marks that the app draws with: Unicode or ASCII."""
    return marks_of_app(app_of(widget))


def marks_of_app(app: App[object]) -> Marks:
    """The same of an app, which may be another's."""
    marks = getattr(app, "marks", None)
    return marks if isinstance(marks, Marks) else UNICODE


def is_plain(widget: Widget) -> bool:
    """Whether the app does without Unicode."""
    return marks_of(widget).error.isascii()


def worded(widget: Widget, content: Content) -> Content:
    """The content as the widget's app can show it."""
    if not is_plain(widget):
        return content
    return Content(plain(content.plain), spans=list(content.spans))
