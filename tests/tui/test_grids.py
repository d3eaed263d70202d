"""Grids: what of the screen they hold, and which screens are stored as pictures too."""

from __future__ import annotations

from pathlib import Path

import pytest
from grids import PICTURED, PICTURES, check_stored, grid_of
from pane_host import Host
from textual.widgets import Static


async def drawn(text: str) -> str:
    app: Host = Host(Static(text))
    async with app.run_test(size=(20, 3)) as pilot:
        await pilot.pause()
        return grid_of(app)


async def test_a_grid_is_the_text_and_the_names_of_its_styles() -> None:
    text = "[bold $accent]Two words[/] plain\n[$mark-error]注文[/] [on $panel]x[/]"
    assert await drawn(text) == (
        f"20 × 3\n{'─' * 20}\nTwo words plain\n注文 x\n\n{'─' * 20}\n"
        "1: bold accent 0-8\n2: mark-error 0-3, on panel 5\n"
    )


async def test_equal_lines_of_styles_stand_as_one() -> None:
    assert (await drawn("[$dim]a\nb[/]\nc")).endswith("\n1-2: dim 0\n")


async def test_a_difference_is_shown_line_by_line(tmp_path: Path) -> None:
    stored = tmp_path / "grid.txt"
    check_stored(await drawn("sent"), stored, update=True, beside=tmp_path)
    check_stored(await drawn("sent"), stored, update=False, beside=tmp_path)
    with pytest.raises(AssertionError, match=r"\n-sent\n\+\[bold\]refused\n(.|\n)*--update-grids"):
        check_stored(await drawn("\\[bold]refused"), stored, update=False, beside=tmp_path)


def test_few_screens_are_stored_as_pictures() -> None:
    stored = {path.relative_to(PICTURES).with_suffix("").as_posix() for path in PICTURES.rglob("*.svg")}
    assert stored == PICTURED
    assert len(PICTURED) <= 20
