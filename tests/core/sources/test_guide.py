"""The page on connection modes: README has the same picture and differences, and it fits a terminal."""

from __future__ import annotations

from pathlib import Path

from segtap.core.sources.guide import PICTURE, ROWS, modes_guide, modes_table

README = Path(__file__).parents[3] / "core" / "sources" / "README.md"


def test_readme_has_the_same_picture_and_differences() -> None:
    text = README.read_text(encoding="utf-8")
    assert PICTURE in text
    for row in ROWS:
        assert f"| {row.about} | {row.cloud} | {row.device} |" in text


def test_the_page_fits_a_terminal_and_says_what_a_newcomer_has_to_know() -> None:
    page = modes_guide()
    assert max(len(line) for line in page.splitlines()) <= 100
    assert len(modes_table()) == len(ROWS) + 1
    for words in ("count every event twice", "mixpanel.reset()", "tries once and drops", "[device_mode]"):
        assert words in " ".join(page.split())
