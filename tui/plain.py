"""Text for terminals without Unicode: sign by sign, so that columns and styles stay where they are."""

from __future__ import annotations

from typing import cast

from textual.app import App
from textual.content import Content
from textual.widget import Widget

from .marks import UNICODE, Marks

_TWINS = str.maketrans("…·•─–“”’→←↑↓▾▸✖▲≠‹›", '~-*--""\'><^v-+x!#<>')


def plain(text: str) -> str:
    """The text in ASCII; what has no twin is a question mark."""
    return text if text.isascii() else text.translate(_TWINS).encode("ascii", "replace").decode("ascii")


def app_of(widget: Widget) -> App[object]:
    """The app, whatever it returns in the end."""
    return cast("App[object]", widget.app)  # pyright: ignore[reportUnknownMemberType]


def marks_of(widget: Widget) -> Marks:
    """The marks that the app draws with: Unicode or ASCII."""
    marks = getattr(app_of(widget), "marks", None)
    return marks if isinstance(marks, Marks) else UNICODE


def is_plain(widget: Widget) -> bool:
    """Whether the app does without Unicode."""
    return marks_of(widget).error.isascii()


def worded(widget: Widget, content: Content) -> Content:
    """The content as the widget's app can show it."""
    if not is_plain(widget):
        return content
    return Content(plain(content.plain), spans=list(content.spans))
