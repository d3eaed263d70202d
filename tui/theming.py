"""Themes: one TOML file each in themes/ or in the user's folder, read, checked and handed to Textual.

Every theme names the same colours, so that every `$variable` below exists in any of them:
the calls (`$track` … `$refused`), the marks (`$mark-error` …), JSON (`$json-key` …), `$dim`, and the
backgrounds of single lines (`$row-cursor`, `$row-cursor-blurred`, `$row-highlight`). In segtap's own themes
every text colour reads on every background with a contrast of 4.5 to 1 or better: a test holds each file to
that.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import platformdirs
from textual.app import App
from textual.color import Color, ColorParseError
from textual.theme import Theme

THEMES = Path(__file__).parents[1] / "themes"
DEFAULT = "segtap-dark"

BASE = ("background", "surface", "panel", "foreground", "dim", "accent", "border")
ROWS = ("cursor", "cursor-blurred", "highlight")
CALLS = ("track", "identify", "page", "screen", "group", "alias", "mixpanel-direct", "refused")
MARKS = ("error", "warning", "ok", "waiting", "marked")
JSON = ("key", "string", "number", "literal", "punctuation")
TABLES = {"base": BASE, "rows": ROWS, "calls": CALLS, "marks": MARKS, "json": JSON}
"""What a theme file must hold: the tables and the colours in them."""
LIKE_ACCENT = frozenset((("marks", "marked"),))
"""Colours that a file may leave out: the accent is used for them."""

TEXTS = (
    "foreground",
    "dim",
    "accent",
    *CALLS,
    *(f"mark-{name}" for name in MARKS),
    *(f"json-{name}" for name in JSON),
)
"""Variables used as text colours."""

BACKGROUNDS = ("background", "surface", "panel", *(f"row-{name}" for name in ROWS))
"""Variables that text stands on."""


class ThemeError(ValueError):
    """A theme file cannot be used; the text says which, and what is wrong in it."""


def read_theme(path: Path) -> Theme:
    """Read a theme from its TOML file. Raises ThemeError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(f"{path.name}: {error}") from error
    name, dark = data.get("name"), data.get("dark", True)
    if not isinstance(name, str) or not name:
        raise ThemeError(f'{path.name}: it needs a name, such as name = "{path.stem}"')
    if not isinstance(dark, bool):
        raise ThemeError(f"{path.name}: dark is true or false")
    colors = {table: _colors(path.name, data, table) for table in TABLES}
    return _theme(name, dark, colors)


def user_folder() -> Path:
    """Return the folder of the user's own themes, `themes` beside the user's `segtap.toml`."""
    return Path(platformdirs.user_config_dir("segtap")) / "themes"


def load_themes(*folders: Path) -> tuple[list[Theme], list[str]]:
    """Return the themes of these folders by file name, and the problems of the files left out.

    Without a folder: segtap's own.
    """
    themes: list[Theme] = []
    problems: list[str] = []
    for path in itertools.chain.from_iterable(sorted(one.glob("*.toml")) for one in folders or (THEMES,)):
        try:
            theme = read_theme(path)
        except ThemeError as error:
            problems.append(str(error))
            continue
        if any(theme.name == other.name for other in themes):
            problems.append(f"{path.name}: another file has the name {theme.name} already")
            continue
        themes.append(theme)
    return themes, problems


def install(app: App[object], wanted: str = DEFAULT, folder: Path | None = None) -> list[str]:
    """Give the app segtap's themes and those of a folder in place of Textual's, and put on the wanted one.

    Returns texts for the person: files that cannot be used, a wanted theme that is not there.
    """
    themes, problems = load_themes(THEMES, *([folder] if folder else []))
    for theme in themes:
        app.register_theme(theme)
    names = [theme.name for theme in themes]
    if wanted not in names:
        problems.append(f"There is no theme {wanted}. There are: {', '.join(names)}.")
    for name in (wanted, DEFAULT):
        if name in names:
            app.theme = name
            for other in set(app.available_themes) - set(names):
                app.unregister_theme(other)
            break
    return problems


def variable_defaults() -> dict[str, str]:
    """Return values for segtap's variables while one of Textual's own themes is on.

    An app's `get_theme_variable_defaults` returns these: before its theme is set, styles are read once.
    """
    names = (*CALLS, *(f"mark-{n}" for n in MARKS), *(f"json-{n}" for n in JSON), "dim")
    grounds = dict.fromkeys((f"row-{name}" for name in ROWS), "ansi_default")
    return {**dict.fromkeys(names, "ansi_default"), **grounds}


def contrast(one: Color, other: Color) -> float:
    """Return the WCAG 2 contrast of two opaque colours, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(4096)  # few colours look for the best one among all that the terminal has
def luminance(color: Color) -> float:
    """Return the WCAG 2 relative luminance, from 0 to 1."""
    red, green, blue = (linear(part) for part in color.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    """Convert a component of an sRGB colour to linear light, both from 0 to 1."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _colors(file: str, data: Mapping[str, object], table: str) -> dict[str, str]:
    found = data.get(table)
    entries: dict[object, object] = dict(found) if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    colors: dict[str, str] = {}
    for name in TABLES[table]:
        value = entries.get(name)
        if value is None and (table, name) in LIKE_ACCENT:
            continue
        if not isinstance(value, str):
            raise ThemeError(f'{file}: [{table}] needs {name}, a colour such as "#7dc3ff"')
        try:
            colors[name] = Color.parse(value).hex
        except ColorParseError as error:
            raise ThemeError(f"{file}: [{table}] {name}: {value!r} is not a colour") from error
    return colors


def _theme(name: str, dark: bool, colors: dict[str, dict[str, str]]) -> Theme:
    base, rows, calls, marks, json = (colors[table] for table in TABLES)
    marks.setdefault("marked", base["accent"])
    return Theme(
        name=name,
        dark=dark,
        primary=base["accent"],
        secondary=calls["identify"],
        accent=base["accent"],
        warning=marks["warning"],
        error=marks["error"],
        success=marks["ok"],
        foreground=base["foreground"],
        background=base["background"],
        surface=base["surface"],
        panel=base["panel"],
        variables={
            "dim": base["dim"],
            **{f"row-{key}": value for key, value in rows.items()},
            **calls,
            **{f"mark-{key}": value for key, value in marks.items()},
            **{f"json-{key}": value for key, value in json.items()},
            **_textual_variables(base, rows, marks),
        },
    )


def _textual_variables(base: dict[str, str], rows: dict[str, str], marks: dict[str, str]) -> dict[str, str]:
    """Return Textual's own variables, where what it derives would be too faint or too loud."""
    text, dim, accent = base["foreground"], base["dim"], base["accent"]
    return {
        "text": text,
        "text-muted": dim,
        "text-disabled": dim,
        "text-primary": accent,
        "text-secondary": accent,
        "text-accent": accent,
        "text-success": marks["ok"],
        "text-warning": marks["warning"],
        "text-error": marks["error"],
        "panel-lighten-1": base["panel"],
        "panel-darken-1": base["panel"],
        "foreground-muted": dim,
        "foreground-disabled": dim,
        "border": accent,
        "border-blurred": base["border"],
        "block-cursor-foreground": text,
        "block-cursor-background": rows["cursor"],
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": text,
        "block-cursor-blurred-background": rows["cursor-blurred"],
        "block-hover-background": rows["cursor-blurred"],
        "input-cursor-background": text,
        "input-cursor-foreground": base["background"],
        "input-selection-background": rows["cursor"],
        "screen-selection-background": rows["cursor"],
        "footer-foreground": dim,
        "footer-background": base["panel"],
        "footer-key-foreground": accent,
        "footer-description-foreground": dim,
        "link-color": accent,
        "link-color-hover": base["background"],
        "link-background-hover": accent,
        "scrollbar": base["border"],
        "scrollbar-hover": dim,
        "scrollbar-active": accent,
        "scrollbar-background": base["surface"],
        "scrollbar-background-hover": base["surface"],
        "scrollbar-background-active": base["surface"],
        "scrollbar-corner-color": base["surface"],
    }
