"""Terminals with few colours: each colour becomes the closest one of the palette that can still be read.

Left alone, Rich takes the nearest colour for letters and ground apart from each other: they move
towards one another, and in the sixteen colours they meet. Here the ground goes first, and the letters
get the closest colour that has the contrast they had, up to 4.5 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from .theming import contrast, linear

if TYPE_CHECKING:
    from textual.app import App

READABLE = 4.5
"""The contrast that text has in every theme; faint things such as borders keep what they have."""

SYSTEMS = {"standard": range(16), "256": range(16, 256)}
"""Rich's names of the palettes, and their colours. Of the 256, people set the first 16 themselves."""

BANDS = ((0.0, 0.295, 0), (0.295, 0.45, 8), (0.87, 0.915, 7), (0.915, 1.1, 15))
"""Of the sixteen, what the darkest and the lightest grounds become: lightness from, below, the colour.
The closest would be dark blue and dark red for calm grounds, and the cursor's row would look like others."""


@dataclass(frozen=True, slots=True)
class _Shade:
    """One colour of a palette: what the terminal is asked for, and what it shows."""

    asked: RichColor
    shown: Color
    place: tuple[float, float, float]


class FewColors(LineFilter):
    """Puts lines into the colours of a palette, and keeps them readable."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__()
        self._shades = [_shade(number) for number in numbers]
        self._grays = [shade for shade in self._shades if _is_gray(shade.shown)]
        self._ground = lru_cache(1024)(self._nearest)
        self._ink = lru_cache(4096)(self._readable)
        self._style = lru_cache(4096)(self._styled)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Give every segment colours of the palette."""
        return [
            Segment(text, self._style(style, background), control) if style else Segment(text, style, control)
            for text, style, control in segments
        ]

    def _styled(self, style: Style, background: Color) -> Style:
        ink = None if style.color is None or style.color.is_default else style.color
        ground = None if style.bgcolor is None or style.bgcolor.is_default else style.bgcolor
        under = background if ground is None else Color.from_rich_color(ground)
        return style + Style(
            color=ink and self._ink(Color.from_rich_color(ink), under).asked,
            bgcolor=ground and self._ground(under).asked,
        )

    def _nearest(self, color: Color) -> _Shade:
        if len(self._shades) == len(SYSTEMS["standard"]):
            lightness = _oklab(color)[0]
            for low, high, number in BANDS:
                if low <= lightness < high:
                    return self._shades[number]
        return min(self._choice(color), key=_distance(color))

    def _readable(self, ink: Color, ground: Color) -> _Shade:
        """Return the colour nearest to the ink's that is readable on its ground, else the most readable."""
        under = self._ground(ground).shown
        least = min(READABLE, contrast(ink, ground))
        clear = [shade for shade in self._choice(ink) if contrast(shade.shown, under) >= least]
        if clear:
            return min(clear, key=_distance(ink))
        return max(self._choice(ink), key=lambda shade: contrast(shade.shown, under))

    def _choice(self, color: Color) -> Sequence[_Shade]:
        """Keep grays gray: with NO_COLOR there is nothing else."""
        return self._grays if _is_gray(color) else self._shades


@lru_cache(len(SYSTEMS))
def _filter(system: str) -> FewColors:
    return FewColors(SYSTEMS[system])


def few_colors(app: App[object]) -> list[LineFilter]:
    """Return the line filters for the app's terminal; none if it shows every colour."""
    system = app.console.color_system
    return [_filter(system)] if system in SYSTEMS else []


def _shade(number: int) -> _Shade:
    asked = RichColor.from_ansi(number)
    shown = Color(*asked.get_truecolor())
    return _Shade(asked, shown, _oklab(shown))


def _is_gray(color: Color) -> bool:
    return color.r == color.g == color.b


def _distance(color: Color) -> Callable[[_Shade], float]:
    """Return a function that measures how far a shade looks from a colour."""
    here = _oklab(color)
    return lambda shade: math.dist(here, shade.place)


def _oklab(color: Color) -> tuple[float, float, float]:
    """Return the colour's coordinates in Oklab, where equal distances look equal."""
    red, green, blue = (linear(part) for part in color.normalized)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
