"""Themes: what a file must hold, and that everything in one can be read."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from segtap.tui.theming import (
    BACKGROUNDS,
    DEFAULT,
    TEXTS,
    THEMES,
    contrast,
    install,
    load_themes,
    read_theme,
    variable_defaults,
)

SHIPPED, PROBLEMS = load_themes()

# Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
COLOR_BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def colors_of(theme: Theme) -> dict[str, Color]:
    named = {**theme.to_color_system().generate(), **theme.variables}
    return {
        name: Color.parse("#888888" if "auto" in value else value)
        for name, value in named.items()
        if name in {*TEXTS, *BACKGROUNDS}
    }


def lab(color: Color, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """The colour as seen through the matrix, in CIE L*a*b*."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
    red, green, blue = (
        min(1.0, max(0.0, sum(w * c for w, c in zip(row, linear, strict=True)))) for row in matrix
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def test_ten_themes_and_more_are_shipped_and_two_of_them_are_light() -> None:
    assert PROBLEMS == []
    assert len(SHIPPED) >= 10
    assert sum(not theme.dark for theme in SHIPPED) >= 2
    assert DEFAULT in {theme.name for theme in SHIPPED}
    assert all((THEMES / f"{theme.name}.toml").is_file() for theme in SHIPPED)


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
def test_every_text_reads_on_every_background(theme: Theme) -> None:
    colors = colors_of(theme)
    faint = [
        f"{text} on {ground}: {contrast(colors[text], colors[ground]):.2f}"
        for text, ground in itertools.product(TEXTS, BACKGROUNDS)
        if contrast(colors[text], colors[ground]) < 4.5
    ]
    assert faint == []


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("kind", COLOR_BLINDNESS)
def test_good_and_bad_differ_for_the_color_blind(theme: Theme, kind: str) -> None:
    colors = colors_of(theme)
    seen = {name: lab(colors[f"mark-{name}"], COLOR_BLINDNESS[kind]) for name in ("ok", "warning", "error")}
    for one, other in itertools.combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 15, f"{one} and {other} are {distance:.0f} apart"


@pytest.mark.parametrize("name", ["segtap-contrast", "segtap-contrast-light"])
def test_a_theme_of_high_contrast_has_7_to_1(name: str) -> None:
    colors = colors_of(read_theme(THEMES / f"{name}.toml"))
    pairs = itertools.product(TEXTS, BACKGROUNDS)
    faint = [(text, ground) for text, ground in pairs if contrast(colors[text], colors[ground]) < 7]
    assert faint == []


@pytest.mark.parametrize("kind", COLOR_BLINDNESS)
def test_the_theme_for_the_color_blind_keeps_its_marks_far_apart(kind: str) -> None:
    colors = colors_of(read_theme(THEMES / "segtap-clear.toml"))
    seen = [lab(colors[f"mark-{name}"], COLOR_BLINDNESS[kind]) for name in ("ok", "warning", "error")]
    for one, other in itertools.combinations(seen, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 > 25


def test_black_on_white_has_the_contrast_that_wcag_gives_it() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[base]", "[bass]"), "[base] needs background"),
        (('error = "#', 'error = "nope#'), "[marks] error: 'nope#"),
        (('name = "segtap-dark"', ""), "it needs a name"),
        (("dark = true", 'dark = "yes"'), "dark is true or false"),
        (("[rows]", "[rows"), "broken.toml: "),
    ],
)
def test_a_bad_file_is_left_out_with_its_reason(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    good = (THEMES / "segtap-dark.toml").read_text("utf-8")
    (tmp_path / "broken.toml").write_text(good.replace(*change, 1), "utf-8")
    (tmp_path / "good.toml").write_text(good.replace('"segtap-dark"', '"mine"', 1), "utf-8")
    themes, problems = load_themes(tmp_path)
    assert [theme.name for theme in themes] == ["mine"]
    assert len(problems) == 1
    assert complaint in problems[0]
    assert "broken.toml" in problems[0]


def test_a_file_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    assert load_themes(tmp_path)[0] == []
    assert "bytes.toml" in load_themes(tmp_path)[1][0]


def test_a_name_is_used_once(tmp_path: Path) -> None:
    good = (THEMES / "segtap-dark.toml").read_text("utf-8")
    (tmp_path / "a.toml").write_text(good, "utf-8")
    (tmp_path / "b.toml").write_text(good, "utf-8")
    themes, problems = load_themes(tmp_path)
    assert len(themes) == 1
    assert problems == ["b.toml: another file has the name segtap-dark already"]


def test_the_defaults_name_every_variable_that_a_theme_adds() -> None:
    added = {
        name for name in (*TEXTS, *BACKGROUNDS) if name in read_theme(THEMES / f"{DEFAULT}.toml").variables
    }
    assert added == set(variable_defaults())


async def test_install_offers_only_segtaps_themes_and_falls_back() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert install(app, "segtap-light") == []
        assert app.theme == "segtap-light"
        assert set(app.available_themes) == {theme.name for theme in SHIPPED}
        problems = install(app, "nowhere")
        assert app.theme == DEFAULT
    assert problems == [f"There is no theme nowhere. There are: {', '.join(t.name for t in SHIPPED)}."]
