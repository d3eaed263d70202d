"""Text for terminals without Unicode: sign by sign, so that columns and styles stay where they are."""

from __future__ import annotations

from functools import cache
from typing import cast

from rich.cells import cell_len
from textual.app import App
from textual.content import Content
from textual.widget import Widget

from .glyphs import UNICODE, Glyphs

_TWINS = str.maketrans("…·•─–“”’→←↑↓▾▸✖▲≠‹›", '~-*--""\'><^v-+x!#<>')

_FRAMES = str.maketrans(
    {**dict.fromkeys("─━═▔▁", "-"), **dict.fromkeys("│┃║▎▏▕▌▐▊", "|"), **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+")}
    | dict.fromkeys("▂▃▄▅▆▇█▀▖▗▘▝", " ")  # parts of a scrollbar, which colours show alone
)


def plain(text: str) -> str:
    """Return the text in ASCII; characters without an equivalent become question marks."""
    return text if text.isascii() else text.translate(_TWINS).encode("ascii", "replace").decode("ascii")


def plain_cells(drawn: str) -> str:
    """Return drawn text in ASCII, cell by cell: frames, scrollbars and everything else."""
    return drawn if drawn.isascii() else "".join(map(_cell, drawn))


@cache
def _cell(char: str) -> str:
    if char.isascii():
        return char
    if (twin := char.translate(_FRAMES)) != char:
        return twin
    return plain(char) if char.translate(_TWINS) != char else "?" * cell_len(char)


def app_of(widget: Widget) -> App[object]:
    """Return the widget's app, typed for any return value."""
    return cast("App[object]", widget.app)  # pyright: ignore[reportUnknownMemberType]


def marks_of(widget: Widget) -> Glyphs:
    """Return the glyphs that the widget's app draws with."""
    return marks_of_app(app_of(widget))


def marks_of_app(app: App[object]) -> Glyphs:
    """Return the glyphs of an app, which need not be segtap's."""
    marks = getattr(app, "marks", None)
    return marks if isinstance(marks, Glyphs) else UNICODE


def is_plain(widget: Widget) -> bool:
    """Return True if the app draws in ASCII."""
    return marks_of(widget).ascii


def worded(widget: Widget, content: Content) -> Content:
    """Return the content as the widget's app can show it."""
    if not is_plain(widget):
        return content
    return Content(plain(content.plain), spans=list(content.spans))
