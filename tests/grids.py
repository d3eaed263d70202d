"""The screen as text, for tests of how it looks: the characters, then the styles by name.

A grid is stored in `tests/tui/grids/` and compared line by line, so that a change can be read in a diff.
Of a few screens a picture is stored too, which shows colours and frames as Textual draws them: other
versions of Textual draw other pictures. `pytest -m picture --update-grids` stores what is there now.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot

from segtap.tui.theming import BACKGROUNDS, TEXTS

GRIDS = Path(__file__).parent / "tui" / "grids"
PICTURES = Path(__file__).parent / "tui" / "pictures"
PICTURED = frozenset(
    {
        "groups_screen/pictures-partly-120x40",
        "overview/how_it_looks-full-120x40",
        "pane_snapshots/dialog-help-120x40",
        "pane_snapshots/pane-mixpanel-120x40",
        "pane_snapshots/pane-segment-120x40",
        "pane_snapshots/pane-warnings-120x40",
        "pane_snapshots/pane-wire-120x40",
        "snapshots/ascii",
        "snapshots/empty-120x40",
        "snapshots/fault-120x40",
        "snapshots/forwarding-120x40",
        "snapshots/the_question_before_forwarding-120x40",
        "snapshots/traffic-120x40",
        "snapshots/traffic-200x60",
        "snapshots/traffic-80x24",
        "users/pictures-list-120x40",
    }
)
"""The screens of which a picture is stored too, one of each kind."""
DRAWN_WITH = {"textual": "8.2.8", "rich": "15.0.0"}
"""The versions that drew the pictures."""
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
RULE = "─"
WORD_GAP = 2
"""Columns of blanks within a phrase, at most."""
UNSTYLED = " │"
"""Characters whose colour is not kept: blanks, and the sides of frames, whose corners have the same one."""


SameGrid = Callable[[App[Any], tuple[int, int], Callable[[Pilot[Any]], Awaitable[None]]], Awaitable[None]]
"""The fixture `same_grid`: an app, the terminal's size, and what to do before the screen is compared."""


class Cell(NamedTuple):
    """One column of a line: its character and how that looks."""

    text: str
    ink: str
    ground: str


def grid_of(app: App[object]) -> str:
    """Return the whole screen: its lines of text, then for each line which columns have which style.

    Styles are the theme's names of the colours. Plain text (`foreground` on `background`) and the sides of
    frames are left out, and equal lines of styles stand as one.
    """
    names = _Names(app.theme_variables)
    visible_screen_stack.set(app._background_screens)
    rows = [list(_cells(strip, names)) for strip in app.screen._compositor.render_strips()]
    width = len(rows[0]) if rows else 0
    rule = RULE * width
    text = ("".join(cell.text for cell in row).rstrip() for row in rows)
    return "\n".join((f"{width} × {len(rows)}", rule, *text, rule, *_styles(rows), ""))


def picture_of(app: App[object]) -> str:
    """Return the whole screen as SVG, without the number in its names, which differs from run to run."""
    return re.sub(r"terminal-\d+", "terminal", app.export_screenshot())


def _cells(strip: Iterable[Segment], names: _Names) -> Iterator[Cell]:
    """Yield a cell a column; the second column of a wide character is an empty text."""
    for segment in strip:
        if segment.control:
            continue
        style = segment.style or Style.null()
        ink, ground = names.ink(style), names.ground(style)
        drawn = style.underline or style.reverse or style.strike
        for character in segment.text:
            yield Cell(character, "" if character in UNSTYLED and not drawn else ink, ground)
            yield from [Cell("", ink, ground)] * (cell_len(character) - 1)


def _styles(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Yield the styles of the lines, from the first on."""
    number = 0
    for styles, equal in groupby(map(_line_styles, rows)):
        first, number = number + 1, number + len(list(equal))
        if styles:
            yield f"{first}: {styles}" if first == number else f"{first}-{number}: {styles}"


def _line_styles(row: Sequence[Cell]) -> str:
    """Return each style of a line that is not the usual one, with its columns."""
    columns: dict[str, list[str]] = {}
    inks = _bridged([cell.ink for cell in row])
    grounds = [f"on {cell.ground}" for cell in row]
    for usual, values in (("foreground", inks), ("on background", grounds)):
        column = 0
        for value, equal in groupby(values):
            first, column = column, column + len(list(equal))
            if value and value != usual:
                columns.setdefault(value, []).append(
                    str(first) if first + 1 == column else f"{first}-{column - 1}"
                )
    return ", ".join(f"{value} {' '.join(places)}" for value, places in columns.items())


def _bridged(inks: list[str]) -> list[str]:
    """Give blanks between two equal styles that style too, so that a phrase is one range."""
    bridged, last = list(inks), 0
    for index, ink in enumerate(inks):
        if ink:
            if inks[last] == ink and index - last <= WORD_GAP + 1:
                bridged[last:index] = [ink] * (index - last)
            last = index
    return bridged


class _Names:
    """The theme's names for colours."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        def by_color(first: Sequence[str]) -> dict[str, str]:
            named: dict[str, str] = {}
            for name in (*first, *variables):
                named.setdefault(variables.get(name, "").lower(), name)
            return named

        self._inks, self._grounds = by_color(TEXTS), by_color(BACKGROUNDS)

    def ink(self, style: Style) -> str:
        """Return the attributes and the name of the colour of the text."""
        code = _code(style.color)
        attributes = (name for name in ATTRIBUTES if getattr(style, name))
        return " ".join((*attributes, self._inks.get(code, code)))

    def ground(self, style: Style) -> str:
        """Return the name of the colour behind the text."""
        code = _code(style.bgcolor)
        return self._grounds.get(code, code)


def _code(color: Color | None) -> str:
    """Return a colour as `#rrggbb`, or its name in the terminal's palette."""
    if color is None or color.type is ColorType.DEFAULT:
        return "default"
    return color.triplet.hex if color.triplet is not None else color.name


def check_stored(found: str, stored: Path, *, update: bool, beside: Path) -> None:
    """Compare with the stored text, or store it. Raises AssertionError with the difference.

    Of a picture, nobody can read the difference: what was found is then written into the folder `beside`.
    """
    if update:
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_text(found, encoding="utf-8")
        return
    wanted = stored.read_text(encoding="utf-8") if stored.exists() else ""
    if found == wanted:
        return
    hint = "pytest -m picture --update-grids stores what is there now"
    if stored.suffix == ".svg":
        (beside / stored.name).write_text(found, encoding="utf-8")
        raise AssertionError(f"{stored} looks different now: {beside / stored.name}; {hint}")
    lines = difflib.unified_diff(
        wanted.splitlines(), found.splitlines(), f"stored {stored.name}", "now", lineterm="", n=2
    )
    raise AssertionError("\n".join(("the screen looks different", *lines, hint)))
