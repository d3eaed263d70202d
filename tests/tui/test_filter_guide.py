"""`segtap help filter`, `?` and the README show one filter language, made of the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_viewer import FakeViewer, story, until

from segtap.core import filter_entries
from segtap.core.query.guide import guide_markdown
from segtap.tui.app import SegtapApp
from segtap.tui.cli import cli
from segtap.tui.screens.help import Help

README = Path(__file__).parents[2] / "core" / "query" / "README.md"
MARKS = "<!-- the language: made by `guide_markdown` in guide.py -->\n", "<!-- end of the language -->"


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def check(page: str) -> None:
    """Check that a page has every form, its meaning and its example."""
    page = one_line(page)
    for entries in filter_entries().values():
        for one in entries:
            for text in (one.form, one.means, one.example):
                assert one_line(text) in page, text


def test_the_readme_has_the_tables() -> None:
    begin, end = MARKS
    table = README.read_text(encoding="utf-8").split(begin, 1)[1].split(end, 1)[0]
    assert table == guide_markdown()


@pytest.mark.usefixtures("own_folders")
def test_the_command_prints_the_same() -> None:
    check(CliRunner().invoke(cli, ["help", "filter"], catch_exceptions=False).stdout)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_help_screen_shows_the_same(
    app_on: Callable[..., SegtapApp], size: tuple[int, int]
) -> None:
    app = app_on(FakeViewer(story(3)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        screen = app.screen
        assert isinstance(screen, Help)
        check(str(screen.page.render()))
        await pilot.press(*"messageId")
        shown = str(screen.page.render())
        assert "id:ajs-next-*" in shown
        assert "type:track,page" not in shown
