"""The helper for tests in JavaScript, as `segtap snippet` prints it."""

from __future__ import annotations

from importlib.resources import files


def helper() -> str:
    """Return the text of an ES module with the class `Segtap`."""
    return files("segtap.core.testing").joinpath("segtap.mjs").read_text(encoding="utf-8")
